//! What became of each letter is known once, whatever is repeated on the way.

use crate::{
    letters::{import_lines, line, references, workspace},
    plans::{planned, ran},
};
use kit::workbench::{OPTIONS, Workbench, forward};
use pipeline::{
    consumer::{self, ConsumerOptions},
    disposition::Disposition,
    failure::{Failure, outcome},
    handler::{Handler, Job, Outcome},
    message::Outgoing,
    stage::Stage,
    version::Version,
    watermarks::{Published, Watermarks},
};
use proto::v1::{CompanyRef, CompanySnapshot};
use replay::{
    browse::{Browser, Filter},
    plan::{State, options::Options, rate::Rate},
};
use std::{sync::Arc, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_report_counts_and_repeats_do_not() {
    let bench = Workbench::new().await;
    references(&bench, 0..3, |_| Failure::new("broken", "for good")).await;
    let plan = planned(&bench, &Filter::default(), Options::at_once()).await;
    let workspace = workspace(&bench, Stage::Extract);
    let mut letters = Vec::new();
    let mut browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
    while let Some(taken) = browser.next().await.unwrap() {
        letters.push(taken.letter.key());
    }
    browser.close().await.unwrap();
    let report = async |letter: &str, what| {
        let tag = outcome::replay_tag(&plan.id, letter);
        let reported = outcome::replay_outcome(Stage::Load, &tag, what).unwrap();
        outcome::report(&bench.rt.store, &bench.rt.namespace, &[reported])
            .await
            .unwrap()
    };
    assert_eq!(report(&letters[0], Disposition::Loaded).await, 1);
    assert_eq!(
        report(&letters[0], Disposition::Unchanged).await,
        0,
        "a redelivery"
    );
    assert_eq!(
        report("0123456789abcdef", Disposition::Loaded).await,
        0,
        "not in the plan"
    );
    // The outcome came before the sender wrote down that it had sent the letter.
    let now = workspace.plans().load(&plan.id).await.unwrap().unwrap();
    assert_eq!(
        (now.sent, now.known(), now.count([Disposition::Loaded])),
        (1, 1, 1)
    );
    let plan = ran(&bench, now).await;
    assert_eq!((plan.sent, plan.known()), (3, 1));
    bench.until_depth(&bench.queue(Stage::Extract), 2).await;
}

struct Next;

impl Handler for Next {
    type In = CompanySnapshot;
    type Receipt = ();

    async fn handle(&self, batch: Vec<Job<CompanySnapshot>>) -> Vec<Outcome> {
        batch.iter().map(|_| Outcome::done(Disposition::Loaded)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_come_from_later_stages_and_after_retries() {
    let bench = Workbench::new().await;
    references(&bench, 0..40, |_| Failure::new("broken", "for good")).await;
    let running = bench.consume(OPTIONS, |_, job| {
        match job.message.company_id.parse::<u64>().unwrap() {
            3 if job.meta.attempt == 1 => Outcome::Retry(Failure::new("busy", "try again")),
            5 => Outcome::Retry(Failure::new("busy", "never works")),
            _ => {
                let snapshot = CompanySnapshot {
                    company_id: job.message.company_id.clone(),
                    ..CompanySnapshot::default()
                };
                Outcome::forward(vec![Outgoing::to(Stage::Transform, &snapshot)], None)
            }
        }
    });
    let rt = bench.rt.clone();
    let options = ConsumerOptions {
        stage: Stage::Transform,
        ..OPTIONS
    };
    let next = tokio::spawn(async move { consumer::run(&rt, options, Arc::new(Next)).await });
    let plan = ran(
        &bench,
        planned(&bench, &Filter::default(), Options::default()).await,
    )
    .await;
    assert_eq!(
        (plan.state, plan.count([Disposition::Loaded]), plan.failed()),
        (State::Complete, 39, 1)
    );
    running.stop().await;
    bench.rt.shutdown.trigger();
    next.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_the_broker_dead_lettered_again_is_found_by_its_replay_tag() {
    let bench = Workbench::new().await;
    references(&bench, 0..1, |_| Failure::new("broken", "for good")).await;
    let plan = ran(
        &bench,
        planned(&bench, &Filter::default(), Options::at_once()).await,
    )
    .await;
    assert_eq!(plan.sent, 1);
    // The consumer dies on it each time; nobody can report.
    let (proxy, strike) = (bench.proxy().await, Arc::new(tokio::sync::Notify::new()));
    let struck = Arc::clone(&strike);
    let dead = bench.dead();
    let running = bench.consume_through(&proxy, OPTIONS, move |_, job| {
        struck.notify_one();
        forward(job)
    });
    loop {
        tokio::select! {
            () = strike.notified() => proxy.reset().await,
            () = bench.until_depth(&dead, 1) => break,
        }
    }
    running.stop().await;
    let mut browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
    let record = browser.next().await.unwrap().unwrap().letter.record;
    browser.close().await.unwrap();
    assert_eq!(
        (record.code.as_str(), record.company_id.as_str()),
        ("delivery-limit", "0")
    );
    assert_eq!(record.return_queue, bench.queue(Stage::Extract));
    let options = Options {
        patience_ms: Some(200),
        stop_at: 1.0,
        ..Options::default()
    };
    let plan = replay::plan::run::run(&workspace(&bench, Stage::Extract), plan, &options, &mut |_| {})
        .await
        .unwrap();
    assert_eq!((plan.state, plan.failed()), (State::Complete, 1), "{}", plan.note);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_superseded_already_is_shown_before_anything_moves() {
    let bench = Workbench::new().await;
    let snapshot = |id: usize| CompanySnapshot {
        company_id: id.to_string(),
        version: Some(proto::v1::Version {
            update_time: 50,
            sequence: 1,
        }),
        ..CompanySnapshot::default()
    };
    let failure = Failure::new("mapping-error", "no name");
    let lines: Vec<_> = (0..10)
        .map(|id| line(&bench, Stage::Transform, &snapshot(id), &failure))
        .collect();
    import_lines(&bench, Stage::Transform, &lines).await;
    let newer = |update_time| Published {
        version: Version {
            update_time,
            sequence: 1,
        },
        digest: vec![1],
    };
    let watermarks = Watermarks::new(bench.rt.store.clone(), bench.rt.namespace.clone());
    watermarks
        .record_published(&[("1", newer(51)), ("2", newer(50)), ("3", newer(49))])
        .await
        .unwrap();
    let workspace = workspace(&bench, Stage::Transform);
    let preview = replay::plan::make::make(
        &workspace,
        &Filter::default(),
        "a test",
        None,
        Options {
            rate: Some(Rate::from(2)),
            ..Options::default()
        },
        |_| {},
    )
    .await
    .unwrap()
    .unwrap();
    assert_eq!(
        (preview.superseded, preview.customers, preview.cost.seconds),
        (1, 10, Some(5))
    );
    assert_eq!(preview.groups.len(), 1);
    bench
        .until_depth(&bench.rt.namespace.dead_queue(Stage::Transform), 10)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_redis_is_waited_for_and_no_outcome_is_lost() {
    // Without a plan behind the replay tag the report is harmless; with Redis away nothing is acknowledged. The latter is
    // shown here by a consumer whose Redis never answers.
    let bench = Workbench::new().await;
    references(&bench, 0..1, |_| Failure::new("broken", "for good")).await;
    let plan = ran(
        &bench,
        planned(&bench, &Filter::default(), Options::at_once()).await,
    )
    .await;
    let mut common = kit::config::common(&bench.namespace);
    common.redis.url = pipeline::setting::Secret::new("redis://127.0.0.1:1/0");
    common.drain_deadline = Duration::from_millis(300);
    let shutdown = pipeline::shutdown::Shutdown::manual(common.drain_deadline);
    let rt = pipeline::service::Runtime::assemble("test", &common, shutdown.clone()).unwrap();
    let gate = rt.gate.clone();
    let task = tokio::spawn(async move { consumer::run(&rt, OPTIONS, Arc::new(Loads)).await });
    while gate.is_open() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shutdown.trigger();
    task.await.unwrap().unwrap();
    bench.until_depth(&bench.queue(Stage::Extract), 1).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::done(Disposition::Loaded));
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    running.stop().await;
    let plan = workspace(&bench, Stage::Extract)
        .plans()
        .load(&plan.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (plan.state, plan.count([Disposition::Loaded])),
        (State::Complete, 1)
    );
}

struct Loads;

impl Handler for Loads {
    type In = CompanyRef;
    type Receipt = ();

    async fn handle(&self, batch: Vec<Job<CompanyRef>>) -> Vec<Outcome> {
        batch.iter().map(|_| Outcome::done(Disposition::Loaded)).collect()
    }
}
