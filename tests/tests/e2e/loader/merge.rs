//! `--merge-duplicates`: rows that were made twice are listed, left alone unless asked, exported, and then one of each stays.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{KEY_WIDGET, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);
const CUSTOMERS: usize = 30;
const MERGE: [&str; 4] = ["index", "rebuild", "--merge-duplicates", "--export"];

/// Ids of the rows of each customer, the oldest first.
fn rows(pipeline: &PipelineUnderTest) -> BTreeMap<String, Vec<String>> {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in pipeline.simulator.rows(1000) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        rows.entry(text(KEY_WIDGET)).or_default().push(text("_id"));
    }
    rows.values_mut().for_each(|ids| ids.sort_unstable());
    rows
}

/// Every row of the form, as it is now.
fn everything(pipeline: &PipelineUnderTest) -> Vec<Value> {
    pipeline.simulator.rows(1000)
}

/// Exit code and everything that a merge said.
async fn merge(pipeline: &PipelineUnderTest, file: &Path, more: &[&str]) -> (Option<i32>, String) {
    let file = file.to_str().unwrap();
    let arguments: Vec<&str> = MERGE
        .into_iter()
        .chain([file])
        .chain(more.iter().copied())
        .collect();
    let output = pipeline.tool_output(Service::Loader, &arguments).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// A form with one row for each customer, and no loader.
async fn loaded(seed: u64) -> PipelineUnderTest {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(CUSTOMERS as u32)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline[loader].process().stop(LIMIT).await.unwrap();
    pipeline
}

fn double(pipeline: &PipelineUnderTest, company: &str) {
    let typed = json!({ KEY_WIDGET: {"value": company}, cell_widget(1): {"value": "typed by hand"} });
    pipeline.simulator.insert_row(&typed).unwrap();
}

#[tokio::test]
async fn duplicates_are_listed_and_left_alone_until_they_are_merged_across_a_crash() {
    let mut pipeline = loaded(101).await;
    let before = rows(&pipeline);
    for (company, copies) in before.keys().zip([2, 1, 1, 1, 1]) {
        for _ in 0..copies {
            double(&pipeline, company);
        }
    }
    // A row without a company id is no customer's duplicate.
    let typed = json!({ cell_widget(0): {"value": "typed by hand"} });
    pipeline.simulator.insert_row(&typed).unwrap();

    pipeline
        .tool(Service::Loader, &["index", "rebuild"])
        .await
        .unwrap();
    let said = pipeline
        .tool(Service::Loader, &["index", "duplicates", "--json"])
        .await
        .unwrap();
    let listed: Vec<Value> = serde_json::from_str(&said).unwrap();
    assert_eq!(listed.len(), 6, "{said}");
    for duplicate in &listed {
        let ids = &before[duplicate["company"].as_str().unwrap()];
        assert_eq!(
            duplicate["kept"].as_str(),
            ids.first().map(String::as_str),
            "the oldest stays"
        );
    }
    let doubled = everything(&pipeline);
    assert_eq!(doubled.len(), CUSTOMERS + 7, "listing deletes nothing");

    // Six of 36 rows are more than the share that goes without being allowed, and nobody says yes here.
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (code, said) = merge(&pipeline, &file("a"), &["--yes"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("6 of 36 rows would go"), "{said}");
    let (code, said) = merge(&pipeline, &file("a"), &["--merge-at-most", "20"]).await;
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("add --yes") && said.contains("delete"), "{said}");
    let unexported = ["index", "rebuild", "--merge-duplicates", "--yes"];
    let output = pipeline.tool_output(Service::Loader, &unexported).await.unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(everything(&pipeline), doubled, "nothing was deleted");
    assert!(!file("a").exists());

    // The first merge dies between a deletion and its note in Redis; the next one finishes.
    let allowed = ["--yes", "--merge-at-most", "20"];
    pipeline.set_for(Service::Loader, "FAILPOINT", "merge-deleted:abort:3");
    let (code, said) = merge(&pipeline, &file("b"), &allowed).await;
    assert_eq!(code, None, "{said}");
    pipeline.unset_for(Service::Loader, "FAILPOINT");
    assert_eq!(everything(&pipeline).len(), CUSTOMERS + 4, "three are gone");
    let written = std::fs::read_to_string(file("b")).unwrap();
    let exported: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let extra: BTreeSet<&str> = listed.iter().map(|one| one["extra"].as_str().unwrap()).collect();
    assert_eq!(
        exported
            .iter()
            .map(|row| row["_id"].as_str().unwrap())
            .collect::<BTreeSet<_>>(),
        extra,
        "all of them stand in the file, before the first one goes"
    );
    for row in &exported {
        assert!(doubled.contains(row), "a whole row: {row}");
    }
    let mode = std::fs::metadata(file("b")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (code, said) = merge(&pipeline, &file("b"), &allowed).await;
    assert_eq!(code, Some(78), "an export is never overwritten: {said}");

    let (code, said) = merge(&pipeline, &file("c"), &allowed).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("3 rows deleted"), "{said}");
    let mut after = rows(&pipeline);
    assert_eq!(after.remove("").map(|nobodys| nobodys.len()), Some(1));
    assert_eq!(after, before, "the oldest row of each customer, and no other");
    let said = pipeline
        .tool(Service::Loader, &["index", "duplicates"])
        .await
        .unwrap();
    assert!(said.starts_with("0 extra rows"), "{said}");
}

/// The document without one of its fields.
fn document_without(widget: &str, folder: &Path) -> String {
    let text = std::fs::read_to_string(mapping_document()).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let fields = document["request"].as_array_mut().unwrap();
    fields.retain(|field| field["field"] != widget);
    let path = folder.join("mapping.json");
    std::fs::write(&path, document.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_widget_that_holds_no_ids_merges_nothing_whatever_is_allowed() {
    let mut pipeline = loaded(102).await;
    let folder = tempfile::tempdir().unwrap();
    // Somebody named the widget of the stages, of which there are few: nearly every row looks like a copy.
    let stage = cell_widget(6);
    pipeline.set_for(Service::Loader, "JDY_KEY_WIDGET", &stage);
    let (code, said) = merge(&pipeline, &folder.path().join("a"), &["--yes"]).await;
    assert_eq!(code, Some(78), "while it is mapped, too: {said}");
    let document = document_without(&stage, folder.path());
    pipeline.set_for(Service::Loader, "MAPPING", document);
    let before = everything(&pipeline);
    let all = ["--yes", "--merge-at-most", "100"];
    let (code, said) = merge(&pipeline, &folder.path().join("a"), &all).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("are no company ids"), "{said}");
    assert_eq!(everything(&pipeline), before);
    assert!(!folder.path().join("a").exists());
}

/// Rows of several customers under one key, as an import leaves them that has lost digits: none is a copy of the other.
#[tokio::test]
async fn rows_of_other_customers_under_a_damaged_key_are_left_alone() {
    let pipeline = loaded(103).await;
    let before = rows(&pipeline);
    let mut companies = before.keys();
    let (kept, robbed) = (companies.next().unwrap(), companies.next().unwrap());
    let typed = json!({ KEY_WIDGET: {"value": kept} });
    pipeline.simulator.edit_row(&before[robbed][0], &typed).unwrap();
    double(&pipeline, kept);
    let doubled = everything(&pipeline);
    let folder = tempfile::tempdir().unwrap();
    let all = ["--yes", "--merge-at-most", "100"];
    let (code, said) = merge(&pipeline, &folder.path().join("a"), &all).await;
    assert_eq!(code, Some(0), "{said}");
    let left_alone = format!("left alone: row {}", before[robbed][0]);
    assert!(said.contains(&left_alone), "no `{left_alone}` in: {said}");
    assert!(said.contains("1 rows deleted"), "the copy goes: {said}");
    assert_eq!(everything(&pipeline).len(), doubled.len() - 1);
    assert_eq!(rows(&pipeline)[kept].len(), 2);
}

/// What people delete by hand is no duplicate any more, without a command.
#[tokio::test]
async fn duplicates_that_somebody_deletes_are_forgotten_by_a_running_loader() {
    let mut pipeline = loaded(107).await;
    let before = rows(&pipeline);
    let doubled: Vec<&String> = before.keys().take(3).collect();
    doubled.iter().for_each(|company| double(&pipeline, company));
    pipeline
        .tool(Service::Loader, &["index", "rebuild"])
        .await
        .unwrap();
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let known = async |pipeline: &PipelineUnderTest| -> u64 {
        let (_, status) = pipeline[loader].get("/status").await.unwrap();
        let status: Value = serde_json::from_str(&status).unwrap();
        status["index"]["duplicates"].as_u64().unwrap()
    };
    eventually(LIMIT, "the duplicates are told", async || {
        let told = known(&pipeline).await;
        expect(told == 3, || told.to_string())
    })
    .await;
    let extra = |company: &str| rows(&pipeline)[company].last().unwrap().clone();
    pipeline.simulator.delete_rows(Some(&extra(doubled[0])));
    pipeline.simulator.delete_rows(Some(&extra(doubled[2])));
    eventually(LIMIT * 2, "the deleted ones are forgotten", async || {
        let told = known(&pipeline).await;
        expect(told == 1, || told.to_string())
    })
    .await;
    let left = pipeline
        .tool(Service::Loader, &["index", "duplicates", "--json"])
        .await
        .unwrap();
    let left: Vec<Value> = serde_json::from_str(&left).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["company"].as_str(), Some(doubled[1].as_str()));
    pipeline.drain().await;
}
