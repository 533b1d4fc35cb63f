//! A supervisor scales every stage 1 → 4 → 1 during a run: SIGTERM costs not one redelivery, `kill -9` costs no record,
//! and while there is a backlog no replica is idle.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::wait::{eventually, expect};
use regex::Regex;

const CUSTOMERS: u32 = 1_000;

/// Sum of a counter's series in a replica's metrics.
async fn counter(pipeline: &PipelineUnderTest, id: ReplicaId, name: &str) -> f64 {
    let (status, text) = pipeline[id].get("/metrics").await.unwrap();
    assert_eq!(status, 200);
    let series = Regex::new(&format!(r"(?m)^{name}(?:\{{[^}}]*\}})? ([0-9.e+]+)$")).unwrap();
    series
        .captures_iter(&text)
        .map(|found| found[1].parse::<f64>().unwrap())
        .sum()
}

async fn slow_vendors(seed: u64, customers: u32, latency_ms: u64) -> PipelineUnderTest {
    PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        // Small batches, so that there is something to share.
        .set_for(Service::Loader, "BATCH_SIZE", "10")
        .set_for(Service::Loader, "CONCURRENCY", "1")
        .set_for(Service::Transformer, "BATCH_SIZE", "5")
        .set_for(Service::Transformer, "CONCURRENCY", "1")
        .simulator(|options| options.settings.jdy.latency_ms = latency_ms)
        .start()
        .await
}

#[tokio::test]
async fn scaling_out_and_in_by_sigterm_redelivers_nothing_and_leaves_no_replica_idle() {
    let mut pipeline = slow_vendors(72, CUSTOMERS, 1_500).await;
    let first = pipeline.run_all();
    pipeline.rows(Duration::from_secs(60), 30).await;
    let more: Vec<ReplicaId> = (0..3)
        .flat_map(|_| Service::ALL)
        .map(|service| pipeline.run(service))
        .collect();
    for id in &more {
        pipeline[*id].ready().await;
    }
    // Four loaders on one backlog: each of them settles records.
    let loaders: Vec<ReplicaId> = first
        .iter()
        .chain(&more)
        .copied()
        .filter(|id| pipeline[*id].service == Service::Loader)
        .collect();
    eventually(
        Duration::from_secs(60),
        "every loader has its share",
        async || {
            let mut shares = Vec::new();
            for id in &loaders {
                shares.push(counter(&pipeline, *id, "okki_records_total").await);
            }
            expect(shares.iter().all(|share| *share > 0.0), || format!("{shares:?}"))
        },
    )
    .await;
    // In the middle of the run, the first ones go, the last one of each stage stays.
    let (leaving, staying) = (
        first.into_iter().chain(more[..6].iter().copied()),
        more[6..].to_vec(),
    );
    for id in leaving {
        pipeline[id].process().sigterm().unwrap();
        let status = pipeline[id]
            .process()
            .wait(Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(status.code(), Some(0), "{}", pipeline[id].name());
    }
    pipeline.simulator.set(|settings| settings.jdy.latency_ms = 20);
    let report = pipeline.until_equal(Duration::from_secs(120)).await;
    assert_eq!(report.form_rows, CUSTOMERS as usize);
    pipeline.assert_within_quota();
    for id in &staying {
        let redelivered = counter(&pipeline, *id, "okki_redeliveries_total").await;
        assert_eq!(redelivered, 0.0, "{}", pipeline[*id].name());
    }
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn scaling_in_by_kill_loses_nothing() {
    let mut pipeline = slow_vendors(73, 400, 300).await;
    let first = pipeline.run_all();
    let more: Vec<ReplicaId> = (0..3)
        .flat_map(|_| Service::ALL)
        .map(|service| pipeline.run(service))
        .collect();
    pipeline.rows(Duration::from_secs(60), 100).await;
    for id in first.into_iter().chain(more[..6].iter().copied()) {
        pipeline[id].kill9();
    }
    let report = pipeline.until_equal(Duration::from_secs(240)).await;
    assert_eq!(report.form_rows, 400);
    pipeline.assert_within_quota();
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}
