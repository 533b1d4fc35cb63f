//! I4 with a Redis of its own: it comes back without its last second, which only its run id shows.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::services::{Services, shared};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_redis_that_lost_its_last_second_costs_nothing() {
    let amqp = shared().await.unwrap().amqp_url.clone();
    let mut services = Services::private().await.unwrap();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(400)
        .seed(81)
        .services(&amqp, services.redis_url())
        .set("INDEX_SETTLE", "3s")
        .set("JDY_TIMEOUT", "1s")
        .set("LEASE", "3s")
        .set("BATCH_SIZE", "20")
        .simulator(|options| options.settings.jdy.latency_ms = 200)
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    pipeline.run(Service::Loader);
    let second = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.rows(LIMIT, 100).await;
    // What a crash does with appendfsync everysec, only worse: everything since the last save is gone.
    pipeline[second].kill9();
    services.redis().unwrap().restart_empty().await.unwrap();
    let changed = pipeline.simulator.change(20);
    feed.put(&feed.records(&pipeline, &changed)).await;
    let ids = pipeline.simulator.company_ids();
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates, report.stale), (400, 0, 0));
    pipeline.quiet(LIMIT, 0).await;
    let report = pipeline.simulator.judge().await;
    assert!(report.is_equal(), "{report:?}");
    drop(fetching);
    pipeline.drain().await;
}
