//! What is going to happen is on record before the first letter moves, and what was interrupted is completed or undone.

use std::process::Stdio;
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::proxy::Proxy;
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::Value;

use super::{buried, dead, ids, refused, said};

const LETTERS: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);
const LATE: Duration = Duration::from_millis(250);

/// A discard that is killed when the archive has the first letters; what it said until then.
async fn killed_discard(pipeline: &PipelineUnderTest) -> String {
    let mut settings = pipeline.settings(Service::Loader);
    let late = Proxy::before_far(&settings["AMQP_URL"], LATE).await.unwrap();
    let through = late.redirected(&settings["AMQP_URL"]).unwrap();
    settings.insert("AMQP_URL".to_owned(), through);
    let mut child = command(Service::Loader, &settings)
        .unwrap()
        .args(["dead", "discard", "--code", "unknown", "--reason", "a killed one"])
        .args(["--operator", "alice"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let archive = pipeline.namespace.archive_queue(Stage::Load);
    eventually(LIMIT, "the archive has letters", async || {
        let count = pipeline.queues.count(&archive).await.unwrap().unwrap_or(0);
        expect(count > 0, || count.to_string())
    })
    .await;
    assert!(child.try_wait().unwrap().is_none(), "it was killed in time");
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

async fn only_operation(pipeline: &PipelineUnderTest) -> Value {
    let operations = dead(pipeline, Service::Loader, &["operations", "--json"]).await;
    assert_eq!(operations.as_array().unwrap().len(), 1, "{operations}");
    operations[0].clone()
}

#[tokio::test]
async fn a_killed_discard_is_on_record_and_is_completed() {
    let (pipeline, _feed) = buried(LETTERS, 95).await;
    let before = ids(&pipeline, Service::Loader).await;
    let told = killed_discard(&pipeline).await;
    let operation = eventually(LIMIT, "nobody works at it any more", async || {
        let operation = only_operation(&pipeline).await;
        expect(operation["state"] != "running", || operation.to_string())?;
        Ok(operation)
    })
    .await;
    let id = operation["id"].as_str().unwrap();
    assert!(told.contains(id), "its id is known before anything moves: {told}");
    let fields =
        ["kind", "state", "filter", "reason", "operator", "stage"].map(|name| operation[name].as_str());
    assert_eq!(
        fields,
        [
            "discard",
            "interrupted",
            "code=unknown",
            "a killed one",
            "alice",
            "load"
        ]
        .map(Some)
    );
    let audit = said(&pipeline, Service::Loader, &["audit", "--json"]).await;
    let begun = audit.lines().find(|line| line.contains("\"discard\"")).unwrap();
    assert!(begun.contains(id) && begun.contains("alice"), "{begun}");

    let result = dead(&pipeline, Service::Loader, &["resume", id, "--json"]).await;
    assert_eq!(result["operation"].as_str(), Some(id), "{result}");
    assert!(ids(&pipeline, Service::Loader).await.is_empty());
    assert_eq!(only_operation(&pipeline).await["state"], "done");
    let undone = dead(
        &pipeline,
        Service::Loader,
        &["undo", id, "--reason", "a test", "--json"],
    )
    .await;
    assert_eq!(undone["moved"].as_u64(), Some(LETTERS as u64), "{undone}");
    assert_same(&pipeline, &before).await;
}

#[tokio::test]
async fn a_killed_discard_is_rolled_back() {
    let (pipeline, _feed) = buried(LETTERS, 96).await;
    let before = ids(&pipeline, Service::Loader).await;
    killed_discard(&pipeline).await;
    let id = only_operation(&pipeline).await["id"].as_str().unwrap().to_owned();
    said(&pipeline, Service::Loader, &["undo", &id, "--reason", "a test"]).await;
    assert_same(&pipeline, &before).await;
    let archive = pipeline.namespace.archive_queue(Stage::Load);
    assert_eq!(pipeline.queues.count(&archive).await.unwrap(), Some(0));
}

async fn assert_same(pipeline: &PipelineUnderTest, before: &[String]) {
    let mut found = ids(pipeline, Service::Loader).await;
    let mut expected = before.to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_import_is_undone_as_a_whole() {
    let (pipeline, _feed) = buried(LETTERS, 97).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letters.jsonl");
    let file = file.to_str().unwrap();
    said(
        &pipeline,
        Service::Loader,
        &["export", "--limit", "5", "--reveal", "--file", file],
    )
    .await;
    let five = std::fs::read_to_string(file).unwrap();
    said(
        &pipeline,
        Service::Loader,
        &["discard", "--limit", "5", "--reason", "a test"],
    )
    .await;
    let rest = ids(&pipeline, Service::Loader).await;
    let imported = dead(
        &pipeline,
        Service::Loader,
        &["import", file, "--reason", "a test", "--json"],
    )
    .await;
    assert_eq!(imported["imported"].as_u64(), Some(five.lines().count() as u64));
    let id = imported["operation"].as_str().unwrap();
    said(
        &pipeline,
        Service::Loader,
        &["undo", id, "--reason", "the wrong file"],
    )
    .await;
    assert_eq!(ids(&pipeline, Service::Loader).await, rest);
}

#[tokio::test]
async fn a_plan_that_was_killed_while_it_was_made_is_completed_or_thrown_away() {
    let (pipeline, _feed) = buried(LETTERS, 98).await;
    let mut settings = pipeline.settings(Service::Loader);
    let late = Proxy::before_far(&settings["REDIS_URL"], LATE).await.unwrap();
    let through = late.redirected(&settings["REDIS_URL"]).unwrap();
    settings.insert("REDIS_URL".to_owned(), through);
    for _ in 0..2 {
        let plans = async || dead(&pipeline, Service::Loader, &["plans", "--json"]).await;
        let making = |plans: &Value| {
            let plans = plans.as_array().unwrap();
            plans.iter().filter(|plan| plan["state"] == "making").count()
        };
        let before = making(&plans().await);
        let mut child = command(Service::Loader, &settings)
            .unwrap()
            .args(["dead", "plan", "--code", "unknown", "--reason", "a test"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually(LIMIT, "it is being made", async || {
            let plans = plans().await;
            expect(making(&plans) > before, || plans.to_string())
        })
        .await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let plans = dead(&pipeline, Service::Loader, &["plans", "--json"]).await;
    let (one, other) = (plans[0]["id"].as_str().unwrap(), plans[1]["id"].as_str().unwrap());
    let thrown = dead(
        &pipeline,
        Service::Loader,
        &["cancel", one, "--reason", "a test", "--json"],
    )
    .await;
    assert_eq!(thrown["state"], "cancelled", "{thrown}");
    let completed = dead(
        &pipeline,
        Service::Loader,
        &["resume", other, "--no-wait", "--json"],
    )
    .await;
    assert_eq!(
        completed["replayed"].as_u64(),
        Some(LETTERS as u64),
        "{completed}"
    );
}

#[tokio::test]
async fn everything_is_put_back_only_when_that_is_said() {
    let (pipeline, _feed) = buried(LETTERS, 99).await;
    let said_no = refused(&pipeline, Service::Loader, &["replay", "--reason", "a test"]).await;
    assert!(said_no.contains("--all"), "{said_no}");
    assert_eq!(ids(&pipeline, Service::Loader).await.len(), LETTERS);
    let all = ["replay", "--all", "--no-wait", "--reason", "a test", "--json"];
    let result = dead(&pipeline, Service::Loader, &all).await;
    assert_eq!(result["replayed"].as_u64(), Some(LETTERS as u64), "{result}");
}

/// At a terminal, which `script` makes, a question is asked, and Ctrl-C there ends the command at once.
#[tokio::test]
async fn at_a_terminal_it_asks_and_an_interrupt_there_ends_it() {
    let (pipeline, _feed) = buried(LETTERS, 100).await;
    let settings = pipeline.settings(Service::Loader);
    let program = command(Service::Loader, &settings).unwrap();
    let line = format!(
        "{} dead replay --all --no-wait --reason 'a test'",
        program.get_program().to_str().unwrap()
    );
    let mut typed = tokio::process::Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut shown = typed.stdout.take().unwrap();
    let mut keyboard = typed.stdin.take().unwrap();
    let mut text = Vec::new();
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    while !String::from_utf8_lossy(&text).contains("[y/N]") {
        let mut bytes = [0; 1024];
        let length = tokio::time::timeout(LIMIT, shown.read(&mut bytes))
            .await
            .unwrap()
            .unwrap();
        assert!(length > 0, "it ended unasked: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&bytes[..length]);
    }
    keyboard.write_all(&[3]).await.unwrap();
    keyboard.flush().await.unwrap();
    let status = tokio::time::timeout(LIMIT, typed.wait())
        .await
        .expect("it ends at once")
        .unwrap();
    assert!(!status.success());
    assert_eq!(ids(&pipeline, Service::Loader).await.len(), LETTERS);
}
