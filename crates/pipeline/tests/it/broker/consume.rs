//! What becomes of a message for each outcome that a handler can return.

use super::first_record;
use kit::workbench::{OPTIONS, Workbench, forward};
use pipeline::{
    broker::PublishError, consumer::ConsumerOptions, disposition::Disposition, failure::Failure, gate::Pause,
    handler::Outcome, stage::Stage,
};
use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forwarded_arrives_and_its_cause_is_gone() {
    let bench = Workbench::new().await;
    bench.publish(0..500).await;
    let running = bench.consume(OPTIONS, |_, job| forward(job));
    bench.until_depth(&bench.queue(Stage::Transform), 500).await;
    running.stop().await;
    assert_eq!(bench.depth(&bench.queue(Stage::Extract)).await, 0);
    assert_eq!(bench.depth(&bench.dead()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_message_climbs_the_ladder_and_dies_with_its_history() {
    let bench = Workbench::new().await;
    bench.publish([1, 2]).await;
    let running = bench.consume(OPTIONS, |_, job| match job.message.company_id.as_str() {
        "1" => Outcome::Retry(Failure::new("vendor-busy", "try again")),
        _ => forward(job),
    });
    bench.until_depth(&bench.dead(), 1).await;
    bench.until_depth(&bench.queue(Stage::Transform), 1).await;
    let handler = running.stop().await;
    assert_eq!(*handler.died.lock().unwrap(), ["1"]);

    let record = first_record(&bench).await;
    let actions: Vec<_> = record
        .attempts
        .iter()
        .map(|attempt| attempt.action.as_str())
        .collect();
    assert_eq!(actions, ["retry 0.05", "retry 0.1", "dead"]);
    assert_eq!(record.code, "vendor-busy");
    assert_eq!(record.return_queue, bench.queue(Stage::Extract));
    assert!(record.first_failed_at < record.last_failed_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_one_message_and_not_its_batch() {
    let bench = Workbench::new().await;
    bench.publish(0..60).await;
    let running = bench.consume(OPTIONS, |_, job| {
        assert_ne!(job.message.company_id, "33", "this one kills the handler");
        forward(job)
    });
    bench.until_depth(&bench.queue(Stage::Transform), 59).await;
    bench.until_depth(&bench.dead(), 1).await;
    running.stop().await;
    let record = first_record(&bench).await;
    assert_eq!(
        (record.code.as_str(), record.company_id.as_str()),
        ("handler-panic", "33")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_counts_no_attempt_and_goes_on_by_itself() {
    static OUTAGE: AtomicBool = AtomicBool::new(true);
    static PROBES: AtomicU32 = AtomicU32::new(0);
    let bench = Workbench::new().await;
    bench.publish(0..50).await;
    let running = bench.consume(OPTIONS, |rt, job| {
        if OUTAGE.load(Ordering::SeqCst) {
            rt.gate
                .close_until(Pause::Outage, "the vendor is away", || async {
                    OUTAGE.store(PROBES.fetch_add(1, Ordering::SeqCst) < 1, Ordering::SeqCst);
                    !OUTAGE.load(Ordering::SeqCst)
                });
            return Outcome::Hold;
        }
        forward(job)
    });
    bench.until_depth(&bench.queue(Stage::Transform), 50).await;
    let handler = running.stop().await;
    assert!(
        handler
            .seen
            .lock()
            .unwrap()
            .iter()
            .all(|(_, attempt)| *attempt == 1)
    );
    assert_eq!(bench.depth(&bench.dead()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_settles_what_was_taken_and_returns_nothing() {
    let bench = Workbench::new().await;
    bench.publish(0..1_000).await;
    let running = bench.consume(OPTIONS, |_, job| forward(job));
    let transform = bench.queue(Stage::Transform);
    while bench.depth(&transform).await == 0 {}
    let handler = running.stop().await;
    let handled = u32::try_from(handler.seen.lock().unwrap().len()).unwrap();
    assert!(handled < 1_000, "the stop came in the middle");
    assert_eq!(bench.depth(&transform).await, handled);
    assert_eq!(bench.depth(&bench.queue(Stage::Extract)).await, 1_000 - handled);
    // Nobody sees a message that an orderly stop had returned.
    let seen = bench.consume(OPTIONS, |_, job| {
        assert!(!job.meta.redelivered);
        Outcome::done(Disposition::Skipped)
    });
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    let again = seen.stop().await;
    assert_eq!(again.seen.lock().unwrap().len(), 1_000 - handled as usize);
    assert_eq!(bench.depth(&bench.dead()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_message_does_not_wait_for_a_full_batch() {
    let bench = Workbench::new().await;
    let options = ConsumerOptions {
        batch_max: 2_000,
        linger: Duration::from_millis(5),
        ..OPTIONS
    };
    let running = bench.consume(options, |_, job| forward(job));
    for id in 0..3 {
        bench.publish([id]).await;
        bench
            .until_depth(&bench.queue(Stage::Transform), u32::try_from(id).unwrap() + 1)
            .await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_to_no_queue_is_an_error_and_not_a_loss() {
    let bench = Workbench::new().await;
    let namespace: pipeline::names::Namespace = "nobody-declared-this".parse().unwrap();
    let broker = pipeline::broker::Broker::new(
        &kit::config::common("nobody-declared-this").amqp.url,
        "test".into(),
        namespace,
        bench.rt.broker.retry().clone(),
        bench.rt.gate.clone(),
        bench.rt.shutdown.clone(),
    )
    .unwrap();
    let message = pipeline::message::Outgoing::to(Stage::Load, &kit::workbench::reference(1));
    let error = broker.publisher().publish(vec![message]).await.unwrap_err();
    assert!(matches!(error, PublishError::Unroutable(queue) if queue == "nobody-declared-this.load"));
}
