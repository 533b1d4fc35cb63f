//! SIGTERM at any moment: single messages arrive at random, consumers come and go, and nothing is delivered twice.

use kit::workbench::{OPTIONS, Workbench};
use pipeline::{consumer::ConsumerOptions, disposition::Disposition, handler::Outcome, stage::Stage};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

const ROUNDS: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn stops_in_a_stream_of_single_messages_cause_no_redelivery() {
    stops(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_do_stops_beside_consumers_that_stay() {
    stops(2).await;
}

/// Stops a consumer again and again while messages come one by one; `others` consume all the time.
async fn stops(others: usize) {
    let bench = Arc::new(Workbench::new().await);
    let (redelivered, handled) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let options = ConsumerOptions {
        linger: Duration::from_millis(1),
        ..OPTIONS
    };
    let consume = || {
        let (redelivered, handled) = (Arc::clone(&redelivered), Arc::clone(&handled));
        bench.consume(options, move |_, job| {
            redelivered.fetch_add(u32::from(job.meta.redelivered), Ordering::SeqCst);
            handled.fetch_add(1, Ordering::SeqCst);
            Outcome::done(Disposition::Skipped)
        })
    };
    let stay: Vec<_> = (0..others).map(|_| consume()).collect();
    let over = Arc::new(AtomicBool::new(false));
    let stream = {
        let (bench, over) = (Arc::clone(&bench), Arc::clone(&over));
        tokio::spawn(async move {
            let mut sent = 0;
            while !over.load(Ordering::SeqCst) {
                bench.publish([sent]).await;
                sent += 1;
                // The pace of the stream, not a wait for anything.
                tokio::time::sleep(Duration::from_micros(rand::random_range(0..8_000))).await;
            }
            sent
        })
    };
    for _ in 0..ROUNDS {
        let running = consume();
        // A consumer that has settled something holds its full credit while the queue is empty.
        while running.handler.seen.lock().unwrap().len() < 5 {
            tokio::time::sleep(Duration::from_micros(rand::random_range(0..4_000))).await;
        }
        running.stop().await;
    }
    over.store(true, Ordering::SeqCst);
    let sent = u32::try_from(stream.await.unwrap()).unwrap();
    let last = consume();
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    last.stop().await;
    for running in stay {
        running.stop().await;
    }
    assert_eq!(
        redelivered.load(Ordering::SeqCst),
        0,
        "of {sent} messages in {ROUNDS} stops"
    );
    assert_eq!(handled.load(Ordering::SeqCst), sent, "each once");
    assert_eq!(bench.depth(&bench.queue(Stage::Extract)).await, 0);
    assert_eq!(bench.depth(&bench.dead()).await, 0);
}
