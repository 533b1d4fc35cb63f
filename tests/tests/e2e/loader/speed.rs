//! I5: with an endless backlog the quota is used up and never overrun, by one loader and by four together.

use std::time::{Duration, Instant};

use tests::harness::{Pipeline, Service};

use super::feed::Feed;

const SETTLED: Duration = Duration::from_secs(90);
/// Rows that are written before the measurement begins and when it ends.
const MEASURED: (usize, usize) = (1_000, 9_000);
/// `batch_create` allows 10 calls of 100 rows in a second.
const ALLOWED: f64 = 1_000.0;

async fn write_at_full_speed(loaders: usize, seed: u64) {
    let mut pipeline = Pipeline::builder()
        .customers(10_000)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    feed.put_all(&pipeline).await;
    let ids: Vec<_> = (0..loaders).map(|_| pipeline.run(Service::Loader)).collect();
    for id in ids {
        pipeline[id].ready().await;
    }
    pipeline.rows(SETTLED, MEASURED.0).await;
    let (start, from) = (Instant::now(), pipeline.simulator.form_rows());
    pipeline.rows(SETTLED, MEASURED.1).await;
    let rows = pipeline.simulator.form_rows() - from;
    let rate = rows as f64 / start.elapsed().as_secs_f64();
    let stats = serde_json::to_value(pipeline.simulator.stats()).unwrap();
    println!(
        "{loaders} loaders: {rate:.0} rows/s, {} violations",
        stats["jdy"]["quota_violations"]
    );
    assert_eq!(stats["jdy"]["quota_violations"], 0, "{stats}");
    assert!(rate >= 0.9 * ALLOWED, "{loaders} loaders write {rate:.0} rows/s");
    let report = pipeline.settled(SETTLED).await;
    assert_eq!((report.form_rows, report.duplicates), (10_000, 0));
    pipeline.drain().await;
}

#[tokio::test]
async fn one_loader_uses_the_whole_quota_and_no_more() {
    write_at_full_speed(1, 111).await;
}

#[tokio::test]
async fn four_loaders_share_the_whole_quota_and_no_more() {
    write_at_full_speed(4, 112).await;
}
