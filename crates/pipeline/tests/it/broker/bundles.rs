//! Many records in one message: nobody above the consumer notices, whatever happens to one of them.

use super::{first_letter, first_record};
use kit::{
    config,
    services::Services,
    workbench::{OPTIONS, Running, Workbench, forward},
};
use pipeline::{
    config::CommonConfig,
    consumer::ConsumerOptions,
    disposition::Disposition,
    failure::Failure,
    handler::{Job, Outcome},
    message::{BundleConfig, Envelope, Outgoing},
    service::Runtime,
    stage::Stage,
};
use proto::v1::CompanyRef;
use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, mpsc},
    time::Duration,
};
use tokio::sync::Notify;

const BUNDLES: BundleConfig = BundleConfig {
    records: 100,
    refs: 100,
    bytes: 64_000,
};

const BY_HUNDREDS: ConsumerOptions = ConsumerOptions {
    batch_max: 100,
    ..OPTIONS
};

/// Publishes in bundles.
async fn bench() -> Workbench {
    let mut common = config::common("t");
    common.bundle = BUNDLES;
    Workbench::with(common).await
}

/// Its results are single messages, which can be counted.
fn consume(
    bench: &Workbench,
    script: impl Fn(&Runtime, &Job<CompanyRef>) -> Outcome + Send + Sync + 'static,
) -> Running {
    bench.consume_with(singly, BY_HUNDREDS, script)
}

fn singly(common: &mut CommonConfig) {
    common.bundle.records = 1;
}

fn counted(seen: &Mutex<Vec<(String, u32)>>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for (id, _) in seen.lock().unwrap().iter() {
        *counts.entry(id.clone()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_bundle_are_handled_as_if_each_had_come_alone() {
    let bench = bench().await;
    let extract = bench.queue(Stage::Extract);
    bench.publish(0..250).await;
    assert_eq!(bench.depth(&extract).await, 3, "100, 100 and 50");
    bench.publish([250]).await;
    assert_eq!(bench.depth(&extract).await, 4, "one alone is no bundle");
    let running = consume(&bench, |_, job| forward(job));
    bench.until_depth(&bench.queue(Stage::Transform), 251).await;
    let handler = running.stop().await;
    let counts = counted(&handler.seen);
    assert_eq!(counts.len(), 251);
    assert!(counts.values().all(|times| *times == 1), "{counts:?}");
    assert!(handler.batches.lock().unwrap().iter().all(|batch| *batch <= 100));
    assert_eq!(bench.depth(&extract).await, 0, "all are acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forwarded_together_goes_on_in_bundles() {
    let bench = bench().await;
    bench.publish(0..300).await;
    let running = bench.consume(BY_HUNDREDS, |_, job| forward(job));
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    let handler = running.stop().await;
    assert_eq!(counted(&handler.seen).len(), 300);
    let forwarded = bench.depth(&bench.queue(Stage::Transform)).await;
    let batches = handler.batches.lock().unwrap().len();
    assert!(
        usize::try_from(forwarded).unwrap() <= batches,
        "{forwarded}, {batches}"
    );
}

/// One record of each kind of trouble; the others do not come again with it.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_succeed_leaves_alone() {
    let bench = bench().await;
    bench.publish(0..100).await;
    let running = consume(&bench, |_, job| {
        match (job.message.company_id.as_str(), job.meta.attempt) {
            ("3", 1) => Outcome::Retry(Failure::new("test", "once".to_owned())),
            ("5", _) => Outcome::Dead(Failure::new("test", "for ever".to_owned())),
            ("7", _) => Outcome::done(Disposition::Skipped),
            _ => forward(job),
        }
    });
    bench.until_depth(&bench.queue(Stage::Transform), 98).await;
    bench.until_depth(&bench.dead(), 1).await;
    let handler = running.stop().await;
    let seen = handler.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 101, "only the third came once more: {seen:?}");
    assert!(seen.contains(&("3".to_owned(), 2)));
    let letter = first_letter(&bench).await;
    assert_eq!(letter.envelope.company_id, "5");
    assert_eq!(letter.envelope.kind, "okki.pipeline.v1.CompanyRef");
}

/// A bundle is acknowledged with its last record; what waits for the gate goes back alone, the others never come again.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_goes_back_alone_and_nobody_comes_twice() {
    let bench = bench().await;
    bench.publish(0..100).await;
    let running = consume(&bench, |rt, job| {
        if job.message.company_id == "3" {
            rt.gate.close(pipeline::gate::Pause::Outage, "test".to_owned());
            return Outcome::Hold;
        }
        forward(job)
    });
    let extract = bench.queue(Stage::Extract);
    bench.until_depth(&bench.queue(Stage::Transform), 99).await;
    assert_eq!(bench.depth(&extract).await, 0, "the bundle is still in hand");
    running.stop().await;
    assert_eq!(bench.depth(&extract).await, 1);
    let running = consume(&bench, |_, job| {
        assert!(!job.meta.redelivered);
        forward(job)
    });
    bench.until_depth(&bench.queue(Stage::Transform), 100).await;
    let handler = running.stop().await;
    assert_eq!(handler.seen.lock().unwrap().as_slice(), [("3".to_owned(), 1)]);
}

/// The consumer is cut off each time it meets the poison, as if it had died of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killer_in_a_bundle_kills_once_more_before_it_stands_alone() {
    let bench = bench().await;
    bench.publish(0..1000).await;
    let (struck, proxy) = (Arc::new(Notify::new()), bench.proxy().await);
    let strike = Arc::clone(&struck);
    let (killed, dead_now) = mpsc::channel();
    let dead_now = Mutex::new(dead_now);
    let twice = Arc::new(Mutex::new(HashMap::<String, u32>::new()));
    let again = Arc::clone(&twice);
    let running = bench.consume_through(&proxy, BY_HUNDREDS, move |_, job| {
        if job.meta.redelivered {
            *again
                .lock()
                .unwrap()
                .entry(job.message.company_id.clone())
                .or_default() += 1;
        }
        if job.message.company_id == "777" {
            strike.notify_one();
            // An error only says that the test is over.
            let _over = dead_now.lock().unwrap().recv();
        }
        forward(job)
    });
    let mut kills = 0;
    let dead = bench.dead();
    loop {
        tokio::select! {
            () = struck.notified() => {
                kills += 1;
                if kills > 2 {
                    let batches = running.handler.batches.lock().unwrap().clone();
                    assert_eq!(batches.last(), Some(&1), "alone after two deaths: {batches:?}");
                }
                proxy.reset().await;
                killed.send(()).unwrap();
            }
            () = bench.until_depth(&dead, 1) => break,
        }
    }
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    let handler = running.stop().await;
    let counts = counted(&handler.seen);
    assert_eq!(counts.len(), 1000, "everybody was handled");
    let letter = first_letter(&bench).await;
    assert_eq!(letter.death.reason, "delivery_limit");
    assert_eq!(letter.envelope.company_id, "777");
    assert_eq!(bench.depth(&bench.dead()).await, 1, "only the poison died");
    let mut twice = twice.lock().unwrap().clone();
    twice.remove("777");
    assert!(
        twice.values().all(|times| *times <= 2),
        "an innocent one was returned with it: {twice:?}"
    );
}

/// Whoever stops a consumer in the middle of bundles loses and condemns nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_divides_what_was_in_hand() {
    let bench = bench().await;
    bench.publish(0..500).await;
    let proxy = bench.proxy().await;
    let seen = Arc::new(Notify::new());
    let see = Arc::clone(&seen);
    let running = bench.consume_through(&proxy, BY_HUNDREDS, move |_, job| {
        see.notify_one();
        forward(job)
    });
    for _ in 0..3 {
        seen.notified().await;
        proxy.reset().await;
    }
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    let handler = running.stop().await;
    assert_eq!(counted(&handler.seen).len(), 500);
    assert_eq!(bench.depth(&bench.dead()).await, 0);
}

/// Live messages come one by one, then a backfill in bundles: the wide intake is filled once and is narrower then, so that
/// other replicas have their share of what comes later.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_intake_is_as_wide_as_records_need() {
    let mut common = config::common("t");
    common.bundle = BundleConfig { refs: 10, ..BUNDLES };
    let bench = Workbench::with(common).await;
    let (forwarded, queue) = (bench.queue(Stage::Transform), bench.queue(Stage::Extract));
    let stopped = Arc::new((Mutex::new(false), Condvar::new()));
    let stop = Arc::clone(&stopped);
    let running = bench.consume_with(singly, OPTIONS, move |_, job| {
        let stands = stop.0.lock().unwrap();
        drop(stop.1.wait_while(stands, |stands| *stands).unwrap());
        forward(job)
    });
    for id in 0..80 {
        bench.publish([id]).await;
    }
    bench.until_depth(&forwarded, 80).await;
    bench.publish(80..3080).await;
    bench.until_depth(&forwarded, 3080).await;
    *stopped.0.lock().unwrap() = true;
    bench.publish(3080..5080).await;
    // A place for every sixty records, and one on its way; twice as many at most.
    let left = bench.depth(&queue).await;
    assert!(left > 150, "{left} of 200 messages are left to others");
    *stopped.0.lock().unwrap() = false;
    stopped.1.notify_all();
    bench.until_depth(&forwarded, 5080).await;
    let handler = running.stop().await;
    let counts = counted(&handler.seen);
    assert_eq!(counts.len(), 5080);
    assert!(counts.values().all(|times| *times == 1), "nothing came twice");
    assert!(handler.batches.lock().unwrap().iter().all(|batch| *batch <= 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_says_that_it_is_a_bundle_and_is_none_is_a_dead_letter() {
    let bench = bench().await;
    let bundle = |body: &'static [u8]| {
        let envelope = Envelope {
            kind: "okki.pipeline.v2.Bundle".to_owned(),
            ..Envelope::default()
        };
        Outgoing::raw(bench.queue(Stage::Extract), envelope, body.into())
    };
    bench
        .rt
        .publisher
        .publish(vec![bundle(b"\xff"), bundle(b"")])
        .await
        .unwrap();
    bench.publish(0..3).await;
    let running = consume(&bench, |_, job| forward(job));
    bench.until_depth(&bench.dead(), 2).await;
    bench.until_depth(&bench.queue(Stage::Transform), 3).await;
    running.stop().await;
    let record = first_record(&bench).await;
    assert_eq!(record.code, "undecodable");
    assert!(record.message.contains("okki.pipeline.v2.Bundle"), "{record:?}");
}

/// Together they are too large, each alone is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_with_a_low_limit_gets_smaller_bundles() {
    let mut common = config::common("t");
    common.bundle = BUNDLES;
    let mut services = Services::with_own_broker(&mut common).await.unwrap();
    let broker = services.broker().unwrap();
    broker.restart_with("{max_message_size, 2000}").await.unwrap();
    let bench = Workbench::with(common).await;
    bench.publish(0..100).await;
    let messages = bench.depth(&bench.queue(Stage::Extract)).await;
    assert!((2..100).contains(&messages), "{messages}");
    let running = bench.consume(OPTIONS, |_, job| forward(job));
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    let handler = running.stop().await;
    assert_eq!(counted(&handler.seen).len(), 100);
    assert_eq!(bench.depth(&bench.dead()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_wait_are_counted_and_not_messages() {
    let bench = bench().await;
    let other = bench.consume(OPTIONS, |_, job| forward(job));
    bench.publish(0..100).await;
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    kit::wait::eventually(
        Duration::from_secs(60),
        "what messages carry is told",
        async || {
            let told = pipeline::waiting::PerMessage::told(&bench.rt)
                .await
                .map_err(|error| error.to_string())?;
            let records = told.records(Stage::Transform, 2);
            kit::wait::expect(records > 2, || format!("{records}"))
        },
    )
    .await;
    other.stop().await;
}
