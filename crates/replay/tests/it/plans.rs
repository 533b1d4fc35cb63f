//! Plans: what is frozen stays frozen, a canary protects the rest, and every end but the last can be resumed.

use crate::letters::{customers, ids, references, workspace};
use kit::workbench::{OPTIONS, Workbench};
use pipeline::{disposition::Disposition, failure::Failure, handler::Outcome, stage::Stage};
use replay::{
    browse::Filter,
    plan::{End, Plan, State, make::make, options::Options, rate::Rate, run::run},
    query::Query,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub(crate) async fn planned(bench: &Workbench, filter: &Filter, options: Options) -> Plan {
    let workspace = workspace(bench, Stage::Extract);
    let preview = make(&workspace, filter, "a test", None, options, |_| {})
        .await
        .unwrap();
    preview.expect("the filter means some letters").plan
}

pub(crate) async fn ran(bench: &Workbench, plan: Plan) -> Plan {
    let options = plan.options.clone();
    run(&workspace(bench, Stage::Extract), plan, &options, &mut |_| {})
        .await
        .unwrap()
}

fn broken(_: usize) -> Failure {
    Failure::new("broken", "for good")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_whose_cause_is_not_gone_stops_after_the_canary() {
    let bench = Workbench::new().await;
    references(&bench, 0..50, broken).await;
    let healed = Arc::new(AtomicBool::new(false));
    let cure = Arc::clone(&healed);
    let running = bench.consume(OPTIONS, move |_, _| {
        if cure.load(Ordering::SeqCst) {
            Outcome::done(Disposition::Loaded)
        } else {
            Outcome::Dead(Failure::new("broken", "for good"))
        }
    });
    let plan = ran(
        &bench,
        planned(&bench, &Filter::default(), Options::default()).await,
    )
    .await;
    assert_eq!(
        (plan.state, plan.sent, plan.failed()),
        (State::Stopped, 1, 1),
        "{}",
        plan.note
    );
    assert!(plan.note.contains("1 of 1 failed again"), "{}", plan.note);
    let order: Vec<_> = (1..50).chain([0]).map(|id: usize| id.to_string()).collect();
    assert_eq!(
        customers(&bench, Stage::Extract).await,
        order,
        "the canary died again, the others never left"
    );

    // The cause is gone; the canary of the first try is a letter of its own by now and stays.
    healed.store(true, Ordering::SeqCst);
    let plan = ran(&bench, plan).await;
    assert_eq!(
        (plan.state, plan.count([Disposition::Loaded]), plan.failed()),
        (State::Complete, 49, 1)
    );
    assert_eq!(customers(&bench, Stage::Extract).await, ["0"]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_above_the_share_stop_it_and_those_below_do_not() {
    let bench = Workbench::new().await;
    references(&bench, 0..200, broken).await;
    let running = bench.consume(OPTIONS, |_, job| {
        match job.message.company_id.parse::<u64>().unwrap() % 10 {
            9 => Outcome::Dead(Failure::new("still", "for good")),
            8 => Outcome::done(Disposition::Superseded),
            7 => Outcome::done(Disposition::Unchanged),
            _ => Outcome::done(Disposition::Loaded),
        }
    });
    let strict = Options {
        stop_at: 0.05,
        ..Options::default()
    };
    let stopped = ran(&bench, planned(&bench, &Filter::default(), strict).await).await;
    assert_eq!((stopped.state, stopped.sent), (State::Stopped, 11));
    let unbroken = Filter::from("code=broken".parse::<Query>().unwrap());
    let lenient = planned(&bench, &unbroken, Options::default()).await;
    let plan = ran(&bench, lenient).await;
    assert_eq!((plan.state, plan.total), (State::Complete, 189));
    let ends = [
        Disposition::Loaded,
        Disposition::Unchanged,
        Disposition::Superseded,
        Disposition::Dead,
    ];
    let counts = ends.map(|end| plan.count([end]));
    assert_eq!(counts, [132, 19, 19, 19], "{:?}", plan.outcomes);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_frozen_and_leaves_others_in_their_place() {
    let bench = Workbench::new().await;
    references(&bench, 0..10, broken).await;
    let plan = planned(
        &bench,
        &Filter {
            limit: Some(4),
            ..Filter::default()
        },
        Options::at_once(),
    )
    .await;
    references(&bench, 10..12, broken).await;
    assert_eq!((plan.total, plan.unmatched, plan.state), (4, 6, State::Planned));
    let plan = ran(&bench, plan).await;
    assert_eq!((plan.state, plan.sent, plan.left()), (State::Sent, 4, 6));
    assert_eq!(
        customers(&bench, Stage::Extract).await,
        (4..12).map(|id| id.to_string()).collect::<Vec<_>>()
    );
    bench.until_depth(&bench.queue(Stage::Extract), 4).await;
    // The outcomes come when somebody handles them; then the plan is complete all by itself.
    let running = bench.consume(OPTIONS, |_, job| {
        assert_eq!(job.meta.lane, proto::v1::Lane::Replay, "live changes go first");
        Outcome::done(Disposition::Loaded)
    });
    let plans = workspace(&bench, Stage::Extract).plans();
    loop {
        let now = plans.load(&plan.id).await.unwrap().unwrap();
        if now.state == State::Complete {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_took_away_is_reported_as_gone() {
    let bench = Workbench::new().await;
    references(&bench, 0..6, broken).await;
    let first = planned(
        &bench,
        &Filter {
            limit: Some(4),
            ..Filter::default()
        },
        Options::at_once(),
    )
    .await;
    let all = planned(&bench, &Filter::default(), Options::default()).await;
    ran(&bench, first).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::done(Disposition::Loaded));
    let all = ran(&bench, all).await;
    assert_eq!(
        (all.state, all.sent, all.count([End::Gone]), all.left()),
        (State::Complete, 2, 4, 0)
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_is_kept() {
    let bench = Workbench::new().await;
    references(&bench, 0..60, broken).await;
    let options = Options {
        rate: Some(Rate::from(40)),
        ..Options::at_once()
    };
    let begin = std::time::Instant::now();
    let plan = ran(&bench, planned(&bench, &Filter::default(), options).await).await;
    assert_eq!(plan.sent, 60);
    let took = begin.elapsed().as_secs_f64();
    assert!(took > 1.0, "60 letters at 40 a second took {took} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_pauses_and_a_cancelled_plan_is_over() {
    let bench = Workbench::new().await;
    references(&bench, 0..5, broken).await;
    let options = Options {
        patience_ms: Some(300),
        ..Options::default()
    };
    let plan = ran(&bench, planned(&bench, &Filter::default(), options).await).await;
    assert_eq!((plan.state, plan.sent), (State::Paused, 1));
    assert!(plan.note.contains("do the extract stage"), "{}", plan.note);
    let workspace = workspace(&bench, Stage::Extract);
    let over = workspace
        .plans()
        .change(&plan.id, State::Cancelled, "", &[State::Paused])
        .await
        .unwrap();
    assert_eq!(over, Some(State::Cancelled));
    let plan = workspace.plans().load(&plan.id).await.unwrap().unwrap();
    let refused = run(&workspace, plan, &Options::default(), &mut |_| {})
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("is cancelled"), "{refused}");
    assert_eq!(ids(&bench, Stage::Extract).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_plan_can_be_cancelled_from_elsewhere() {
    let bench = Workbench::new().await;
    references(&bench, 0..100, broken).await;
    let slow = Options {
        rate: Some(Rate::from(20)),
        ..Options::at_once()
    };
    let plan = planned(&bench, &Filter::default(), slow).await;
    let (id, plans) = (plan.id.clone(), workspace(&bench, Stage::Extract).plans());
    let canceller = tokio::spawn(async move {
        while plans.load(&id).await.unwrap().unwrap().sent < 8 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        plans
            .change(&id, State::Cancelled, "", &[State::Running])
            .await
            .unwrap();
    });
    let plan = ran(&bench, plan).await;
    canceller.await.unwrap();
    assert_eq!(plan.state, State::Cancelled);
    let sent = u32::try_from(plan.sent).unwrap();
    assert!((8..90).contains(&sent), "{sent}");
    bench.until_depth(&bench.queue(Stage::Extract), sent).await;
    bench.until_depth(&bench.dead(), 100 - sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_plans_move_nothing() {
    let bench = Workbench::new().await;
    references(&bench, 0..3, broken).await;
    let here = workspace(&bench, Stage::Extract);
    for unknown in ["", "p-1", "p-1/../x", "p-20260102-030405-1f2e"] {
        assert!(here.plans().load(unknown).await.unwrap().is_none());
    }
    let nothing = Filter::from("code=nobody-has-this".parse::<Query>().unwrap());
    assert!(
        make(&here, &nothing, "a test", None, Options::default(), |_| {})
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        here.plans().list().await.unwrap().is_empty(),
        "nothing is left behind"
    );
    let plan = planned(&bench, &Filter::default(), Options::default()).await;
    let there = workspace(&bench, Stage::Load);
    let refused = run(&there, plan.clone(), &Options::default(), &mut |_| {})
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("one of the extract stage"),
        "{refused}"
    );
    let elsewhere = Workbench::new().await;
    assert!(
        workspace(&elsewhere, Stage::Extract)
            .plans()
            .load(&plan.id)
            .await
            .unwrap()
            .is_none()
    );
    bench.until_depth(&bench.dead(), 3).await;
}
