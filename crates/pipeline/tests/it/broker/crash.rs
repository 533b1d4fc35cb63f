//! A consumer that dies on one message: the message dies alone, by the broker's delivery limit (I7).

use super::first_letter;
use kit::{
    config,
    workbench::{OPTIONS, Workbench, forward},
};
use lapin::{Channel, Connection, ConnectionProperties, options::BasicGetOptions};
use pipeline::{consumer::ConsumerOptions, handler::Outcome, stage::Stage};
use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};
use tokio::sync::Notify;

const POISON: &str = "7";

/// As the loader takes its messages; batches wait until they are as full as they may be.
const LARGE: ConsumerOptions = ConsumerOptions {
    stage: Stage::Extract,
    batch_max: 100,
    linger: Duration::from_secs(2),
    concurrency: 2,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_poison_dies_alone() {
    the_poison_dies_among(40, OPTIONS).await;
}

/// Each death returns hundreds, which are handled in batches; they must land before the broker gives the poison up.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_poison_dies_alone_among_hundreds() {
    let options = ConsumerOptions {
        linger: OPTIONS.linger,
        ..LARGE
    };
    the_poison_dies_among(400, options).await;
}

/// The consumer reaches the broker through a proxy that is cut each time it meets the poison: the broker sees what it
/// would see of a process that was killed while it held its deliveries.
async fn the_poison_dies_among(messages: usize, options: ConsumerOptions) {
    let bench = Workbench::new().await;
    bench.publish(0..messages).await;
    let struck = Arc::new(Notify::new());
    let strike = Arc::clone(&struck);
    let proxy = bench.proxy().await;
    // The handler may not return before the connection is gone, or a slow test would let the poison be acknowledged.
    let (killed, dead_now) = mpsc::channel();
    let dead_now = Mutex::new(dead_now);
    let running = bench.consume_through(&proxy, options, move |_, job| {
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
    let others = u32::try_from(messages - 1).unwrap();
    assert!(
        bench.depth(&transform).await >= others,
        "all others were forwarded"
    );
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

/// What a death returns is nearly all innocent: it is handled in batches that shrink with each further death, and only
/// what was there at several deaths goes alone.
#[tokio::test(flavor = "multi_thread")]
async fn batches_shrink_with_every_death() {
    for (deaths, together) in [(1, 25), (2, 12), (3, 6), (6, 1)] {
        let bench = Workbench::new().await;
        let queue = bench.queue(Stage::Extract);
        bench.publish(0..120).await;
        for _ in 0..deaths {
            let (connection, _channel) = hold(&bench, 120).await;
            connection.close(200, "".into()).await.unwrap();
            bench.until_depth(&queue, 120).await;
        }
        let running = bench.consume(LARGE, |_, job| forward(job));
        bench.until_depth(&bench.queue(Stage::Transform), 120).await;
        let handler = running.stop().await;
        let batches = handler.batches.lock().unwrap().clone();
        assert!(
            batches.iter().all(|batch| *batch <= together),
            "after {deaths} deaths: {batches:?}"
        );
        // On a busy machine some come late and are not waited for; alone they would be 120.
        assert!(
            batches.len() <= (120 / together * 2 + 10).min(120),
            "after {deaths} deaths: {batches:?}"
        );
    }
}

/// Takes this many messages and keeps them for as long as the connection lives.
async fn hold(bench: &Workbench, messages: usize) -> (Connection, Channel) {
    let common = config::common(&bench.namespace);
    let connection = Connection::connect(common.amqp.url.expose(), ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let queue = bench.queue(Stage::Extract);
    for _ in 0..messages {
        let got = channel.basic_get(queue.as_str().into(), BasicGetOptions::default());
        got.await.unwrap().unwrap();
    }
    (connection, channel)
}

/// More suspects than a batch holds: the consumer must see the end of its intake behind them, or it waits for ever.
#[tokio::test(flavor = "multi_thread")]
async fn more_suspects_than_a_batch_hold_up_nobody() {
    let bench = Workbench::new().await;
    let suspects = 2 * OPTIONS.batch_max;
    let queue = bench.queue(Stage::Extract);
    bench.publish(0..suspects).await;
    for _ in 0..5 {
        let (held, _channel) = hold(&bench, suspects).await;
        held.close(200, "".into()).await.unwrap();
        bench.until_depth(&queue, u32::try_from(suspects).unwrap()).await;
    }
    let (held, _channel) = hold(&bench, suspects).await;

    let running = bench.consume(OPTIONS, |_, job| forward(job));
    bench.publish([suspects]).await;
    let forwarded = bench.queue(Stage::Transform);
    bench.until_depth(&forwarded, 1).await;
    // Handed back while the consumer is wide open.
    held.close(200, "".into()).await.unwrap();
    bench
        .until_depth(&forwarded, u32::try_from(suspects).unwrap() + 1)
        .await;
    running.stop().await;
}
