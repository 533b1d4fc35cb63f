//! A vendor that says how long it wants no calls gets none, from any replica, for longer than a minute, too.

use std::time::{Duration, Instant};

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};

use super::sink::Sink;

const LIMIT: Duration = Duration::from_secs(240);
/// What used to be the longest wait.
const MINUTE: Duration = Duration::from_secs(60);

/// The first call of this endpoint is refused so; nothing is called until the time is over.
async fn keeps_away(endpoint: &str, kind: FaultKind, times: u64, seed: u64) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(10)
        .seed(seed)
        .start()
        .await;
    let fault = Fault::on(Vendor::Okki, endpoint, kind).times(times);
    pipeline.simulator.fault(fault);
    let first = pipeline.run(Service::Extractor);
    eventually(LIMIT, "a call is refused", async || {
        let fired = pipeline.simulator.faults()[0].fired;
        expect(fired >= 1, || format!("{fired}"))
    })
    .await;
    let refused = Instant::now();
    pipeline[first].pauses_for("no call").await;
    // Calls that were on their way have ended, and a newcomer keeps away, too.
    let calls = pipeline.simulator.stats().okki.total_calls;
    let second = pipeline.run(Service::Extractor);
    pipeline[second].pauses_for("no call").await;
    let sink = Sink::open(&pipeline).await;
    eventually(LIMIT, "the next call", async || {
        let now = pipeline.simulator.stats().okki.total_calls;
        expect(now > calls, || format!("{now}"))
    })
    .await;
    assert!(refused.elapsed() > MINUTE, "called after {:?}", refused.elapsed());
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 10);
    pipeline.quiet(LIMIT, 0).await;
    pipeline[first].ready().await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_retry_after_of_more_than_a_minute_is_kept() {
    let kind = FaultKind::RetryLater {
        status: 429,
        after_s: 100,
        date: false,
    };
    keeps_away("list", kind, 1, 181).await;
}

#[tokio::test]
async fn a_retry_after_as_a_date_is_kept() {
    let kind = FaultKind::RetryLater {
        status: 429,
        after_s: 100,
        date: true,
    };
    keeps_away("info", kind, 1, 182).await;
}
