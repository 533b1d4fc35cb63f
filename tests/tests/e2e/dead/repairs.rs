//! Repairs that fit: empty cells, values that are computed, letters of any filter; and edits that lose no work.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service, command};
use pipeline::stage::Stage;
use proto::v1::field_value::Value as Cell;
use serde_json::Value;

use super::{dead, ids, refused, said};
use crate::loader::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);
const LETTERS: usize = 6;

/// Letters of a loader that has run, so that the form's widgets are known, and does not run now. The first four lack the
/// cell that the others have; cell 1 is empty in all, cell 2 holds a text that is too long in many ways.
async fn buried(seed: u64) -> (PipelineUnderTest, String) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(u32::try_from(LETTERS).unwrap())
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    pipeline.drain().await;
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &customers);
    for (number, record) in records.iter_mut().enumerate() {
        record.fields[1].value = None;
        record.fields[2].value = Some(Cell::Text(format!("  旧 name {number} ")));
        if number < 4 {
            record.fields.remove(0);
        }
    }
    feed.bury(Stage::Load, &records).await;
    let widget = |at: usize| records[5].fields[at].field.clone();
    assert_eq!(widget(1), kit::simulator::cell_widget(1));
    (pipeline, widget(0))
}

#[tokio::test]
async fn an_empty_cell_is_filled_and_values_are_computed() {
    let (mut pipeline, _) = buried(110).await;
    let (empty, full) = (kit::simulator::cell_widget(1), kit::simulator::cell_widget(2));
    let patch = [
        "patch",
        "--code",
        "unknown",
        "--set",
        &format!("{empty}=filled"),
        "--trim",
        &full,
        "--replace",
        &format!("{full}=旧=>新"),
        "--truncate",
        &format!("{full}=6"),
        "--reason",
        "a test",
        "--yes",
        "--canary",
        "none",
        "--json",
    ];
    pipeline.run(Service::Loader);
    let result = dead(&pipeline, Service::Loader, &patch).await;
    assert_eq!(result["applied"].as_u64(), Some(LETTERS as u64), "{result}");
    pipeline.rows(LIMIT, LETTERS).await;
    let rows = serde_json::to_string(&pipeline.simulator.rows(100)).unwrap();
    assert_eq!(rows.matches("\"filled\"").count(), LETTERS, "{rows}");
    assert_eq!(rows.matches("\"新 name\"").count(), LETTERS, "{rows}");
    pipeline.drain().await;
}

#[tokio::test]
async fn a_cell_is_computed_by_an_expression_over_the_letters_cells() {
    let (pipeline, field) = buried(113).await;
    let full = kit::simulator::cell_widget(2);
    // Four letters lack the cell that the expression names; they stay, and say why.
    let compute = format!("{full}=_function CONCAT('{{{{{field}}}}}', '!')");
    let mut patch = vec![
        "patch",
        "--all",
        "--compute",
        &compute,
        "--reason",
        "a test",
        "--no-wait",
    ];
    let asked = pipeline
        .tool_output(Service::Loader, &[&["dead"][..], &patch].concat())
        .await
        .unwrap();
    let preview = String::from_utf8(asked.stderr).unwrap();
    assert!(
        preview.contains("→") && preview.contains("2 letters fit, 4 stay as they are"),
        "{preview}"
    );
    assert!(
        preview.contains("cannot be computed") && preview.contains(&field),
        "{preview}"
    );
    patch.extend(["--yes", "--json"]);
    let result = dead(&pipeline, Service::Loader, &patch).await;
    let counts = ["replayed", "refused"].map(|name| result[name].as_u64());
    assert_eq!(counts, [Some(2), Some(4)], "{result}");
    let wrong = [
        "patch",
        "--all",
        "--compute",
        "w=_function NO_SUCH(1)",
        "--reason",
        "a test",
    ];
    let said_no = refused(&pipeline, Service::Loader, &wrong).await;
    assert!(said_no.contains("NO_SUCH"), "{said_no}");
}

#[tokio::test]
async fn samples_that_do_not_fit_do_not_stop_the_others() {
    let (pipeline, field) = buried(111).await;
    let set = format!("{field}=patched");
    let patch = [
        "patch",
        "--code",
        "unknown",
        "--set",
        &set,
        "--reason",
        "a test",
        "--yes",
        "--no-wait",
        "--json",
    ];
    let result = dead(&pipeline, Service::Loader, &patch).await;
    let counts = ["replayed", "refused"].map(|name| result[name].as_u64());
    assert_eq!(counts, [Some(2), Some(4)], "{result}");
    assert_eq!(ids(&pipeline, Service::Loader).await.len(), 4);
}

/// A program that does what `script` says with the file that it is given.
fn editor(folder: &Path, script: &str) -> String {
    let path = folder.join("editor");
    std::fs::write(&path, format!("#!/bin/sh\nset -e\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_edit_that_is_refused_keeps_the_draft_and_says_where() {
    let (pipeline, _) = buried(112).await;
    let letter = ids(&pipeline, Service::Loader).await[5].clone();
    let shown = dead(
        &pipeline,
        Service::Loader,
        &["show", &letter, "--reveal", "--json"],
    )
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut body = shown["body"].clone();
    body["fields"][0]["text"] = 5.into();
    let caption = body["fields"][0]["label"].as_str().unwrap().to_owned();
    let wanted = folder.path().join("wanted.json");
    std::fs::write(&wanted, body.to_string()).unwrap();
    let editor = editor(folder.path(), &format!("cp {} \"$1\"", wanted.display()));
    let edit = [
        "edit", &letter, "--reason", "a test", "--editor", &editor, "--yes",
    ];
    let said_no = refused(&pipeline, Service::Loader, &edit).await;
    assert!(
        said_no.contains("fields[0].text") && said_no.contains(&caption),
        "{said_no}"
    );
    let draft = said_no
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| "`,;.:".contains(c)))
        .find(|word| word.contains("dead-letter-") && Path::new(word).exists())
        .unwrap_or_else(|| panic!("no draft: {said_no}"));
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(draft).unwrap()).unwrap();
    assert_eq!(kept, body);
    std::fs::remove_file(draft).unwrap();
    for (name, value) in [("operation", "OPERATION_REMOVE"), ("companyId", "1")] {
        let mut body = shown["body"].clone();
        body[name] = value.into();
        std::fs::write(&wanted, body.to_string()).unwrap();
        let file = [
            "edit",
            &letter,
            "--reason",
            "a test",
            "--body",
            wanted.to_str().unwrap(),
        ];
        let said_no = refused(&pipeline, Service::Loader, &file).await;
        assert!(said_no.contains(&format!("`{name}`")), "{said_no}");
    }
    assert_eq!(ids(&pipeline, Service::Loader).await.len(), LETTERS);
}

#[tokio::test]
async fn an_edit_is_refused_when_the_letter_changed_meanwhile() {
    let (pipeline, _) = buried(113).await;
    let letter = ids(&pipeline, Service::Loader).await[5].clone();
    let folder = tempfile::tempdir().unwrap();
    let program = command(Service::Loader, &pipeline.settings(Service::Loader)).unwrap();
    let program = program.get_program().to_str().unwrap().to_owned();
    // Somebody else takes the letter away and brings another state of it while this operator types.
    let file = folder.path().join("other.jsonl");
    let exported = said(
        &pipeline,
        Service::Loader,
        &["export", "--id", &letter, "--reveal"],
    )
    .await;
    let mut line: Value = serde_json::from_str(&exported).unwrap();
    use base64::{Engine, prelude::BASE64_STANDARD};
    use prost::Message;
    use sha2::Digest;
    let bytes = BASE64_STANDARD
        .decode(line["body_base64"].as_str().unwrap())
        .unwrap();
    let mut record = proto::v1::FormRecord::decode(bytes.as_slice()).unwrap();
    record.fields[2].value = Some(Cell::Text("the work of somebody else".to_owned()));
    let bytes = record.encode_to_vec();
    line["body_base64"] = BASE64_STANDARD.encode(&bytes).into();
    let sum: String = sha2::Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    line["sha256"] = sum.into();
    std::fs::write(&file, line.to_string()).unwrap();
    let script = format!(
        "{program} dead discard --id '{letter}' --reason meanwhile\n{program} dead import {} --reason meanwhile\n\
         sed -i 's/旧 name/new name/' \"$1\"",
        file.display()
    );
    let editor = editor(folder.path(), &script);
    let edit = [
        "edit", &letter, "--reason", "a test", "--editor", &editor, "--yes",
    ];
    let said_no = refused(&pipeline, Service::Loader, &edit).await;
    assert!(said_no.contains("changed meanwhile"), "{said_no}");
    assert_eq!(ids(&pipeline, Service::Loader).await.len(), LETTERS);
}
