//! Every command, in every one of the three programs, with letters that no replay can heal.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};

use super::{dead, ids, refused, said};

const LETTERS: usize = 12;

#[tokio::test]
async fn every_command_works_in_every_stage() {
    let mut pipeline = PipelineUnderTest::for_test().customers(3).seed(61).start().await;
    let replicas = pipeline.run_all();
    for id in replicas {
        pipeline[id].ready().await;
    }
    for service in Service::ALL {
        for number in 0..LETTERS {
            let body = format!("\u{a}\u{7f}this is no protobuf {number}");
            pipeline
                .queues
                .put(service.stage(), body.as_bytes())
                .await
                .unwrap();
        }
    }
    pipeline
        .quiet(Duration::from_secs(60), u32::try_from(3 * LETTERS).unwrap())
        .await;
    for service in Service::ALL {
        commands(&pipeline, service).await;
    }
    pipeline
        .quiet(Duration::from_secs(60), u32::try_from(3 * LETTERS).unwrap())
        .await;
    pipeline.drain().await;
}

async fn commands(pipeline: &PipelineUnderTest, service: Service) {
    let before = ids(pipeline, service).await;
    assert_eq!(before.len(), LETTERS);
    let groups = dead(pipeline, service, &["groups", "--json"]).await;
    assert_eq!(
        (groups[0]["count"].as_u64(), groups[0]["code"].as_str()),
        (Some(12), Some("undecodable"))
    );
    let group = groups[0]["group"].as_str().unwrap();
    let shown = dead(pipeline, service, &["show", &before[5], "--json"]).await;
    assert_eq!(shown["stage"], service.stage().name());
    // Only the transformer has a mapping of its own; the loader's stands in a body, and this one cannot be read.
    assert_eq!(
        shown["mapping"].is_string(),
        service == Service::Transformer,
        "{shown}"
    );
    assert!(
        said(
            pipeline,
            service,
            &["show", before[5].rsplit_once('~').unwrap().1]
        )
        .await
        .contains("undecodable")
    );
    let found = said(pipeline, service, &["list", "--text", "PROTOBUF 7", "--json"]).await;
    assert_eq!(found.lines().count(), 1);
    assert_eq!(
        said(pipeline, service, &["list", "--limit", "3", "--json"])
            .await
            .lines()
            .count(),
        3
    );
    assert_eq!(ids(pipeline, service).await, before, "browsing changed nothing");

    // The cause is not gone: the canary dies again and the others never leave.
    let plan = dead(
        pipeline,
        service,
        &[
            "plan", "--group", group, "--reason", "a test", "--rate", "4", "--json",
        ],
    )
    .await;
    assert_eq!(
        (plan["total"].as_u64(), plan["cost"]["seconds"].as_u64()),
        (Some(12), Some(3))
    );
    let id = plan["id"].as_str().unwrap();
    let stopped = refused(pipeline, service, &["replay", id, "--json"]).await;
    assert!(stopped.contains("stopped: 1 of 1 failed again"), "{stopped}");
    let after = ids(pipeline, service).await;
    assert_eq!(after[..LETTERS - 1], before[1..]);
    let plans = dead(pipeline, service, &["plans", "--json"]).await;
    assert_eq!(
        (plans[0]["state"].as_str(), plans[0]["sent"].as_u64()),
        (Some("stopped"), Some(1))
    );
    assert!(
        refused(pipeline, service, &["replay", id])
            .await
            .contains("dead resume")
    );
    assert!(
        refused(pipeline, service, &["resume", id])
            .await
            .contains("stopped")
    );
    said(pipeline, service, &["cancel", id, "--reason", "a test"]).await;
    assert!(
        refused(pipeline, service, &["resume", id])
            .await
            .contains("is cancelled")
    );

    // Away, back, out and in again.
    let all = ids(pipeline, service).await;
    let two = [
        "discard",
        "--text",
        "protobuf 1",
        "--limit",
        "2",
        "--reason",
        "a test",
        "--operator",
        "bob",
        "--json",
    ];
    let discarded = dead(pipeline, service, &two).await;
    assert_eq!(
        (discarded["moved"].as_u64(), discarded["left"].as_u64()),
        (Some(2), Some(10))
    );
    let archived = said(pipeline, service, &["list", "--archived", "--json"]).await;
    assert_eq!(archived.lines().count(), 2);
    assert!(archived.contains("\"operator\":\"bob\""));
    let operation = discarded["operation"].as_str().unwrap();
    let undone = dead(
        pipeline,
        service,
        &["undo", operation, "--reason", "a test", "--json"],
    )
    .await;
    assert_eq!(undone["moved"], 2);
    let mut back = ids(pipeline, service).await;
    let mut expected = all.clone();
    back.sort();
    expected.sort();
    assert_eq!(back, expected);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letters.jsonl");
    let file = file.to_str().unwrap();
    said(pipeline, service, &["export", "--reveal", "--file", file]).await;
    said(pipeline, service, &["discard", "--all", "--reason", "a test"]).await;
    let imported = dead(
        pipeline,
        service,
        &["import", file, "--reason", "a test", "--json"],
    )
    .await;
    assert_eq!(
        (imported["imported"].as_u64(), imported["present"].as_u64()),
        (Some(12), Some(0))
    );

    let audit = said(pipeline, service, &["audit", "--json"]).await;
    for action in [
        "plan",
        "replay ended",
        "cancel",
        "discard",
        "undo",
        "export",
        "import",
    ] {
        assert!(
            audit.contains(&format!("\"action\":\"{action}\"")),
            "{action} is not in the log"
        );
    }
    wrong_input(pipeline, service, &before[11]).await;
}

async fn wrong_input(pipeline: &PipelineUnderTest, service: Service, id: &str) {
    for (arguments, word) in [
        (&["replay", "p-20200101-000000-0000"][..], "no plan"),
        (&["resume", "../x"], "no plan"),
        (
            &["replay", "--code", "nobody", "--reason", "a test"],
            "nothing was moved",
        ),
        (
            &["plan", "--code", "nobody", "--reason", "a test"],
            "nothing was moved",
        ),
        (&["replay", "--reason", "  "], "--reason"),
        (&["replay", "--reason", "a test", "--rate", "0"], "--rate"),
        (&["replay", "--reason", "a test", "--canary", "0"], "--canary"),
        (&["discard", "--reason", "a test"], "--all"),
        (&["undo", "d-1", "--reason", "a test"], "holds nothing"),
        (&["show", "nobody"], "dead list"),
        (
            &["edit", id, "--reason", "a test", "--body", "/dev/null"],
            "no message of ours",
        ),
        (
            &["patch", "00000000", "--set", "a=b", "--reason", "a test", "--yes"],
            "nothing was moved",
        ),
        (&["import", "/nonexistent", "--reason", "a test"], "/nonexistent"),
    ] {
        let said = refused(pipeline, service, arguments).await;
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
}
