//! Without a terminal: rules that put letters back by themselves and end themselves, plans that are let rest by
//! somebody else, and plans whose process is gone.

use crate::letters::{customers, look, references, workspace};
use crate::plans::planned;
use clap::Parser;
use kit::wait::{eventually, expect};
use kit::workbench::{OPTIONS, Workbench};
use pipeline::{disposition::Disposition, failure::Failure, handler::Outcome, stage::Stage};
use replay::{
    browse::Filter,
    plan::{State, options::Options, plans::Plans, rate::Rate, run::run},
    query::Query,
    rule::{Hours, Rule, Rules, Standing},
    worker::{Worker, WorkerArgs},
    workspace::Workspace,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(120);

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    worker: WorkerArgs,
}

fn worker(workspace: &Workspace, adopt_after: &str) -> Worker {
    let line = Line::parse_from(["it", "--replay-adopt-after", adopt_after]);
    Worker::begin(&workspace.rt, Stage::Extract, line.worker)
}

fn rule(query: &str) -> Rule {
    Rule {
        name: "heal".into(),
        stage: "extract".into(),
        query: query.into(),
        reason: "a test".into(),
        operator: "tester".into(),
        made_at: 0,
        every_ms: 1_000,
        rate: None,
        most_replays: 2,
        at_most: Some(15),
        hours: None,
        zone: "UTC".into(),
        stop_at: 0.2,
    }
}

async fn standing(workspace: &Workspace) -> Standing {
    Rules::of(workspace).load("heal").await.unwrap()
}

fn code(code: &'static str) -> impl Fn(usize) -> Failure {
    move |_| Failure::new(code, "for good")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_puts_its_letters_back_run_by_run_and_touches_no_other() {
    let bench = Workbench::new().await;
    let here = workspace(&bench, Stage::Extract);
    references(&bench, 0..20, code("broken")).await;
    references(&bench, 20..23, code("other")).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::done(Disposition::Loaded));
    Rules::of(&here).add(&rule("code=broken")).await.unwrap();
    let worker = worker(&here, "1h");
    bench.until_depth(&bench.dead(), 3).await;
    // What dies later has its turn in a later run.
    references(&bench, 30..35, code("broken")).await;
    bench.until_depth(&bench.dead(), 3).await;
    let others: Vec<_> = (20..23).map(|id: usize| id.to_string()).collect();
    // The worker may look at the same moment.
    assert_eq!(look(&here).await, others);
    eventually(LIMIT, "a run finds nothing any more", async || {
        let last = standing(&here).await.last.unwrap_or_default();
        expect(last.note == "no letter is meant" && last.runs > 3, || {
            format!("{last:?}")
        })
    })
    .await;
    let plans = here.plans().list().await.unwrap();
    // 15, 5 and the 5 of later, which may have come in two runs.
    assert!((3..=4).contains(&plans.len()), "{plans:?}");
    assert!(
        plans
            .iter()
            .all(|plan| plan.state == State::Complete && plan.operator == "rule heal")
    );
    assert_eq!(plans.iter().map(|plan| plan.sent).sum::<u64>(), 25);
    worker.end().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_does_not_help_switches_itself_off_and_comes_back_when_it_is_told_to() {
    let bench = Workbench::new().await;
    let here = workspace(&bench, Stage::Extract);
    references(&bench, 0..20, code("broken")).await;
    let healed = Arc::new(AtomicBool::new(false));
    let cure = Arc::clone(&healed);
    let running = bench.consume(OPTIONS, move |_, _| match cure.load(Ordering::SeqCst) {
        true => Outcome::done(Disposition::Loaded),
        false => Outcome::Dead(Failure::new("broken", "for good")),
    });
    let rules = Rules::of(&here);
    rules.add(&rule("code=broken")).await.unwrap();
    let worker = worker(&here, "1h");
    let off = eventually(LIMIT, "the rule is off", async || {
        let standing = standing(&here).await;
        standing.off.ok_or_else(|| format!("{:?}", standing.last))
    })
    .await;
    assert_eq!(off.by, "rule heal");
    assert!(off.why.contains("10 of 10 failed again"), "{}", off.why);
    assert_eq!(
        customers(&bench, Stage::Extract).await.len(),
        20,
        "ten were tried, none is lost"
    );

    healed.store(true, Ordering::SeqCst);
    rules.switch_on("heal").await.unwrap();
    bench.until_depth(&bench.dead(), 0).await;
    eventually(LIMIT, "the run is on record", async || {
        let last = standing(&here).await.last.unwrap_or_default();
        expect(
            last.ended_at.is_some() && last.note == "no letter is meant",
            || format!("{last:?}"),
        )
    })
    .await;
    assert!(standing(&here).await.off.is_none());
    worker.end().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_were_put_back_often_enough_stay_and_a_rule_waits_for_its_hours() {
    let bench = Workbench::new().await;
    let here = workspace(&bench, Stage::Extract);
    references(&bench, 0..4, code("broken")).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::Dead(Failure::new("broken", "for good")));
    let rules = Rules::of(&here);
    let mut hopeless = rule("code=broken");
    hopeless.stop_at = 1.0;
    rules.add(&hopeless).await.unwrap();
    let twice = rules.add(&hopeless).await.unwrap_err().to_string();
    assert!(twice.contains("already"), "{twice}");
    let worker = worker(&here, "1h");
    for _ in 0..2 {
        eventually(LIMIT, "each of them failed again", async || {
            let standing = standing(&here).await;
            let why = standing.off.map(|off| off.why).unwrap_or_default();
            expect(why.contains("each of the 4 letters"), || why)
        })
        .await;
        rules.switch_on("heal").await.unwrap();
    }
    eventually(LIMIT, "no letter may be put back a third time", async || {
        let last = standing(&here).await.last.unwrap_or_default();
        expect(last.note == "no letter is meant", || format!("{last:?}"))
    })
    .await;
    let often: Query = "replays=2".parse().unwrap();
    let mut browser = here.browse("test").await.unwrap();
    let mut kept = 0;
    while let Some(taken) = browser.next().await.unwrap() {
        kept += usize::from(often.matches(&taken.letter));
    }
    browser.close().await.unwrap();
    assert_eq!(kept, 4);

    rules.remove("heal").await.unwrap();
    assert!(rules.load("heal").await.is_err());
    // The hours of this rule begin in some hours, whenever this test runs.
    let now = jiff::Timestamp::now().as_second() / 3_600 % 24;
    let hours: Hours = format!("{:02}:00-{:02}:00", (now + 4) % 24, (now + 6) % 24)
        .parse()
        .unwrap();
    let mut later = rule("code=broken and replays=2");
    (later.most_replays, later.hours) = (9, Some(hours));
    rules.add(&later).await.unwrap();
    let mut beside = rule("code=nothing");
    beside.name = "beside".into();
    rules.add(&beside).await.unwrap();
    eventually(LIMIT, "the other rule has come", async || {
        let last = rules.load("beside").await.unwrap().last;
        expect(last.is_some_and(|last| last.runs > 1), || "not yet".into())
    })
    .await;
    assert_eq!(standing(&here).await.last, None, "its hours have not begun");
    worker.end().await;
    running.stop().await;
}

/// Waits until the plan has put back a few.
async fn some_are_sent(plans: &Plans, id: &str) {
    while plans.load(id).await.unwrap().unwrap().sent < 8 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_plan_rests_when_somebody_else_wants_it_to_and_goes_on() {
    let bench = Workbench::new().await;
    references(&bench, 0..60, code("broken")).await;
    let slow = Options {
        rate: Some(Rate::from(20)),
        ..Options::at_once()
    };
    let plan = planned(&bench, &Filter::default(), slow.clone()).await;
    let here = workspace(&bench, Stage::Extract);
    let (id, plans) = (plan.id.clone(), here.plans().changed_by("somebody else".into()));
    let pauser = tokio::spawn(async move {
        some_are_sent(&plans, &id).await;
        plans
            .change(&id, State::Paused, "lunch", &[State::Running])
            .await
            .unwrap();
    });
    let rests = run(&here, plan, &slow, &mut |_| {}).await.unwrap();
    pauser.await.unwrap();
    assert_eq!((rests.state, rests.note.as_str()), (State::Paused, "lunch"));
    assert_eq!(rests.changed_by, "somebody else");
    assert!(rests.sent < 60);
    let done = run(&here, rests, &Options::at_once(), &mut |_| {}).await.unwrap();
    assert_eq!(done.sent, 60);
    bench.until_depth(&bench.dead(), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_process_is_gone_is_adopted() {
    let bench = Workbench::new().await;
    let here = workspace(&bench, Stage::Extract);
    references(&bench, 0..10, code("broken")).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::done(Disposition::Loaded));
    let plan = planned(&bench, &Filter::default(), Options::default()).await;
    // As `kill -9` leaves it.
    let plans = here.plans();
    plans
        .change(&plan.id, State::Running, "", &[State::Planned])
        .await
        .unwrap();
    let worker = worker(&here, "1s");
    let ended = eventually(LIMIT, "the plan has come to its end", async || {
        let plan = plans.load(&plan.id).await.unwrap().unwrap();
        match plan.state {
            State::Complete => Ok(plan),
            state => Err(format!("{state:?}")),
        }
    })
    .await;
    assert_eq!(ended.count([Disposition::Loaded]), 10);
    assert!(ended.changed_by.starts_with("worker"), "{}", ended.changed_by);
    worker.end().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_piece_of_work_can_be_ended_without_the_process() {
    let bench = Workbench::new().await;
    references(&bench, 0..60, code("broken")).await;
    let slow = Options {
        rate: Some(Rate::from(20)),
        ..Options::at_once()
    };
    let plan = planned(&bench, &Filter::default(), slow.clone()).await;
    let mut here = workspace(&bench, Stage::Extract);
    here.stop = here.rt.shutdown.child();
    let (stop, plans, id) = (here.stop.clone(), here.plans(), plan.id.clone());
    let stopper = tokio::spawn(async move {
        some_are_sent(&plans, &id).await;
        stop.trigger();
    });
    let rests = run(&here, plan, &slow, &mut |_| {}).await.unwrap();
    stopper.await.unwrap();
    assert_eq!(rests.state, State::Paused);
    assert!(rests.sent < 60 && !here.rt.shutdown.is_requested());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_process_is_gone_goes_on_by_its_rule_long_before_the_next_one() {
    let bench = Workbench::new().await;
    let here = workspace(&bench, Stage::Extract);
    references(&bench, 0..40, code("broken")).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::done(Disposition::Loaded));
    let rules = Rules::of(&here);
    let mut slow = rule("code=broken");
    (slow.every_ms, slow.at_most, slow.rate) = (7_200_000, None, Some(Rate::from(5)));
    rules.add(&slow).await.unwrap();
    let first = worker(&here, "1s");
    eventually(LIMIT, "a part is put back", async || {
        let plans = here.plans().list().await.unwrap();
        expect(plans.iter().any(|plan| (1..40).contains(&plan.sent)), || {
            format!("{plans:?}")
        })
    })
    .await;
    // It rests as the process ends; no other plan is made of the rest.
    first.end().await;
    let second = worker(&here, "1s");
    bench.until_depth(&bench.dead(), 0).await;
    let last = eventually(LIMIT, "the run is over", async || {
        let last = standing(&here).await.last.unwrap_or_default();
        match last.note.starts_with("complete: 40 put back") {
            true => Ok(last),
            false => Err(format!("{last:?}")),
        }
    })
    .await;
    let plans = here.plans().list().await.unwrap();
    assert_eq!(plans.len(), 1, "{plans:?}");
    assert_eq!(Some(&plans[0].id), last.plan.as_ref());
    assert!(
        plans[0].changed_by.starts_with("rule heal"),
        "{}",
        plans[0].changed_by
    );
    second.end().await;
    running.stop().await;
}
