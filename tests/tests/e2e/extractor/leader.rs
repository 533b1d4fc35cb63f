//! The leader is killed or frozen at random pages of a full load: another one goes on there, and a leader that wakes
//! up later changes nothing.

use std::time::Duration;

use futures::StreamExt;
use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;

use super::sink::{Sink, calls, redis, redis_at};

const LIMIT: Duration = Duration::from_secs(120);
const SEEDS: u64 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_dies_or_freezes_at_any_page_costs_no_customer() {
    let seeds = futures::stream::iter(0..SEEDS).map(one_seed);
    seeds.buffer_unordered(3).collect::<Vec<()>>().await;
}

async fn one_seed(seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let builder = PipelineUnderTest::for_test()
        .customers(150)
        .seed(seed)
        .set("OKKI_RATE", "1000")
        .set("LEASE_TTL", "5s");
    let mut pipeline = builder
        .simulator(|options| {
            options.settings.okki.count_cap = 10;
            options.settings.okki.per_second = None;
            options.settings.okki.latency_ms = 15;
        })
        .start()
        .await;
    let replicas = [pipeline.run(Service::Extractor), pipeline.run(Service::Extractor)];
    let page = dice.random_range(2..=20);
    eventually(Duration::from_secs(60), "the listing is under way", async || {
        let calls = calls(&pipeline, "list");
        expect(calls >= page, || format!("{calls} of {page} pages"))
    })
    .await;
    let leader = leader(&mut pipeline, &replicas).await;
    assert!(
        replicas.into_iter().any(|id| Some(id) != leader),
        "one replica is left"
    );
    let frozen = dice.random_bool(0.5);
    if let Some(leader) = leader {
        match frozen {
            true => pipeline[leader].process().sigstop().unwrap(),
            false => pipeline[leader].kill9(),
        }
    }
    let sink = Sink::open(&pipeline).await;
    first_window_is_listed(&pipeline).await;
    let checkpoint = checkpoint(&pipeline).await;
    if let Some(leader) = leader.filter(|_| frozen) {
        pipeline[leader].process().sigcont().unwrap();
        pipeline[leader].ready().await;
    }
    assert_eq!(
        sink.complete(&pipeline, Duration::from_secs(60)).await,
        150,
        "seed {seed}"
    );
    assert!(
        checkpoint <= self::checkpoint(&pipeline).await,
        "seed {seed}: the checkpoint went back"
    );
    let runs = runs(&pipeline).await;
    let full: Vec<_> = runs.iter().filter(|run| run["start"].is_null()).collect();
    assert_eq!(full.len(), 1, "seed {seed}: a second full listing in {runs:?}");
    // What the live runs have published meanwhile is not published again.
    let listed = |runs: &[&Value]| -> u64 { runs.iter().filter_map(|run| run["listed"].as_u64()).sum() };
    let all: Vec<_> = runs.iter().collect();
    assert!(
        listed(&full) <= 150 && listed(&all) >= 150,
        "seed {seed}: {runs:?}"
    );
}

/// Which of the replicas lists now, by the process id in the lease.
async fn leader(pipeline: &mut PipelineUnderTest, replicas: &[ReplicaId]) -> Option<ReplicaId> {
    let proof: Option<String> =
        redis::from_redis_value(redis(pipeline, "GET", "extract:lease:first", &[]).await).unwrap();
    let proof = proof?;
    let id = replicas.iter().find(|id| {
        let pid = pipeline[**id].process().id();
        proof.contains(&format!("-{pid}-"))
    });
    Some(*id.expect("the leader is one of us"))
}

async fn first_window_is_listed(pipeline: &PipelineUnderTest) {
    eventually(Duration::from_secs(60), "the full load is listed", async || {
        let runs = runs(pipeline).await;
        expect(runs.iter().any(|run| run["start"].is_null()), || {
            format!("{runs:?}")
        })
    })
    .await;
}

async fn runs(pipeline: &PipelineUnderTest) -> Vec<Value> {
    let entries: Vec<String> =
        redis::from_redis_value(redis(pipeline, "LRANGE", "extract:runs", &["0", "-1"]).await).unwrap();
    entries
        .iter()
        .map(|entry| serde_json::from_str(entry).unwrap())
        .collect()
}

async fn checkpoint(pipeline: &PipelineUnderTest) -> i64 {
    redis::from_redis_value(redis(pipeline, "HGET", "extract:job:live", &["checkpoint"]).await).unwrap()
}

/// It has counted them as listed, and has published nothing of them: only the listing brings them, so it may not wait.
#[tokio::test]
async fn a_leader_that_died_between_counting_and_publishing_holds_up_nobody() {
    const SHOWN: u64 = 60;
    const ALL: u64 = 300;

    let builder = PipelineUnderTest::for_test()
        .customers(u32::try_from(ALL).unwrap())
        .seed(132);
    let builder = builder.set_for(Service::Extractor, "BACKFILL_AHEAD", "20");
    let mut pipeline = builder.start().await;
    // Details after these come to nothing, so that the load stands still in its middle.
    let mut hangs = Fault::on(Vendor::Okki, "info", FaultKind::Hang { commit: false });
    hangs.nth = (SHOWN + 1..=2 * ALL).collect();
    let hangs = pipeline.simulator.fault(hangs);
    let first = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    let name = format!("{{{}}}:extract:pending:*", pipeline.namespace);
    let sets = eventually(LIMIT, "the first load stands in its middle", async || {
        let calls = calls(&pipeline, "info");
        let sets = redis_at(&pipeline, "KEYS", &name, &[]).await;
        let sets: Vec<String> = redis::from_redis_value(sets).unwrap();
        match calls > SHOWN && !sets.is_empty() {
            true => Ok(sets),
            false => Err(format!("{calls} details, {sets:?}")),
        }
    })
    .await;
    pipeline[first].kill9();
    let counted: Vec<String> = (0..20).map(|number| format!("counted-{number}")).collect();
    let counted: Vec<&str> = counted.iter().map(String::as_str).collect();
    for set in sets {
        redis_at(&pipeline, "SADD", &set, &counted).await;
    }
    pipeline.simulator.clear_faults(Some(hangs));
    pipeline.run(Service::Extractor);
    assert_eq!(sink.complete(&pipeline, LIMIT).await as u64, ALL);
    pipeline.drain().await;
}
