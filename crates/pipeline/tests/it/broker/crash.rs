//! A consumer that dies on one message: the message dies alone, by the broker's delivery limit (I7).

use super::first_letter;
use kit::{
    config,
    workbench::{OPTIONS, Workbench, forward},
};
use lapin::{
    Connection, ConnectionProperties,
    options::{BasicGetOptions, BasicNackOptions},
};
use pipeline::{handler::Outcome, stage::Stage};
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::Notify;

const POISON: &str = "7";

/// The consumer reaches the broker through a proxy that is cut each time it meets the poison: the broker sees what it
/// would see of a process that was killed while it held its deliveries.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_poison_dies_alone() {
    let bench = Workbench::new().await;
    bench.publish(0..40).await;
    let struck = Arc::new(Notify::new());
    let strike = Arc::clone(&struck);
    let proxy = bench.proxy().await;
    // The handler may not return before the connection is gone, or a slow test would let the poison be acknowledged.
    let (killed, dead_now) = mpsc::channel();
    let dead_now = Mutex::new(dead_now);
    let running = bench.consume_through(&proxy, OPTIONS, move |_, job| {
        if job.message.company_id == POISON {
            strike.notify_one();
            // An error only says that the test is over.
            let _over = dead_now.lock().unwrap().recv();
        }
        forward(job)
    });
    let (dead, transform, extract) = (
        bench.dead(),
        bench.queue(Stage::Transform),
        bench.queue(Stage::Extract),
    );
    for cuts in 0.. {
        assert!(
            cuts <= 30,
            "the delivery limit should have taken the message by now"
        );
        tokio::select! {
            () = struck.notified() => {
                proxy.reset().await;
                killed.send(()).unwrap();
            }
            () = bench.until_depth(&dead, 1) => break,
        }
    }
    bench.until_depth(&extract, 0).await;
    running.stop().await;
    assert_eq!(bench.depth(&dead).await, 1, "only the poison died");
    assert!(bench.depth(&transform).await >= 39, "all others were forwarded");
    let letter = first_letter(&bench).await;
    assert_eq!(letter.death.reason, "delivery_limit");
    assert_eq!(letter.envelope.company_id, POISON);
    assert_eq!(letter.envelope.failure, None, "no consumer wrote a record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_loses_no_message() {
    let bench = Workbench::new().await;
    bench.publish(0..400).await;
    let proxy = bench.proxy().await;
    let seen = Arc::new(Notify::new());
    let see = Arc::clone(&seen);
    let running = bench.consume_through(&proxy, OPTIONS, move |_, job| {
        see.notify_one();
        if job.meta.redelivered {
            forward(job)
        } else {
            Outcome::forward(Vec::new(), None)
        }
    });
    for _ in 0..3 {
        seen.notified().await;
        proxy.reset().await;
    }
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    let handler = running.stop().await;
    let mut ids: Vec<_> = handler
        .seen
        .lock()
        .unwrap()
        .iter()
        .map(|(id, _)| id.clone())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 400);
    assert_eq!(bench.depth(&bench.dead()).await, 0);
}

/// More suspects than a batch holds: the consumer must see the end of its intake behind them, or it waits for ever.
#[tokio::test(flavor = "multi_thread")]
async fn more_suspects_than_a_batch_hold_up_nobody() {
    let bench = Workbench::new().await;
    let suspects = 2 * OPTIONS.batch_max;
    let queue = bench.queue(Stage::Extract);
    bench.publish(0..suspects).await;
    let common = config::common(&bench.namespace);
    let connection = Connection::connect(common.amqp.url.expose(), ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let hold = async || {
        let mut tag = 0;
        for _ in 0..suspects {
            let got = channel
                .basic_get(queue.as_str().into(), BasicGetOptions::default())
                .await
                .unwrap();
            tag = got.unwrap().delivery_tag;
        }
        tag
    };
    let (multiple, requeue) = (true, true);
    let held = hold().await;
    channel
        .basic_nack(held, BasicNackOptions { multiple, requeue })
        .await
        .unwrap();
    bench.until_depth(&queue, u32::try_from(suspects).unwrap()).await;
    hold().await;

    let running = bench.consume(OPTIONS, |_, job| forward(job));
    bench.publish([suspects]).await;
    let forwarded = bench.queue(Stage::Transform);
    bench.until_depth(&forwarded, 1).await;
    // Handed back while the consumer is wide open.
    connection.close(200, "".into()).await.unwrap();
    bench
        .until_depth(&forwarded, u32::try_from(suspects).unwrap() + 1)
        .await;
    running.stop().await;
}
