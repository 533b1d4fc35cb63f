//! A listing that cuts its times to the minute shows two changes of one minute alike: the second one comes all the same.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};

use super::reconcile::reconcile;
use super::sink::{Sink, calls, redis};

const LIMIT: Duration = Duration::from_secs(150);
const MINUTE: i64 = 60;

fn minute() -> i64 {
    jiff::Timestamp::now().as_second() / MINUTE
}

/// Changes a customer twice within a minute; the first change is at its end before the second.
async fn change_twice(
    pipeline: &mut PipelineUnderTest,
    id: i64,
    at_its_end: impl AsyncFn(&mut PipelineUnderTest),
) {
    loop {
        let begun = minute();
        pipeline.simulator.change_one(id, None).unwrap();
        at_its_end(pipeline).await;
        pipeline.simulator.change_one(id, None).unwrap();
        if minute() == begun {
            return;
        }
        at_its_end(pipeline).await;
    }
}

fn with_minutes(seed: u64) -> kit::pipeline::Builder {
    PipelineUnderTest::for_test()
        .customers(20)
        .seed(seed)
        .simulator(|options| options.settings.okki.listing.times_cut_s = MINUTE)
}

#[tokio::test]
async fn a_second_change_of_the_minute_is_fetched_when_the_minute_is_over_and_then_nothing_more() {
    let mut pipeline = with_minutes(1741).start().await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    sink.complete(&pipeline, LIMIT).await;
    let id = pipeline.simulator.company_ids()[4];
    change_twice(&mut pipeline, id, async |pipeline| {
        sink.complete(pipeline, LIMIT).await;
    })
    .await;
    sink.complete(&pipeline, LIMIT).await;
    // Nothing changes, and nobody is asked for.
    eventually(LIMIT, "nobody waits for the end of a minute", async || {
        let waiting: u64 =
            redis::from_redis_value(redis(&pipeline, "ZCARD", "extract:doubtful", &[]).await).unwrap();
        expect(waiting == 0, || waiting.to_string())
    })
    .await;
    pipeline.quiet(LIMIT, 0).await;
    let (details, lists) = (calls(&pipeline, "info"), calls(&pipeline, "list"));
    eventually(LIMIT, "more windows", async || {
        let now = calls(&pipeline, "list");
        expect(now >= lists + 6, || format!("{now} after {lists}"))
    })
    .await;
    assert_eq!(calls(&pipeline, "info"), details);
    pipeline.drain().await;
}

#[tokio::test]
async fn a_comparison_asks_for_whom_the_listed_time_may_hide_a_change() {
    let mut pipeline = with_minutes(1742).start().await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let id = pipeline.simulator.company_ids()[4];
    change_twice(&mut pipeline, id, async |pipeline| {
        pipeline.until_equal(LIMIT).await;
    })
    .await;
    // As by a release that did not know of such listings.
    redis(&pipeline, "DEL", "extract:doubtful", &[]).await;
    let (report, is_good) = reconcile(&pipeline, &[]).await;
    assert!(!is_good && report["stale"]["count"] == 1, "{report}");
    let (report, is_good) = reconcile(&pipeline, &["--fix"]).await;
    assert!(is_good, "{report}");
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
}
