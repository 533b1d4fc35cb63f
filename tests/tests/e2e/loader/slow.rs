//! I12: a vendor that is slower than the settings expect, or takes less at once, gets what it can take.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(150);

#[tokio::test]
async fn a_vendor_slower_than_the_time_out_is_given_time() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(150)
        .seed(191)
        .set("INDEX_SETTLE", "0s")
        .set("JDY_TIMEOUT", "2s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    pipeline.simulator.set(|settings| settings.jdy.latency_ms = 2500);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    let changed = pipeline.simulator.change(20);
    feed.put(&feed.records(&pipeline, &changed)).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (150, 0), "{report:?}");
    pipeline.quiet(LIMIT, 0).await;
    let stats = serde_json::to_value(pipeline.simulator.stats()).unwrap();
    let calls = |operation: &str| stats["jdy"]["calls"][operation]["calls"].as_u64().unwrap();
    assert!(
        calls("batch_create") <= 12 && calls("update") <= 60,
        "{}",
        stats["jdy"]["calls"]
    );
    let (_, status) = pipeline[loader].get("/status").await.unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["pace"]["slowed_down"], true, "{status}");
    pipeline.drain().await;
}

/// It does the work and never says so: the form is asked.
#[tokio::test]
async fn writes_that_are_never_answered_are_looked_up() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(192)
        .set("INDEX_SETTLE", "0s")
        .set("JDY_TIMEOUT", "1s")
        .set("LATE_WRITES", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    pipeline.run(Service::Loader);
    for operation in ["batch_create", "update"] {
        let kind = kit::simulator::FaultKind::Hang { commit: true };
        let vendor = kit::simulator::Vendor::Jdy;
        pipeline
            .simulator
            .fault(kit::simulator::Fault::on(vendor, operation, kind));
    }
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let changed = pipeline.simulator.change(5);
    feed.put(&feed.records(&pipeline, &changed)).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_batch_has_no_more_bytes_than_are_allowed() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(100)
        .seed(193)
        .set("INDEX_SETTLE", "0s")
        .set("LINGER", "2s")
        .set_for(Service::Loader, "BATCH_BYTES", "15000")
        .simulator(|options| options.settings.jdy.largest_body = Some(16_000))
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let stats = serde_json::to_value(pipeline.simulator.stats()).unwrap();
    let creates = &stats["jdy"]["calls"]["batch_create"];
    assert!(creates["calls"].as_u64().unwrap() > 1, "{creates}");
    assert!(!creates.to_string().contains("413"), "{creates}");
    pipeline.drain().await;
}
