//! What a killed loader had in hand is written in batches by the next one: a call for each row would take the create
//! quota for minutes.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn hundreds_that_a_killed_loader_held_are_written_in_batches() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(300)
        .seed(61)
        .set("LINGER", "2s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    feed.put_all(&pipeline).await;
    for _ in 0..2 {
        let victim = pipeline.run_with(Service::Loader, &[("FAILPOINT", "handle-begin:abort")]);
        pipeline[victim].process().wait(LIMIT).await.unwrap();
        pipeline[victim].kill9();
    }
    pipeline.run(Service::Loader);
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (300, 0));
    pipeline.quiet(LIMIT, 0).await;
    let calls = pipeline.simulator.stats().jdy.calls_of("batch_create");
    assert!(calls <= 45, "{calls} creates for 300 rows");
    pipeline.drain().await;
}
