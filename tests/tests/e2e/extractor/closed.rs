//! A vendor that says how long it wants no calls gets none, from any replica, for longer than a minute, too.

use std::time::{Duration, Instant};

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Oddity, Vendor};
use kit::wait::{eventually, expect};

use super::sink::{Sink, okki_quota, quota_number, redis_at};

const LIMIT: Duration = Duration::from_secs(240);
/// What used to be the longest wait.
const MINUTE: Duration = Duration::from_secs(60);

/// Calls of this endpoint are refused so, whoever they are about; nothing is called until the time is over.
async fn keeps_away(endpoint: &str, kind: FaultKind, seed: u64) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(10)
        .seed(seed)
        .start()
        .await;
    pipeline.simulator.fault(Fault::on(Vendor::Okki, endpoint, kind));
    let first = pipeline.run(Service::Extractor);
    eventually(LIMIT, "a call is refused", async || {
        let fired = pipeline.simulator.faults()[0].fired;
        expect(fired >= 1, || format!("{fired}"))
    })
    .await;
    let refused = Instant::now();
    pipeline[first].pauses_for("no call").await;
    pipeline.simulator.clear_faults(None);
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
    keeps_away("list", kind, 181).await;
}

#[tokio::test]
async fn a_retry_after_as_a_date_is_kept() {
    let kind = FaultKind::RetryLater {
        status: 429,
        after_s: 100,
        date: true,
    };
    keeps_away("info", kind, 182).await;
}

/// Said to one replica, and meant for all: an outage that says how long it lasts.
#[tokio::test]
async fn a_busy_server_is_left_alone_by_every_replica() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(185)
        .start()
        .await;
    let replicas = [(); 2].map(|()| pipeline.run(Service::Extractor));
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 60);
    for replica in replicas {
        pipeline[replica].ready().await;
    }
    let kind = FaultKind::RetryLater {
        status: 503,
        after_s: 40,
        date: false,
    };
    let fault = Fault::on(Vendor::Okki, "list", kind).times(1);
    pipeline.simulator.fault(fault);
    eventually(LIMIT, "a call is refused", async || {
        let fired = pipeline.simulator.faults()[0].fired;
        expect(fired >= 1, || format!("{fired}"))
    })
    .await;
    eventually(LIMIT, "every replica can know of it", async || {
        let told = redis_at(&pipeline, "HEXISTS", &okki_quota(&pipeline), &["hold"]).await;
        expect(told == redis::Value::Int(1), || "nobody was refused".to_owned())
    })
    .await;
    // Those that were on their way beside it may still arrive: a poll, a run, a control of the listing.
    let calls = |pipeline: &PipelineUnderTest| pipeline.simulator.stats().okki.total_calls;
    let before = calls(&pipeline);
    let refused = Instant::now();
    eventually(LIMIT, "the next calls", async || {
        let now = calls(&pipeline);
        expect(now > before + 3, || format!("{now}"))
    })
    .await;
    let silent = refused.elapsed();
    assert!(silent > Duration::from_secs(35), "called after {silent:?}");
    pipeline.simulator.change(20);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 60);
    pipeline.drain().await;
}

/// The next call that is let through the pause may go at once.
async fn time_passes(pipeline: &PipelineUnderTest) {
    let now = jiff::Timestamp::now().as_microsecond().to_string();
    redis_at(pipeline, "HSET", &okki_quota(pipeline), &["again", &now]).await;
}

/// Nothing goes before the next one in minutes.
async fn silent_for_minutes(pipeline: &PipelineUnderTest) {
    eventually(LIMIT, "the next call is minutes away", async || {
        let told = redis_at(pipeline, "HEXISTS", &okki_quota(pipeline), &["again"]).await;
        expect(told == redis::Value::Int(1), || "nobody was refused".to_owned())?;
        let again = quota_number(pipeline, "again").await;
        let left = again - jiff::Timestamp::now().as_microsecond();
        expect(left > 30_000_000, || format!("{left} us"))
    })
    .await;
}

#[tokio::test]
async fn who_wants_no_calls_for_hours_is_asked_by_one_call_now_and_then() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(10)
        .seed(183)
        .start()
        .await;
    let kind = FaultKind::RetryLater {
        status: 429,
        after_s: 7_200,
        date: false,
    };
    let faults = ["list", "info"].map(|endpoint| {
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Okki, endpoint, kind.clone()))
    });
    let replicas = [(); 2].map(|()| pipeline.run(Service::Extractor));
    for replica in replicas {
        pipeline[replica].pauses_for("no call").await;
    }
    silent_for_minutes(&pipeline).await;
    let calls = |pipeline: &PipelineUnderTest| pipeline.simulator.stats().okki.total_calls;
    let before = calls(&pipeline);
    time_passes(&pipeline).await;
    eventually(LIMIT, "one call", async || {
        let now = calls(&pipeline);
        expect(now > before, || format!("{now}"))
    })
    .await;
    silent_for_minutes(&pipeline).await;
    assert_eq!(calls(&pipeline), before + 1, "one call of all replicas");

    for fault in faults {
        pipeline.simulator.clear_faults(Some(fault));
    }
    time_passes(&pipeline).await;
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 10);
    pipeline.quiet(LIMIT, 0).await;
    for replica in replicas {
        pipeline[replica].ready().await;
    }
    pipeline.drain().await;
}

#[tokio::test]
async fn one_answer_that_leaves_no_call_for_a_day_silences_nobody_for_a_day() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(184)
        .start()
        .await;
    let odd = pipeline.simulator.company_ids()[3].to_string();
    let how = Oddity::NothingLeft(100_000);
    let fault = Fault::on(Vendor::Okki, "info", FaultKind::Odd { how }).containing(&odd);
    pipeline.simulator.fault(fault);
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for("no call").await;
    silent_for_minutes(&pipeline).await;
    let sink = Sink::open(&pipeline).await;
    // The odd one is fetched again when its batch is, and says the same again: some minutes each time, which pass here.
    eventually(LIMIT, "everybody is fetched", async || {
        time_passes(&pipeline).await;
        let seen = sink.seen().len();
        expect(seen == 30, || format!("{seen}"))
    })
    .await;
    pipeline.simulator.clear_faults(None);
    time_passes(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline.quiet(LIMIT, 0).await;
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}
