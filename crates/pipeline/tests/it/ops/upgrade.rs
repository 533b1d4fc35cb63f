//! `doctor --upgrade` says what stands in the way of another version, from what replicas, queues and Redis really hold.

use std::time::Duration;

use pipeline::{
    doctor::{self, DoctorArgs, Finding, Health},
    message::{Envelope, Outgoing},
    names::Namespace,
    service::Runtime,
    shutdown::Shutdown,
    stage::Stage,
};
use serde_json::json;

use crate::support;
use kit::config::common;

const ASKED: DoctorArgs = DoctorArgs {
    json: false,
    send: false,
    upgrade: true,
};

async fn tool(namespace: &Namespace) -> Runtime {
    let mut common = common(&namespace.to_string());
    // What is put into the last retry queue stays there while it is looked at.
    common.retry = "1h".parse().unwrap();
    let rt = Runtime::assemble("doctor", &common, Shutdown::manual(Duration::from_secs(1))).unwrap();
    rt.declare(Stage::Load).await.unwrap();
    rt
}

/// Whatever a replica of this program says, `generations` left out as a version does that knows none.
async fn heartbeat(rt: &Runtime, program: &str, instance: &str, generations: Option<serde_json::Value>) {
    let mut said = json!({
        "service": program, "instance": instance, "version": "0.2.0", "since": "2026-01-01T00:00:00Z",
        "draining": false, "paused": [], "status": null,
    });
    if let Some(generations) = generations {
        said["generations"] = generations;
    }
    let mut connection = rt.store.connection().await.unwrap();
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut *connection).await.unwrap();
    let now_ms = seconds * 1_000 + micros / 1_000;
    let _added: u32 = redis::cmd("HSET")
        .arg(format!("{{{}}}:replicas", rt.namespace))
        .arg(format!("{program} {instance}"))
        .arg(format!("{now_ms} {said}"))
        .query_async(&mut *connection)
        .await
        .unwrap();
}

fn of<'a>(findings: &'a [Finding], what: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.what == what).collect()
}

#[tokio::test]
async fn where_all_is_of_one_version_nothing_stands_in_the_way() {
    let rt = tool(&support::namespace()).await;
    let ours = json!({"index": 2, "accounts": 2, "messages": 2});
    for program in ["extractor", "transformer", "loader"] {
        heartbeat(&rt, program, program, Some(ours.clone())).await;
    }
    let findings = doctor::upgrade(&rt, Stage::Load, ASKED).await;
    assert!(
        findings.iter().all(|finding| finding.health == Health::Good),
        "{findings:?}"
    );
    let names: Vec<_> = findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(names, ["versions", "next", "messages", "kept in Redis"]);
    let unasked = DoctorArgs {
        upgrade: false,
        ..ASKED
    };
    assert!(doctor::upgrade(&rt, Stage::Load, unasked).await.is_empty());
}

#[tokio::test]
async fn what_stands_in_the_way_is_named_with_what_to_do() {
    let rt = tool(&support::namespace()).await;
    heartbeat(&rt, "loader", "older", None).await;
    heartbeat(
        &rt,
        "loader",
        "newer",
        Some(json!({"index": 2, "accounts": 2, "messages": 2})),
    )
    .await;
    // What an older consumer could not read waits in the last retry queue.
    let last = *rt.broker.retry().ladder().last().unwrap();
    let envelope = Envelope {
        kind: "okki.pipeline.v2.FormRecord".to_owned(),
        ..Envelope::default()
    };
    let newer = Outgoing::raw(rt.namespace.retry_queue(Stage::Load, last), envelope, "x".into());
    rt.publisher.publish(vec![newer]).await.unwrap();
    let mut connection = rt.store.connection().await.unwrap();
    redis::pipe()
        .cmd("HSET")
        .arg(rt.namespace.index_key())
        .arg("state")
        .arg("ready")
        .cmd("SET")
        .arg(format!("{{{}}}:okki:token", rt.namespace))
        .arg("x")
        .exec_async(&mut *connection)
        .await
        .unwrap();
    let findings = doctor::upgrade(&rt, Stage::Load, ASKED).await;
    let beside = of(&findings, "beside each other");
    assert_eq!(beside[0].health, Health::Bad, "{findings:?}");
    assert!(
        beside[0].seen.contains("older; they keep the index"),
        "{findings:?}"
    );
    let next = of(&findings, "next")[0];
    assert!(
        next.seen == "loader" && next.remedy.contains("stop every loader"),
        "{next:?}"
    );
    let messages = of(&findings, "messages")[0];
    assert!(
        messages.health == Health::Bad && messages.seen.starts_with("1 messages are of a newer"),
        "{messages:?}"
    );
    // The look has changed nothing.
    let again = doctor::upgrade(&rt, Stage::Load, ASKED).await;
    assert_eq!(of(&again, "messages"), [messages]);
    let kept = of(&findings, "kept in Redis");
    assert!(
        kept.len() == 2 && kept.iter().all(|finding| finding.health == Health::Risk),
        "{kept:?}"
    );
}

/// 0.2.0 has no heartbeats; its consumers are seen by the broker all the same.
#[tokio::test]
async fn a_consumer_that_says_nothing_of_itself_is_found() {
    let rt = tool(&support::namespace()).await;
    let url = common(&rt.namespace.to_string()).amqp.url;
    let connection = lapin::Connection::connect(url.expose(), lapin::ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let queue = rt.namespace.queue(Stage::Load);
    let consumer = channel
        .basic_consume(
            queue.as_str().into(),
            "".into(),
            lapin::options::BasicConsumeOptions::default(),
            lapin::types::FieldTable::default(),
        )
        .await
        .unwrap();
    let findings = doctor::upgrade(&rt, Stage::Load, ASKED).await;
    let versions = of(&findings, "versions");
    assert_eq!(versions.len(), 2, "{findings:?}");
    assert!(
        versions[1].health == Health::Bad && versions[1].seen.contains("0.2.0 or earlier"),
        "{versions:?}"
    );
    drop(consumer);
}
