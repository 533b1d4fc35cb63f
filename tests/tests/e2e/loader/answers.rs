//! What the vendor's answers do not promise: the order of ids, that they are ours, the count, and that a refusal means
//! that nothing was stored.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Ids, JdySettings, Vendor};
use serde_json::json;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(180);
/// The check of an aggregation table failed: a refusal of the rows.
const REFUSED: i64 = 4402;

async fn start(customers: u32, change: impl FnOnce(&mut JdySettings)) -> (PipelineUnderTest, Feed) {
    let pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(92)
        .set("INDEX_SETTLE", "0s")
        .set("BATCH_SIZE", "20")
        .set("JDY_TIMEOUT", "2s")
        .set("LATE_WRITES", "2s")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .simulator(|options| change(&mut options.settings.jdy))
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    (pipeline, feed)
}

fn fault(pipeline: &PipelineUnderTest, operation: &str, kind: FaultKind) {
    pipeline.simulator.fault(Fault::on(Vendor::Jdy, operation, kind));
}

/// Loads every customer, changes them all, and removes some: each of these writes to the row of the customer it is about.
async fn every_row_stays_its_customers(mut pipeline: PipelineUnderTest, feed: &Feed) {
    let customers = pipeline.simulator.customers();
    let ids = pipeline.simulator.company_ids();
    // A new index does not trust what was fetched before it was begun.
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    feed.put_all(&pipeline).await;
    pipeline.rows(LIMIT, customers).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    drop(fetching);
    for id in &ids {
        let name = json!({"short_name": format!("again {id}")});
        pipeline.simulator.change_one(*id, Some(name)).unwrap();
    }
    feed.put_all(&pipeline).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (customers, 0));
    let removals: Vec<_> = ids[..3].iter().map(|id| feed.removal(&pipeline, *id)).collect();
    for id in &ids[..3] {
        pipeline.simulator.remove_one(*id).unwrap();
    }
    feed.put(&removals).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (customers - 3, 0));
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn ids_in_another_order_mix_up_no_rows() {
    for ids in [Ids::Reversed, Ids::Rotated] {
        let (mut pipeline, feed) = start(60, |_| {}).await;
        fault(&pipeline, "batch_create", FaultKind::BentIds { ids });
        pipeline.run(Service::Loader);
        every_row_stays_its_customers(pipeline, &feed).await;
    }
}

/// Trust was earned by the first batches, and the order changes afterwards: no row is written to before it is proven.
#[tokio::test]
async fn an_order_that_changes_after_it_was_trusted_mixes_up_no_rows() {
    let (mut pipeline, feed) = start(100, |jdy| jdy.list_delay_ms = 500).await;
    pipeline.run(Service::Loader);
    let ids = pipeline.simulator.company_ids();
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    drop(fetching);
    let reversed = FaultKind::BentIds { ids: Ids::Reversed };
    fault(&pipeline, "batch_create", reversed);
    pipeline.simulator.add(80);
    every_row_stays_its_customers(pipeline, &feed).await;
}

#[tokio::test]
async fn ids_and_counts_that_are_not_those_of_the_rows_are_not_believed() {
    let ids = [Ids::Doubled, Ids::Foreign, Ids::Short, Ids::Long].map(|ids| FaultKind::BentIds { ids });
    let counts = [-3, 2].map(|by| FaultKind::BentCount { by });
    let odd = ids.into_iter().chain(counts).map(|kind| async {
        let (mut pipeline, feed) = start(40, |_| {}).await;
        fault(&pipeline, "batch_create", kind);
        pipeline.run(Service::Loader);
        every_row_stays_its_customers(pipeline, &feed).await;
    });
    futures::future::join_all(odd).await;
}

/// What a refused batch has stored is there once, and is not dead.
#[tokio::test]
async fn rows_of_a_refused_batch_that_were_stored_are_not_made_again() {
    for delay in [0, 1500] {
        let (mut pipeline, feed) = start(60, |jdy| jdy.list_delay_ms = delay).await;
        // Of two batches a part is stored; then a part of one of their parts, and a batch of which all is stored.
        for (nth, rows) in [(1, 7), (2, 13), (4, 1), (6, 20)] {
            let kind = FaultKind::RefusedButDone { rows, code: REFUSED };
            let fault = Fault::on(Vendor::Jdy, "batch_create", kind).nth(nth);
            pipeline.simulator.fault(fault);
        }
        pipeline.run(Service::Loader);
        every_row_stays_its_customers(pipeline, &feed).await;
    }
}

#[tokio::test]
async fn an_update_or_a_removal_that_was_refused_and_carried_out_is_not_dead() {
    let (mut pipeline, feed) = start(20, |_| {}).await;
    for operation in ["update", "delete"] {
        let kind = FaultKind::RefusedButDone {
            rows: 1,
            code: REFUSED,
        };
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Jdy, operation, kind).nth(2));
    }
    pipeline.run(Service::Loader);
    every_row_stays_its_customers(pipeline, &feed).await;
}
