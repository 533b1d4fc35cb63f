//! What is held for long goes back without being counted: an outage of any length brings no message nearer to its death.

use kit::workbench::{OPTIONS, Workbench, forward};
use pipeline::{disposition::Disposition, gate::Pause, handler::Outcome, stage::Stage};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

const MESSAGES: u32 = 30;
/// More often than the broker's delivery limit of 20 would allow to return a message.
const TIMES: u32 = 25;

/// The vendor answers every probe and refuses every write.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_given_back_for_ever_do_not_die() {
    let bench = Workbench::new().await;
    bench.publish(0..MESSAGES as usize).await;
    let rounds = Arc::new(AtomicU32::new(0));
    let refused = Arc::clone(&rounds);
    let running = bench.consume_with(
        |common| common.hold_at_most = Duration::from_millis(20),
        OPTIONS,
        move |rt, job| {
            assert!(!job.meta.redelivered);
            // The first one closes the gate, and all of them go back.
            if refused.fetch_add(1, Ordering::SeqCst) >= TIMES {
                return forward(job);
            }
            rt.gate
                .close_until(Pause::Outage, "writes are refused", || async {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    true
                });
            Outcome::Hold
        },
    );
    bench.until_depth(&bench.queue(Stage::Transform), MESSAGES).await;
    running.stop().await;
    assert!(rounds.load(Ordering::SeqCst) >= TIMES);
    assert_eq!(bench.depth(&bench.queue(Stage::Extract)).await, 0);
    assert_eq!(bench.depth(&bench.dead()).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_a_pause_counts_no_delivery() {
    let bench = Workbench::new().await;
    bench.publish(0..MESSAGES as usize).await;
    for _ in 0..3 {
        let running = bench.consume(OPTIONS, |rt, job| {
            assert!(!job.meta.redelivered);
            rt.gate
                .close_until(Pause::Outage, "the vendor is away", || async { false });
            Outcome::Hold
        });
        while running.handler.seen.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        running.stop().await;
        assert_eq!(bench.depth(&bench.queue(Stage::Extract)).await, MESSAGES);
    }
    let last = bench.consume(OPTIONS, |_, job| {
        assert!(!job.meta.redelivered);
        Outcome::done(Disposition::Skipped)
    });
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    let handled = last.stop().await;
    assert_eq!(handled.seen.lock().unwrap().len(), MESSAGES as usize);
}
