//! The control side, churn, and stopping.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Bench;
use crate::simulator::*;

#[tokio::test]
async fn the_control_side_does_what_the_handle_does() {
    let bench = Bench::with(10).await;
    let url = bench.simulator.url();
    let post = async |path: &str, body: Value| -> Value {
        bench
            .http
            .post(format!("{url}{path}"))
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    assert_eq!(
        post("/sim/change", json!({"count": 3})).await["company_ids"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let id = bench.simulator.company_ids()[0];
    post(
        "/sim/change",
        json!({"company_id": id, "set": {"short_name": "set"}}),
    )
    .await;
    let shown: Value = bench
        .http
        .get(format!("{url}/sim/customers/{id}"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(shown["expected"][1], "set");
    assert!(
        post("/sim/change", json!({"company_id": id, "set": {"shrt": 1}})).await["error"]
            .as_str()
            .unwrap()
            .contains("shrt")
    );
    assert!(
        post("/sim/settings", json!({"jdy": {"nope": 1}})).await["error"]
            .as_str()
            .unwrap()
            .contains("nope")
    );
    assert!(
        post("/sim/faults", json!({"vendor": "sap"})).await["error"]
            .as_str()
            .unwrap()
            .contains("sap")
    );
    assert_eq!(
        post("/sim/settings", json!({"jdy": {"enforce": false}})).await["jdy"]["enforce"],
        false
    );
    post("/sim/rows", json!({KEY_WIDGET: {"value": "by hand"}})).await;
    let report: Value = bench
        .http
        .get(format!("{url}/sim/judge"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (report["foreign"].as_i64(), report["missing"].as_i64()),
        (Some(1), Some(10))
    );
    post("/sim/outage", json!({"vendor": "okki", "on": true})).await;
    assert!(bench.okki("/v1/company/list").await.is_err());
    post("/sim/outage", json!({"vendor": "okki", "on": false})).await;
    assert!(bench.okki("/v1/company/list").await.is_ok());
    assert_eq!(
        post(
            "/sim/reset",
            json!({"rows": true, "world": {"customers": 4, "seed": 2}})
        )
        .await["source_customers"],
        4
    );
    assert_eq!(bench.simulator.form_rows(), 0);
    let help = bench
        .http
        .get(format!("{url}/sim/"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(help, CONTROL_HELP);
}

#[tokio::test]
async fn churn_changes_customers_until_it_is_done() {
    let bench = Bench::with(50).await;
    bench.simulator.churn(Churn {
        per_second: 500.0,
        add: 1,
        remove: 1,
        total: Some(40),
        ..Churn::default()
    });
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let newest = bench.data("/v1/company/list?count=500").await;
        let names = newest["list"].as_array().unwrap().iter();
        if names
            .filter(|item| item["short_name"].as_str().unwrap().starts_with('r'))
            .count()
            > 5
        {
            break;
        }
        assert!(Instant::now() < patience, "no churn to be seen");
    }
    bench.simulator.churn(Churn::default());
}

#[tokio::test]
async fn stopping_resets_what_hangs() {
    let bench = Bench::with(0).await;
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "hang"}));
    let request = tokio::spawn(bench.batch("a", &["a"]).send());
    let patience = Instant::now() + Duration::from_secs(60);
    while bench.simulator.stats().jdy.in_flight == 0 {
        assert!(Instant::now() < patience, "the request never arrived");
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    bench.simulator.stop().await;
    assert!(request.await.unwrap().is_err());
    assert!(begun.elapsed() < Duration::from_secs(60));
}
