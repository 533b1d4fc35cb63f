//! `doctor` finds a good broker and Redis good, and says what to do about bad ones.

use std::time::Duration;

use axum::{Json, http::Uri};
use serde_json::json;
use tokio::net::TcpListener;

use pipeline::{
    doctor::{self, Health},
    service::Runtime,
    setting::Secret,
    shutdown::Shutdown,
    stage::Stage,
};

use crate::support;
use kit::config::common;

#[tokio::test]
async fn a_good_broker_and_redis_are_found_good() {
    let common = common(&support::namespace().to_string());
    let rt = Runtime::assemble("doctor", &common, Shutdown::manual(Duration::from_secs(1))).unwrap();
    let findings = doctor::examine(&rt, Stage::Transform).await;
    let bad: Vec<_> = findings
        .iter()
        .filter(|finding| finding.health == Health::Bad)
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
    let names: Vec<_> = findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(
        names,
        [
            "broker",
            "queues",
            "events",
            "policies",
            "backlog",
            "redis",
            "eviction",
            "persistence",
            "clocks"
        ]
    );
}

#[tokio::test]
async fn a_remedy_is_given_for_each_fault_and_no_secret() {
    let mut common = common(&support::namespace().to_string());
    common.amqp.url = Secret::new("amqp://guest:hunter2@127.0.0.1:1/%2f");
    common.redis.url = Secret::new("redis://:hunter2@127.0.0.1:1/0");
    let rt = Runtime::assemble("doctor", &common, Shutdown::manual(Duration::from_secs(1))).unwrap();
    let findings = doctor::examine(&rt, Stage::Load).await;
    assert_eq!(findings.len(), 2);
    for finding in findings {
        assert_eq!(finding.health, Health::Bad);
        assert!(
            !finding.remedy.is_empty() && !format!("{finding:?}").contains("hunter2"),
            "{finding:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_from_a_missing_broker() {
    let mut common = common(&support::namespace().to_string());
    let url = common.amqp.url.expose().replace("guest:guest", "guest:wrong");
    assert_ne!(url, common.amqp.url.expose());
    common.amqp.url = Secret::new(url);
    let rt = Runtime::assemble("doctor", &common, Shutdown::manual(Duration::from_secs(1))).unwrap();
    let findings = doctor::examine(&rt, Stage::Load).await;
    let finding = findings
        .iter()
        .find(|finding| finding.health == Health::Bad)
        .unwrap();
    assert!(finding.remedy.contains("password"), "{finding:?}");
}

/// AMQP shows no policy; the management plugin does, for which a server with its answer stands in.
#[tokio::test]
async fn a_policy_that_could_drop_messages_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut common = common(&support::namespace().to_string());
    let url = format!("http://watcher:hunter2@{}", listener.local_addr().unwrap());
    common.amqp.management = Some(Secret::new(url));
    let dead = common.namespace.dead_queue(Stage::Load);
    let queue = move |uri: Uri| async move {
        let policy = if uri.path() == format!("/api/queues/%2F/{dead}") {
            json!({"policy": "old", "effective_policy_definition": {"message-ttl": 1000}})
        } else {
            json!({"policy": null, "effective_policy_definition": []})
        };
        Json(policy)
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(queue)).await });
    let rt = Runtime::assemble("doctor", &common, Shutdown::manual(Duration::from_secs(1))).unwrap();
    let findings = doctor::examine(&rt, Stage::Load).await;
    let finding = findings
        .iter()
        .find(|finding| finding.what == "policies")
        .unwrap();
    assert_eq!(finding.health, Health::Bad, "{finding:?}");
    assert!(
        finding.seen.contains("policy `old` sets message-ttl") && finding.seen.contains(".load.dead"),
        "{finding:?}"
    );
    let findings = doctor::examine(&rt, Stage::Transform).await;
    let finding = findings
        .iter()
        .find(|finding| finding.what == "policies")
        .unwrap();
    assert_eq!(finding.health, Health::Good, "{finding:?}");
}
