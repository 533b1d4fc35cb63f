//! The shared consumer writes the account at settlement: also for messages that it handles twice because of a crash.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use pipeline::{
    consumer::{self, ConsumerOptions},
    disposition::Disposition,
    failure::Failure,
    handler::{Handler, Job, Outcome},
    message::{Outgoing, Subject},
    service::Runtime,
    shutdown::Shutdown,
    stage::Stage,
};
use proto::v1::{FormRecord, Version};

use crate::support;
use kit::config::common;

/// Loads even customers, filters every third, kills every seventh.
struct Sorter {
    handled: AtomicU32,
}

impl Handler for Sorter {
    type In = FormRecord;
    type Receipt = ();

    async fn handle(&self, batch: Vec<Job<FormRecord>>) -> Vec<Outcome> {
        self.handled
            .fetch_add(u32::try_from(batch.len()).unwrap(), Ordering::Relaxed);
        batch
            .iter()
            .map(|job| match job.message.company_id().parse::<u32>().unwrap() {
                n if n % 7 == 0 => Outcome::Dead(Failure::new("row-refused", "refused")),
                n if n % 3 == 0 => Outcome::filtered("rule"),
                _ => Outcome::done(Disposition::Loaded),
            })
            .collect()
    }
}

fn record(n: u32) -> FormRecord {
    FormRecord {
        company_id: n.to_string(),
        version: Some(Version {
            update_time: 1_700_000_000,
            sequence: n.into(),
        }),
        run_id: "r".into(),
        ..FormRecord::default()
    }
}

#[tokio::test]
async fn every_copy_of_a_message_is_handled_and_every_customer_counted_once() {
    let namespace = support::namespace();
    let shutdown = Shutdown::manual(Duration::from_secs(10));
    let rt = Runtime::assemble("sorter", &common(&namespace.to_string()), shutdown.clone()).unwrap();
    rt.declare(Stage::Load).await.unwrap();
    let ids: Vec<_> = (0..60).map(|n| n.to_string()).collect();
    rt.account.list("r", &ids).await.unwrap();
    // Each message twice, as after a crash between the publish and the acknowledgement of the stage before.
    let copies = (0..60)
        .chain(0..60)
        .map(|n| Outgoing::to(Stage::Load, &record(n)))
        .collect();
    rt.publisher.publish(copies).await.unwrap();

    let handler = Arc::new(Sorter {
        handled: AtomicU32::new(0),
    });
    let options = ConsumerOptions {
        stage: Stage::Load,
        batch_max: 16,
        linger: Duration::from_millis(5),
        concurrency: 2,
    };
    let running = tokio::spawn({
        let (rt, handler) = (rt.clone(), Arc::clone(&handler));
        async move { consumer::run(&rt, options, handler).await }
    });
    let counted = async {
        loop {
            let balance = rt.account.balance("r").await.unwrap();
            if balance.in_flight == 0
                && handler.handled.load(Ordering::Relaxed) >= 120
                && balance.duplicates >= 51
            {
                return balance;
            }
            tokio::task::yield_now().await;
        }
    };
    let balance = tokio::time::timeout(Duration::from_secs(60), counted)
        .await
        .expect("all are counted");
    // 0..60: nine are divisible by 7; of the others 17 by 3.
    assert_eq!((balance.dead, balance.filtered, balance.loaded), (9, 17, 34));
    assert_eq!(balance.difference(), 0);
    shutdown.trigger();
    running.await.unwrap().unwrap();
}
