//! I2 and I3 with several loaders at once: interleaved versions, a loader that wakes up late, many lost answers.

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use rand::seq::SliceRandom as _;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn four_loaders_on_versions_in_any_order_end_with_the_newest() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(100)
        .seed(61)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &ids);
    for _ in 0..3 {
        for id in &ids {
            pipeline.simulator.change_one(*id, None).unwrap();
        }
        records.extend(feed.records(&pipeline, &ids));
    }
    records.shuffle(&mut rand::rng());
    for _ in 0..4 {
        pipeline.run(Service::Loader);
    }
    feed.put(&records).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates, report.stale), (100, 0, 0));
    pipeline.quiet(LIMIT, 0).await;
    let report = pipeline.simulator.judge().await;
    assert!(report.is_equal(), "{report:?}");
    pipeline.assert_within_quota();
    pipeline.drain().await;
}

#[tokio::test]
async fn a_loader_that_was_frozen_beyond_its_lease_overwrites_nothing() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(40)
        .seed(62)
        .set("INDEX_SETTLE", "0s")
        .set("LEASE", "3s")
        .set("LATE_WRITES", "5s")
        .simulator(|options| options.settings.jdy.latency_ms = 1000)
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let frozen = pipeline.run(Service::Loader);
    pipeline[frozen].ready().await;
    feed.put_all(&pipeline).await;
    eventually(LIMIT, "a batch is on its way", async || {
        let stats = serde_json::to_value(pipeline.simulator.stats()).unwrap();
        expect(
            stats["jdy"]["calls"]["batch_create"]["calls"].as_u64() >= Some(1),
            || stats.to_string(),
        )
    })
    .await;
    pipeline[frozen].process().sigstop().unwrap();
    let heir = pipeline.run(Service::Loader);
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..5] {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    // The frozen one still holds its deliveries, so the same customers come again.
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline[frozen].process().sigcont().unwrap();
    pipeline[frozen].ready().await;
    pipeline[heir].ready().await;
    pipeline.quiet(LIMIT, 0).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates, report.stale), (40, 0, 0));
    pipeline.drain().await;
}

#[tokio::test]
async fn every_tenth_answer_lost_costs_nothing() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(2000)
        .seed(63)
        .set("INDEX_SETTLE", "0s")
        .set("BATCH_SIZE", "25")
        .set("JDY_TIMEOUT", "1s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    for (seed, kind) in [
        (1, FaultKind::Hang { commit: true }),
        (
            2,
            FaultKind::Status {
                status: 502,
                commit: true,
            },
        ),
        (3, FaultKind::Reset { commit: true }),
    ] {
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Jdy, "batch_create", kind).probability(0.034, seed));
    }
    pipeline.run(Service::Loader);
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(
        (report.form_rows, report.duplicates, report.missing),
        (2000, 0, 0)
    );
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn single_mode_looks_up_before_it_sends_again() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(64)
        .set("INDEX_SETTLE", "0s")
        .set("JDY_TIMEOUT", "1s")
        .set("LATE_WRITES", "5s")
        .set_for(Service::Loader, "WRITE_MODE", "single")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    for (nth, kind) in [
        (3, FaultKind::Hang { commit: true }),
        (6, FaultKind::Hang { commit: false }),
        (
            9,
            FaultKind::Status {
                status: 502,
                commit: true,
            },
        ),
    ] {
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Jdy, "create", kind).nth(nth));
    }
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (30, 0));
    assert!(pipeline.simulator.faults().iter().all(|fault| fault.fired > 0));
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}
