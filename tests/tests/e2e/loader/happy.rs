//! Without faults: rows are created in batches, updated when they differ, left alone when they do not, and removed as
//! the policy says.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn every_customer_gets_one_row_and_only_changes_cost_calls() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(1000)
        .seed(21)
        .set("INDEX_SETTLE", "0s")
        // Batches are full however slowly messages arrive.
        .set("LINGER", "5s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    feed.put_all(&pipeline).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(report.form_rows, 1000);
    pipeline.assert_within_quota();
    let calls = serde_json::to_value(pipeline.simulator.stats()).unwrap();
    assert!(
        calls["jdy"]["calls"]["batch_create"]["calls"].as_u64() <= Some(14),
        "full batches: {calls}"
    );

    // The first batches are looked at after their rows are there, and counted after that.
    eventually(LIMIT, "every batch is committed", async || {
        let (_, text) = pipeline[loader]
            .get("/metrics")
            .await
            .map_err(|error| error.to_string())?;
        let rows = text
            .lines()
            .filter(|line| line.starts_with("okki_loader_rows_total{"));
        let rows: f64 = rows
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum();
        expect(rows >= 1000.0, || format!("{rows} rows are"))
    })
    .await;
    // The same again, in a new version: nothing differs, so nothing is called.
    super::index::complete(&pipeline, loader).await;
    eventually(LIMIT, "status tells how many rows there are now", async || {
        let index = super::index::index(&pipeline, loader).await;
        expect(index["rows"] == 1000, || index.to_string())
    })
    .await;
    pipeline.simulator.reset_stats();
    feed.put_all(&pipeline).await;
    pipeline.quiet(LIMIT, 0).await;
    let calls = serde_json::to_value(pipeline.simulator.stats()).unwrap();
    assert_eq!(calls["jdy"]["total_calls"], 0, "{calls}");

    let changed = pipeline.simulator.change(30);
    feed.put(&feed.records(&pipeline, &changed)).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn removed_customers_are_ignored_deleted_or_marked() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(22)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    // What was fetched before the index was there may be older than a forgotten removal, and is fetched again.
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    drop(fetching);
    let mut removed = feed.removal(&pipeline, ids[0]);
    let old = feed.record(&pipeline, ids[1]);
    let mut newer = feed.removal(&pipeline, ids[1]);
    // Newer than any copy that was fetched again.
    for removal in [&mut removed, &mut newer] {
        if let Some(version) = &mut removal.version {
            version.update_time += 60;
        }
    }
    pipeline.simulator.remove_one(ids[0]).unwrap();
    pipeline.simulator.remove_one(ids[1]).unwrap();
    // The old version of a removed customer may not bring it back.
    feed.put(&[removed, newer]).await;
    pipeline.until_equal(LIMIT).await;
    feed.put(&[old]).await;
    pipeline.quiet(LIMIT, 0).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(report.form_rows, 18);
    pipeline.drain().await;
}

/// Without a document, records say which widgets are mapped, and the index needs to know. A removal says nothing: it
/// closed the stage, whose keeper waited for a record that could not come any more. Nor could one when the stage was
/// opened again and again, for a message that may have killed its consumer is taken alone (chaos, seeds 8, 9 and 10).
#[tokio::test]
async fn a_removal_that_comes_first_keeps_no_record_back() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(23)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[1]));
    let removed = feed.removal(&pipeline, ids[0]);
    pipeline.simulator.remove_one(ids[0]).unwrap();
    feed.put(&[removed]).await;
    let armed = format!("record-{}:abort", ids[0]);
    let victim = pipeline.run_with(Service::Loader, &[("FAILPOINT", &armed)]);
    pipeline[victim].process().wait(LIMIT).await.unwrap();
    pipeline[victim].kill9();

    let heir = pipeline.run(Service::Loader);
    pipeline[heir].ready().await;
    eventually(LIMIT, "the removal steps aside", async || {
        let (_, metrics) = pipeline[heir].get("/metrics").await.unwrap();
        expect(metrics.contains(r#"outcome="parked""#), || metrics)
    })
    .await;
    feed.put_all(&pipeline).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(report.form_rows, 19);
    pipeline.quiet(LIMIT, 0).await;
    drop(fetching);
    pipeline.drain().await;
}
