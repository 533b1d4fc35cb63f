//! Scripted faults, seen from outside.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Bench;
use crate::simulator::*;

#[tokio::test]
async fn writes_may_take_effect_behind_a_bad_answer() {
    let bench = Bench::with(0).await;
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "status", "status": 502, "commit": true}),
    );
    assert_eq!(
        bench.batch("a", &["a"]).send().await.unwrap().status(),
        StatusCode::BAD_GATEWAY
    );
    assert_eq!(bench.simulator.form_rows(), 1);
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "status", "status": 503}),
    );
    assert_eq!(
        bench.batch("b", &["b"]).send().await.unwrap().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(bench.simulator.form_rows(), 1);
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "malformed"}));
    assert!(
        bench
            .batch("c", &["c"])
            .send()
            .await
            .unwrap()
            .json::<Value>()
            .await
            .is_err()
    );
    assert_eq!(bench.simulator.form_rows(), 2);
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "partial", "rows": 1}));
    let partial: Value = bench
        .batch("d", &["d", "e"])
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(partial["success_count"], 1);
    assert_eq!(bench.simulator.form_rows(), 3);
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "code", "code": 7212}));
    let refused = bench.batch("f", &["f"]).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], 7212);
    assert_eq!(
        bench
            .simulator
            .faults()
            .iter()
            .map(|f| f.fired)
            .collect::<Vec<_>>(),
        [1, 1, 1, 1, 1]
    );
}

#[tokio::test]
async fn connections_are_reset_before_or_after_the_work() {
    let bench = Bench::with(0).await;
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "reset", "commit": true}),
    );
    assert!(bench.batch("a", &["a"]).send().await.unwrap_err().is_request());
    assert_eq!(bench.simulator.form_rows(), 1);
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "reset"}));
    assert!(bench.batch("b", &["b"]).send().await.is_err());
    assert_eq!(bench.simulator.form_rows(), 1);
    let id = bench.simulator.outage(Vendor::Jdy);
    assert!(bench.batch("c", &["c"]).send().await.is_err());
    assert!(
        bench.okki("/v1/company/list").await.is_ok(),
        "the other vendor is up"
    );
    bench.simulator.clear_faults(Some(id));
    assert!(bench.batch("c", &["c"]).send().await.is_ok());
}

#[tokio::test]
async fn hanging_answers_stay_in_flight_until_the_client_gives_up() {
    let bench = Bench::with(0).await;
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "hang", "commit": true}),
    );
    let error = bench
        .batch("a", &["a"])
        .timeout(Duration::from_secs(3))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(bench.simulator.form_rows(), 1);
    let patience = Instant::now() + Duration::from_secs(60);
    while bench.simulator.stats().jdy.in_flight > 0 {
        assert!(Instant::now() < patience, "the hung request is still in flight");
        tokio::task::yield_now().await;
    }
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "late_commit", "ms": 6_000}),
    );
    assert!(
        bench
            .batch("b", &["b"])
            .timeout(Duration::from_secs(2))
            .send()
            .await
            .is_err()
    );
    assert_eq!(bench.simulator.form_rows(), 1, "not yet");
    // a resend waits for the request that still runs, and then finds its row
    let answer: Value = bench
        .batch("b", &["b"])
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (
            answer["success_count"].as_i64(),
            answer["success_ids"].as_array().map(Vec::len)
        ),
        (Some(1), Some(0))
    );
    assert_eq!(bench.simulator.form_rows(), 2);
}

#[tokio::test]
async fn one_id_with_two_row_sets_is_reported_even_if_nothing_was_written() {
    let bench = Bench::with(0).await;
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "reset"}));
    assert!(bench.batch("a", &["a"]).send().await.is_err());
    bench.batch("a", &["b"]).send().await.unwrap();
    assert_eq!(bench.simulator.stats().transactions.conflicts, 1);
    // a refusal is certain: the id is free again
    bench.simulator.set(|s| {
        s.jdy.poison.push(Poison {
            marker: "☠".into(),
            code: 3005,
        })
    });
    assert_eq!(
        bench.batch("c", &["☠"]).send().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    bench.batch("c", &["c"]).send().await.unwrap();
    assert_eq!(bench.simulator.stats().transactions.conflicts, 1);
}

#[tokio::test]
async fn too_many_at_once_get_429() {
    let bench = Bench::with(0).await;
    bench.simulator.set(|s| {
        s.jdy.concurrency = Some(2);
        // Longer than a busy machine takes to send four requests.
        s.jdy.latency_ms = 3_000;
    });
    let calls = (0..4).map(|i| {
        let (id, name) = (format!("t{i}"), format!("n{i}"));
        let request = bench.batch(&id, &[&name]);
        async move { request.send().await.unwrap().status().as_u16() }
    });
    let mut statuses = futures::future::join_all(calls).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429, 429]);
    assert!(bench.simulator.stats().jdy.max_in_flight >= 3);
}
