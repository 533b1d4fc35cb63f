//! What the commands say: the same group everywhere, who holds letters, what failed again and why, and no personal data.

use std::process::Stdio;
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::process::{Group, Process};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use proto::v1::field_value::Value as Cell;
use serde_json::Value;

use super::{buried, dead, ids, refused, said};
use crate::loader::feed::Feed;

const LIMIT: Duration = Duration::from_secs(60);

/// Letters of the loader, which does not run, with `change` made to each line of their export.
async fn crafted(seed: u64, letters: usize, change: impl Fn(usize, &mut Value)) -> PipelineUnderTest {
    let (pipeline, _feed) = buried(letters, seed).await;
    let exported = said(&pipeline, Service::Loader, &["export", "--reveal"]).await;
    let lines: Vec<_> = exported
        .lines()
        .enumerate()
        .map(|(number, line)| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            change(number, &mut line);
            line.to_string()
        })
        .collect();
    said(
        &pipeline,
        Service::Loader,
        &["discard", "--all", "--reason", "a test"],
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letters.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let file = file.to_str().unwrap();
    said(
        &pipeline,
        Service::Loader,
        &["import", file, "--reason", "a test"],
    )
    .await;
    pipeline
}

#[tokio::test]
async fn a_group_has_one_name_whoever_says_it() {
    let pipeline = crafted(101, 3, |number, line| {
        line["record"]["code"] = "row-refused".into();
        line["record"]["message"] = format!("row {number}: mail wang@example.com, call 13812345678").into();
    })
    .await;
    let groups = dead(&pipeline, Service::Loader, &["groups", "--json"]).await;
    assert_eq!(groups.as_array().unwrap().len(), 1, "{groups}");
    let group = groups[0]["group"].as_str().unwrap();
    let listed = said(&pipeline, Service::Loader, &["list", "--json"]).await;
    let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    assert_eq!(first["group"].as_str(), Some(group));
    let shown = dead(
        &pipeline,
        Service::Loader,
        &["show", first["id"].as_str().unwrap(), "--json"],
    )
    .await;
    assert_eq!(shown["group"].as_str(), Some(group));
    let text = said(
        &pipeline,
        Service::Loader,
        &["show", first["id"].as_str().unwrap()],
    )
    .await;
    assert!(text.contains(group), "{text}");
    assert!(said(&pipeline, Service::Loader, &["list"]).await.contains(group));
    let plan = dead(
        &pipeline,
        Service::Loader,
        &["plan", "--group", group, "--reason", "a test", "--json"],
    )
    .await;
    assert_eq!(plan["total"].as_u64(), Some(3));
    assert!(!plan.to_string().contains("13812345678"), "{plan}");
    assert!(!plan.to_string().contains("wang@"), "{plan}");
}

#[tokio::test]
async fn letters_that_a_suspended_operator_holds_are_not_called_none() {
    let pipeline = crafted(102, 5, |_, _| {}).await;
    let mut replay = command(Service::Loader, &pipeline.settings(Service::Loader)).unwrap();
    replay.args(["dead", "replay", "--code", "unknown", "--rate", "1", "--no-wait"]);
    replay.args(["--reason", "a test", "--operator", "alice"]);
    let folder = tempfile::tempdir().unwrap();
    let mut holder = Process::spawn("alice", &mut replay, &folder.path().join("log"), Group::Own).unwrap();
    eventually(LIMIT, "alice is at work", async || {
        let plans = dead(&pipeline, Service::Loader, &["plans", "--json"]).await;
        expect(plans[0]["sent"].as_u64() > Some(0), || plans.to_string())
    })
    .await;
    holder.sigstop().unwrap();
    // The lease of a process that stands still ends within seconds; what it holds comes back later.
    let output = pipeline
        .tool_output(Service::Loader, &["dead", "list"])
        .await
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    holder.kill9().unwrap();
    assert!(text.contains("alice"), "who holds them is named: {text}");
    assert!(
        !output.status.success() || !text.contains("0 of the load stage"),
        "{text}"
    );
}

/// Letters of the transformer that no handling can heal.
async fn hopeless(seed: u64, letters: usize) -> PipelineUnderTest {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(seed)
        .start()
        .await;
    let transformer = pipeline.run(Service::Transformer);
    pipeline[transformer].ready().await;
    for number in 0..letters {
        let body = format!("\u{a}\u{7f}this is no protobuf {number}");
        pipeline
            .queues
            .put(Stage::Transform, body.as_bytes())
            .await
            .unwrap();
    }
    pipeline.quiet(LIMIT, u32::try_from(letters).unwrap()).await;
    pipeline
}

#[tokio::test]
async fn what_failed_again_is_said_with_place_reason_and_the_next_command() {
    let mut pipeline = hopeless(103, 4).await;
    let all = [
        "dead",
        "replay",
        "--code",
        "undecodable",
        "--canary",
        "none",
        "--stop-at",
        "100",
        "--reason",
        "a test",
        "--json",
    ];
    let output = pipeline.tool_output(Service::Transformer, &all).await.unwrap();
    assert!(
        !output.status.success(),
        "letters that failed again are no success"
    );
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&result["state"], result["failed_again"].as_u64()),
        (&"complete".into(), Some(4))
    );
    let told = String::from_utf8(output.stderr).unwrap();
    let letters = ids(&pipeline, Service::Transformer).await;
    assert!(
        letters.iter().any(|id| told.contains(id.as_str())),
        "one of them is named: {told}"
    );
    for word in ["transform", "undecodable", "dead outcomes", "dead show"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let plan = result["replay"].as_str().unwrap();
    let outcomes = said(&pipeline, Service::Transformer, &["outcomes", plan, "--json"]).await;
    let outcomes: Vec<Value> = outcomes
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(outcomes.len(), 4);
    for one in &outcomes {
        assert_eq!(
            (&one["outcome"], &one["stage"]),
            (&"dead".into(), &"transform".into()),
            "{one}"
        );
        assert!(
            letters.contains(&one["now"].as_str().unwrap().to_owned()),
            "{one}"
        );
        assert_eq!(one["code"], "undecodable", "{one}");
    }
    // A canary that dies stops the replay, and says the same.
    let stopped = refused(
        &pipeline,
        Service::Transformer,
        &["replay", "--code", "undecodable", "--reason", "a test"],
    )
    .await;
    for word in ["1 of 1 failed again", "undecodable", "dead resume"] {
        assert!(stopped.contains(word), "{word}: {stopped}");
    }
    let plans = dead(&pipeline, Service::Transformer, &["plans", "--json"]).await;
    let finished = &plans[1];
    for time in ["begun_at", "ended_at", "last_outcome_at"] {
        assert!(
            finished[time].as_i64() > Some(1_600_000_000_000),
            "{time}: {finished}"
        );
    }
    assert!(
        finished["changed_by"].as_str().is_some_and(|by| !by.is_empty()),
        "{finished}"
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn personal_data_is_masked_wherever_a_cell_says_what_it_is() {
    let pipeline = PipelineUnderTest::for_test().customers(2).seed(104).start().await;
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &customers);
    for record in &mut records {
        record.fields[0].label = "座机".to_owned();
        record.fields[0].value = Some(Cell::Text("62345678".to_owned()));
        record.fields[1].label = "联系方式".to_owned();
        record.fields[1].value = Some(Cell::Text("5550187".to_owned()));
    }
    feed.bury(Stage::Load, &records).await;
    let letters = ids(&pipeline, Service::Loader).await;
    let shown = said(&pipeline, Service::Loader, &["show", &letters[0]]).await;
    let exported = said(&pipeline, Service::Loader, &["export"]).await;
    for text in [&shown, &exported] {
        assert!(!text.contains("62345678") && !text.contains("5550187"), "{text}");
    }
    let groups = dead(&pipeline, Service::Loader, &["groups", "--json"]).await;
    let field = records[0].fields[0].field.as_str();
    let set = format!("{field}=62345999");
    let patch = [
        "dead",
        "patch",
        groups[0]["group"].as_str().unwrap(),
        "--set",
        &set,
        "--reason",
        "a test",
        "--yes",
        "--no-wait",
    ];
    let output = pipeline.tool_output(Service::Loader, &patch).await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("62345678") && !told.contains("62345999"), "{told}");
    let plans = said(&pipeline, Service::Loader, &["plans", "--json"]).await;
    assert!(!plans.contains("62345999"), "{plans}");
    // Who looked at it all is on record.
    said(&pipeline, Service::Loader, &["list", "--archived", "--reveal"]).await;
    let audit = said(&pipeline, Service::Loader, &["audit", "--json"]).await;
    assert!(audit.contains("\"action\":\"reveal\""), "{audit}");
}

#[tokio::test]
async fn nothing_is_said_in_words_and_every_listing_names_the_next_command() {
    let pipeline = crafted(105, 3, |_, _| {}).await;
    let list = said(&pipeline, Service::Loader, &["list"]).await;
    assert!(
        list.contains("3 of the load stage") && list.contains("dead show "),
        "{list}"
    );
    let groups = said(&pipeline, Service::Loader, &["groups"]).await;
    assert!(
        groups.contains("3 letters in 1 group") && groups.contains("dead list --group "),
        "{groups}"
    );
    let none = said(&pipeline, Service::Loader, &["groups", "--code", "nobody"]).await;
    assert!(none.contains("no dead letter"), "{none}");
    // For a Job: nothing to do is no failure.
    let replay = ["replay", "--code", "nobody", "--reason", "x", "--if-any"];
    let none = said(&pipeline, Service::Loader, &replay).await;
    assert!(none.contains("nothing was to be done"), "{none}");
    let plans = said(&pipeline, Service::Loader, &["plans"]).await;
    assert!(plans.contains("no plan"), "{plans}");
    let plan = dead(
        &pipeline,
        Service::Loader,
        &["plan", "--reason", "a test", "--json"],
    )
    .await;
    let id = plan["id"].as_str().unwrap();
    assert!(
        said(&pipeline, Service::Loader, &["plans"])
            .await
            .contains("dead replay p-")
    );
    // A plan belongs to its stage, whatever is asked of it.
    for action in ["replay", "resume", "cancel"] {
        let arguments: &[&str] = if action == "cancel" {
            &[action, id, "--reason", "x"]
        } else {
            &[action, id]
        };
        let said = refused(&pipeline, Service::Transformer, arguments).await;
        assert!(said.contains("load stage"), "{action}: {said}");
    }
    let audit = said(&pipeline, Service::Loader, &["audit"]).await;
    assert!(audit.contains("planned"), "{audit}");
    let (listed, audited) = (list.lines(), audit.lines());
    for line in listed.chain(groups.lines()).chain(audited) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[tokio::test]
async fn an_import_reads_what_is_piped_into_it() {
    let pipeline = crafted(106, 2, |_, _| {}).await;
    let exported = said(&pipeline, Service::Loader, &["export", "--reveal"]).await;
    said(
        &pipeline,
        Service::Loader,
        &["discard", "--all", "--reason", "a test"],
    )
    .await;
    let child = command(Service::Loader, &pipeline.settings(Service::Loader))
        .unwrap()
        .args(["dead", "import", "-", "--reason", "a test", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::Write;
    child
        .stdin
        .as_ref()
        .unwrap()
        .write_all(exported.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["imported"].as_u64(), Some(2), "{report}");
}
