//! Customers change while pages are read: none is missed, in that run or the next, in any order of the listing.

use std::time::Duration;

use tests::harness::{Pipeline, Service};
use tests::simulator::{Churn, Order};

use super::sink::{Sink, complaints};

/// A fifth of the customers changes while a listing of many small pages is read.
async fn nobody_is_missed(order: Order, spread_s: i64, seed: u64) {
    let builder = Pipeline::builder()
        .customers(400)
        .seed(seed)
        .set("OKKI_RATE", "1000")
        .set("OKKI_PAGE_SIZE", "25");
    let mut pipeline = builder
        .simulator(|options| {
            options.spread_s = spread_s;
            options.settings.okki.order = order;
            options.settings.okki.count_cap = 25;
            options.settings.okki.per_second = None;
            options.settings.okki.latency_ms = 10;
        })
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].ready().await;
    let churn = Churn {
        per_second: 100.0,
        seed,
        change: 3,
        touch: 1,
        total: Some(80),
        ..Churn::default()
    };
    pipeline.simulator.churn(churn);
    let sink = Sink::open(&pipeline).await;
    // The last change is 0.8 s away; the truth is asked after it.
    tests::harness::eventually(Duration::from_secs(20), "the churn is over", async || {
        let before = super::sink::truth(&pipeline).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let after = super::sink::truth(&pipeline).await;
        tests::harness::expect(before == after, || "still changing".into())
    })
    .await;
    assert_eq!(
        sink.complete(&pipeline, Duration::from_secs(60)).await,
        400,
        "{order:?} {spread_s}"
    );
    pipeline.drain().await;
    assert_eq!(complaints(&pipeline), Vec::<String>::new());
}

#[tokio::test]
async fn descending_order_loses_nobody() {
    nobody_is_missed(Order::Desc, 90 * 86_400, 11).await;
}

#[tokio::test]
async fn ascending_order_loses_nobody() {
    nobody_is_missed(Order::Asc, 90 * 86_400, 12).await;
}

#[tokio::test]
async fn an_order_that_is_unstable_within_a_second_loses_nobody() {
    nobody_is_missed(Order::Unstable, 20, 13).await;
}

#[tokio::test]
async fn no_order_at_all_loses_nobody() {
    nobody_is_missed(Order::Shuffled, 90 * 86_400, 14).await;
}

#[tokio::test]
async fn an_import_within_one_second_loses_nobody() {
    nobody_is_missed(Order::Desc, 1, 15).await;
    nobody_is_missed(Order::Shuffled, 1, 16).await;
}
