//! What a supervisor, a scraper and a person get from the admin port.

use std::time::Duration;

use pipeline::admin::{Admin, Facts, StatusBoard};
use pipeline::gate::{Gate, Pause};
use pipeline::shutdown::Shutdown;
use pipeline::telemetry::{Metrics, names};
use serde_json::{Value, json};

struct Process {
    url: String,
    facts: Facts,
}

impl Process {
    async fn start() -> Self {
        let admin = Admin::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("http://{}", admin.addr());
        let facts = Facts {
            gate: Gate::new(),
            shutdown: Shutdown::manual(Duration::from_secs(1)),
            status: StatusBoard::default(),
            metrics: Metrics::install(&"okki-test".parse().unwrap()).unwrap(),
        };
        admin.serve(facts.clone());
        Self { url, facts }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        pipeline::tls::install_crypto();
        let answer = reqwest::get(format!("{}{path}", self.url)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> (u16, Value) {
        let (code, text) = self.get(path).await;
        (code, serde_json::from_str(&text).unwrap())
    }
}

#[tokio::test]
async fn an_outage_makes_a_process_not_ready_but_never_dead() {
    let process = Process::start().await;
    assert_eq!(process.get("/readyz").await.0, 200);
    process.facts.gate.close(Pause::Broker, "connection refused");
    process.facts.gate.close(Pause::Credentials, "8301");
    let (code, body) = process.json("/readyz").await;
    assert_eq!(
        (code, &body["ready"], &body["draining"]),
        (503, &json!(false), &json!(false))
    );
    let reasons: Vec<_> = body["paused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pause| &pause["reason"])
        .collect();
    assert_eq!(reasons, ["broker", "credentials"]);
    assert_eq!(body["paused"][0]["detail"], "connection refused");
    assert_eq!(process.get("/livez").await.0, 200);
    process.facts.gate.open(Pause::Broker);
    assert_eq!(process.get("/readyz").await.0, 503);
    process.facts.gate.open(Pause::Credentials);
    assert_eq!(process.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn a_draining_process_is_not_ready_and_still_answers() {
    let process = Process::start().await;
    process.facts.shutdown.trigger();
    let (code, body) = process.json("/readyz").await;
    assert_eq!((code, &body["draining"]), (503, &json!(true)));
    assert_eq!(process.get("/livez").await.0, 200);
    assert_eq!(process.json("/status").await.1["draining"], true);
}

#[tokio::test]
async fn the_status_is_what_the_parts_said_last() {
    let process = Process::start().await;
    process.facts.status.set("leader", json!(false));
    process.facts.status.set("leader", json!(true));
    process.facts.status.set("window", json!({ "from": 1 }));
    let (code, body) = process.json("/status").await;
    assert_eq!(
        (code, &body["leader"], &body["window"]["from"]),
        (200, &json!(true), &json!(1))
    );
}

#[tokio::test]
async fn metrics_are_rendered_with_help_and_buckets() {
    // Labels of this test alone: the recorder belongs to the process, which other tests share.
    let process = Process::start().await;
    metrics::counter!(names::RECORDS, "stage" => "admin", "outcome" => "loaded").increment(3);
    metrics::histogram!(names::QUOTA_WAIT, "bucket" => "admin", "lane" => "live").record(0.02);
    let (code, text) = process.get("/metrics").await;
    assert_eq!(code, 200);
    for line in [
        "# HELP okki_records_total Records whose delivery was settled, by disposition",
        "# TYPE okki_records_total counter",
        "okki_records_total{namespace=\"okki-test\",stage=\"admin\",outcome=\"loaded\"} 3",
        "okki_quota_wait_seconds_bucket{namespace=\"okki-test\",bucket=\"admin\",lane=\"live\",le=\"0.025\"} 1",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let first = Admin::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let Err(error) = Admin::bind(first.addr()).await else {
        panic!("bound twice")
    };
    assert_eq!(
        error.to_string(),
        format!("cannot listen on ADMIN_LISTEN {}", first.addr())
    );
}
