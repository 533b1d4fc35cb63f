//! Several replicas: they scale, keep one limit together, and need one token.

use std::time::{Duration, Instant};

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::Limiter;
use kit::wait::{eventually, expect};

use super::sink::{Sink, calls, complaints};

/// Details per second of so many replicas, each with four calls of 800 ms at a time:
/// five a second, so that it is the vendor and not this machine that is slow, other tests beside it included.
async fn details_per_second(replicas: u64) -> f64 {
    let builder = PipelineUnderTest::for_test()
        .seed(20 + replicas)
        .set("OKKI_RATE", "1000")
        .set("OKKI_CONCURRENCY", "4");
    let mut pipeline = builder
        .customers(u32::try_from(70 * replicas).unwrap())
        .simulator(|options| {
            options.settings.okki.per_second = None;
            options.settings.okki.latency_ms = 800;
        })
        .start()
        .await;
    for _ in 0..replicas {
        pipeline.run(Service::Extractor);
    }
    let limit = Duration::from_secs(60);
    let reached = async |count: u64| {
        eventually(limit, &format!("{count} details"), async || {
            let calls = calls(&pipeline, "info");
            expect(calls >= count, || format!("{calls}"))
        })
        .await;
        (calls(&pipeline, "info"), Instant::now())
    };
    // All are at work by then; the last ones are left out, for some replica runs out of work first.
    let (before, start) = reached(12 * replicas).await;
    let (after, end) = reached(52 * replicas).await;
    (after - before) as f64 / (end - start).as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn details_scale_with_the_replicas() {
    let one = details_per_second(1).await;
    for replicas in [2, 4] {
        let many = details_per_second(replicas).await;
        let each = many / one / replicas as f64;
        println!("{replicas} replicas: {many:.1}/s, {each:.3} of one ({one:.1}/s) each");
        assert!(
            each >= 0.9,
            "{replicas} replicas reach {many:.1}/s, one {one:.1}/s"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_keep_one_limit_together() {
    let builder = PipelineUnderTest::for_test()
        .customers(120)
        .seed(31)
        .set("OKKI_RATE", "30")
        .set("OKKI_BURST", "5");
    let mut pipeline = builder
        .simulator(|options| {
            options.settings.okki.per_second = Some(30.0);
            options.settings.okki.limiter = Limiter::Sliding;
        })
        .start()
        .await;
    let replicas = [(); 3].map(|()| pipeline.run(Service::Extractor));
    let sink = Sink::open(&pipeline).await;
    pipeline[replicas[2]].ready().await;
    eventually(Duration::from_secs(60), "all snapshots", async || {
        let seen = sink.seen().len();
        expect(seen == 120, || format!("{seen}"))
    })
    .await;
    let stats = pipeline.simulator.stats().okki;
    assert_eq!(stats.quota_violations, 0, "{:?}", stats.violation_examples);
    assert!(
        stats.peak_per_second <= 30,
        "{} calls in one second",
        stats.peak_per_second
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn a_limit_that_is_lower_than_configured_is_respected_in_the_end() {
    let builder = PipelineUnderTest::for_test()
        .customers(120)
        .seed(32)
        .set("OKKI_RATE", "60")
        .set("OKKI_BURST", "10");
    let mut pipeline = builder
        .simulator(|options| {
            options.settings.okki.per_second = Some(20.0);
            options.settings.okki.burst = 5;
        })
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(Duration::from_secs(90), "all snapshots", async || {
        let seen = sink.seen().len();
        expect(seen == 120, || format!("{seen}"))
    })
    .await;
    pipeline.quiet(Duration::from_secs(20), 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn one_token_serves_all_and_is_renewed_once() {
    let builder = PipelineUnderTest::for_test()
        .customers(120)
        .seed(33)
        .set("OKKI_RATE", "60");
    let mut pipeline = builder
        .simulator(|options| options.settings.okki.latency_ms = 50)
        .start()
        .await;
    for _ in 0..3 {
        pipeline.run(Service::Extractor);
    }
    let sink = Sink::open(&pipeline).await;
    eventually(Duration::from_secs(60), "details are fetched", async || {
        let calls = calls(&pipeline, "info");
        expect(calls >= 40, || format!("{calls}"))
    })
    .await;
    assert_eq!(calls(&pipeline, "token"), 1);
    pipeline.simulator.revoke_tokens();
    eventually(Duration::from_secs(60), "all snapshots", async || {
        let seen = sink.seen().len();
        expect(seen == 120, || format!("{seen}"))
    })
    .await;
    assert_eq!(
        calls(&pipeline, "token"),
        2,
        "one renewal for all workers of all replicas"
    );
    pipeline.quiet(Duration::from_secs(20), 0).await;
    pipeline.drain().await;
    assert_eq!(complaints(&pipeline), Vec::<String>::new());
    let secret = &pipeline.settings(Service::Extractor)["OKKI_CLIENT_SECRET"];
    assert!(!secret.is_empty());
}
