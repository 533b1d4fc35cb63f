//! Customers change while pages are read: none is missed, in that run or the next, in any order of the listing.

use std::time::Duration;

use kit::pipeline::{Builder, PipelineUnderTest, Service};
use kit::simulator::{Churn, Order};
use kit::wait::{eventually, expect};

use super::sink::{Sink, calls, complaints};

/// A pipeline whose listing has many small pages.
fn paged(order: Order, spread_s: i64, seed: u64) -> Builder {
    let builder = PipelineUnderTest::for_test()
        .customers(400)
        .seed(seed)
        .set("OKKI_RATE", "1000")
        .set("OKKI_PAGE_SIZE", "25");
    builder.simulator(|options| {
        options.spread_s = spread_s;
        options.settings.okki.order = order;
        options.settings.okki.count_cap = 25;
        options.settings.okki.per_second = None;
        options.settings.okki.latency_ms = 10;
    })
}

/// A fifth of the customers changes while a listing of many small pages is read.
async fn no_change_is_missed(order: Order, spread_s: i64, seed: u64) {
    let mut pipeline = paged(order, spread_s, seed).start().await;
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
    eventually(Duration::from_secs(60), "the churn is over", async || {
        let before = super::sink::truth(&pipeline).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let after = super::sink::truth(&pipeline).await;
        expect(before == after, || "still changing".into())
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
async fn descending_order_loses_no_customer() {
    no_change_is_missed(Order::Desc, 90 * 86_400, 11).await;
}

#[tokio::test]
async fn ascending_order_loses_no_customer() {
    no_change_is_missed(Order::Asc, 90 * 86_400, 12).await;
}

#[tokio::test]
async fn an_order_that_is_unstable_within_a_second_loses_no_customer() {
    no_change_is_missed(Order::Unstable, 20, 13).await;
}

#[tokio::test]
async fn no_order_at_all_loses_no_customer() {
    no_change_is_missed(Order::Shuffled, 90 * 86_400, 14).await;
}

#[tokio::test]
async fn an_import_within_one_second_loses_no_customer() {
    no_change_is_missed(Order::Desc, 1, 15).await;
    no_change_is_missed(Order::Shuffled, 1, 16).await;
}

/// A customer may be listed and be gone before its detail is read, go between the two listings, or after both.
async fn no_removal_is_missed(order: Order, seed: u64) {
    let mut pipeline = paged(order, 90 * 86_400, seed)
        .set("REMOVALS", "true")
        .start()
        .await;
    let before = pipeline.simulator.company_ids();
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(Duration::from_secs(60), "the first pages are read", async || {
        let pages = calls(&pipeline, "list");
        expect(pages >= 3, || format!("{pages}"))
    })
    .await;
    pipeline.simulator.churn(Churn {
        per_second: 50.0,
        seed,
        change: 1,
        remove: 1,
        total: Some(120),
        ..Churn::default()
    });
    let gone = eventually(
        Duration::from_secs(90),
        "every removal is seen as one",
        async || {
            let present = pipeline.simulator.company_ids();
            let gone: Vec<i64> = before
                .iter()
                .filter(|id| !present.contains(id))
                .copied()
                .collect();
            let seen = sink.seen();
            let is_removed = |id: &i64| seen.get(&id.to_string()).is_some_and(|seen| seen.removed);
            let missing = gone.iter().filter(|id| !is_removed(id)).count();
            let alive = present
                .iter()
                .filter(|id| !seen.contains_key(&id.to_string()) || is_removed(id));
            let alive = alive.count();
            expect(gone.len() > 40 && missing == 0 && alive == 0, || {
                format!(
                    "{missing} of {} removals missing, {alive} living ones not right",
                    gone.len()
                )
            })
            .map(|()| gone)
        },
    )
    .await;
    println!("{} removals, each seen", gone.len());
    pipeline[extractor].ready().await;
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn removals_while_pages_are_read_are_not_missed() {
    no_removal_is_missed(Order::Desc, 17).await;
    no_removal_is_missed(Order::Shuffled, 18).await;
}
