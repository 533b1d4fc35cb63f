//! Several replicas: they scale, keep one limit together, and need one token.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Limiter, Vendor};
use kit::wait::{eventually, expect};

use super::sink::{Sink, calls, complaints, redis_at};

/// Calls that a replica makes at a time.
const CONCURRENCY: u64 = 4;

/// As many calls as all replicas together may make are under way at the same time: the vendor is slow, so that each of
/// them is there long enough to be seen, however slow this machine is. `make bench` measures what that brings.
async fn all_replicas_are_at_work(replicas: u64) {
    let builder = PipelineUnderTest::for_test()
        .seed(20 + replicas)
        .set("OKKI_RATE", "1000")
        .set("OKKI_CONCURRENCY", CONCURRENCY.to_string());
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
    eventually(limit, "every replica makes all its calls at a time", async || {
        let most = u64::from(pipeline.simulator.stats().okki.max_in_flight);
        expect(most >= CONCURRENCY * replicas, || {
            format!("{most} calls of {replicas} replicas")
        })
    })
    .await;
    let most = u64::from(pipeline.simulator.stats().okki.max_in_flight);
    assert_eq!(most, CONCURRENCY * replicas, "and no more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn details_scale_with_the_replicas() {
    for replicas in [1, 2, 4] {
        all_replicas_are_at_work(replicas).await;
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
    pipeline.assert_within_quota();
    assert!(
        stats.peak_per_second as u64 <= 30 + stats.quota_violations,
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
    pipeline.quiet(Duration::from_secs(60), 0).await;
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
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
    assert_eq!(complaints(&pipeline), Vec::<String>::new());
    let secret = &pipeline.settings(Service::Extractor)["OKKI_CLIENT_SECRET"];
    assert!(!secret.is_empty());
}

/// What is left of the term of whoever fetches a token, milliseconds; below zero: nobody does.
async fn term_of_the_token(pipeline: &PipelineUnderTest) -> i64 {
    let accounts = &pipeline.settings(Service::Extractor)["ACCOUNT_NAMESPACE"];
    let keys = redis_at(pipeline, "KEYS", &format!("{{{accounts}}}:*token:renewal"), &[]).await;
    let keys: Vec<String> = redis::from_redis_value(keys).unwrap();
    match keys.first() {
        Some(key) => redis::from_redis_value(redis_at(pipeline, "PTTL", key, &[]).await).unwrap(),
        None => -1,
    }
}

#[tokio::test]
async fn a_replica_that_is_killed_while_it_fetches_the_token_keeps_the_others_waiting_for_moments() {
    let mut pipeline = PipelineUnderTest::for_test().customers(20).seed(34).start().await;
    let hangs = Fault::on(Vendor::Okki, "token", FaultKind::Hang { commit: false });
    pipeline.simulator.fault(hangs.times(1));
    let killed = pipeline.run(Service::Extractor);
    eventually(Duration::from_secs(60), "it fetches a token", async || {
        let calls = calls(&pipeline, "token");
        expect(calls == 1, || format!("{calls}"))
    })
    .await;
    pipeline[killed].kill9();
    let left = term_of_the_token(&pipeline).await;
    assert!(left <= 5_000, "{left} ms");
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(Duration::from_secs(60), "all snapshots", async || {
        let seen = sink.seen().len();
        expect(seen == 20, || format!("{seen}"))
    })
    .await;
    assert_eq!(calls(&pipeline, "token"), 2);
    pipeline.drain().await;
}
