//! Two small documents over customers of a file.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use clap::Parser;
use serde_json::{Value, json};

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: DiffArgs,
}

fn document(fields: &Value) -> String {
    json!({"api": "/data_create", "effect": "EXECUTE", "request": fields}).to_string()
}

fn old() -> Value {
    json!([
        {"field": "a", "label": "名称", "value": "{{name}}"},
        {"field": "b", "label": "邮箱", "value": "{{mail}}"},
        {"field": "c", "label": "旧", "value": "x"},
    ])
}

fn new() -> Value {
    json!([
        {"field": "a", "label": "名称", "value": "{{name}}"},
        {"field": "b", "label": "邮箱", "value": "{{mail}}m"},
        {"field": "d", "label": "新", "value": "{{tag}}", "is_required": true},
    ])
}

/// Four customers: one without tag, one without mail, one that the condition of `extras` drops, one that is no object.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("old.json", &document(&old()));
    write("new.json", &document(&new()));
    write(
        "extras.json",
        r#"{"condition": [[{"field": "name", "logic": "neq", "value": "C"}]]}"#,
    );
    write(
        "customers.jsonl",
        "{\"company_id\": 7, \"name\": \"A\", \"mail\": \"wang@x.cn\", \"tag\": \"t\"}\n{\"name\": \"B\", \"mail\": \"\"}\n\
         {\"name\": \"C\", \"tag\": \"t\"}\n[]\n",
    );
    folder
}

fn args(folder: &Path, more: &[&str]) -> DiffArgs {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut words = vec!["diff".to_owned()];
    let given = more.iter().map(|word| match word.strip_prefix('@') {
        Some(name) => path(name),
        None => (*word).to_owned(),
    });
    words.extend(given);
    words.extend(["--records".to_owned(), path("customers.jsonl")]);
    Line::try_parse_from(words).unwrap().args
}

#[tokio::test]
async fn cells_that_change_are_told_by_caption_and_masked() {
    let folder = folder();
    let args = args(folder.path(), &["@old.json", "@new.json"]);
    let report = examined(&args).await.unwrap();
    let shown = show::json(&report, None);
    assert_eq!(
        shown["customers"][0],
        json!({"company_id": "7", "old": "row", "new": "row", "cells": [
            {"field": "b", "label": "邮箱", "old": "w***@x.cn", "new": "w***@x.cnm"},
            {"field": "d", "label": "新", "new": "t"},
            {"field": "c", "label": "旧", "old": "x"},
        ]})
    );
    assert_eq!(
        shown["customers"][1]["new"],
        json!({"dead": "required-empty", "label": "新"})
    );
    assert_eq!(
        shown["totals"],
        json!({"customers": 4, "same": 0, "differ": 3, "cells": 6, "moved": 1, "not_compared": 1})
    );
    assert_eq!(
        shown["fields"][0],
        json!({"field": "b", "label": "邮箱", "customers": 2})
    );
    let text = show::text(&report, None);
    assert!(text.contains("w***@x.cn") && !text.contains("wang"), "{text}");
    assert!(
        text.contains("a row before, a dead letter (required-empty, 新) now"),
        "{text}"
    );
    assert!(text.contains("not written"), "{text}");
}

#[tokio::test]
async fn the_same_document_is_the_same_and_other_additions_are_not() {
    let folder = folder();
    assert!(
        run(&args(folder.path(), &["@old.json", "@old.json"]))
            .await
            .is_ok()
    );
    let with = args(
        folder.path(),
        &["@old.json", "@old.json", "--new-extras", "@extras.json"],
    );
    let report = examined(&with).await.unwrap();
    assert_eq!((report.differ, report.moved, report.cells), (1, 1, 0));
    assert!(
        run(&with)
            .await
            .unwrap_err()
            .downcast_ref::<ConfigError>()
            .is_none()
    );
    let both = args(
        folder.path(),
        &["@old.json", "@old.json", "--extras", "@extras.json"],
    );
    assert!(run(&both).await.is_ok());
}

#[tokio::test]
async fn another_form_is_a_difference_without_any_cell() {
    let folder = folder();
    let mut other: Value = serde_json::from_str(&document(&old())).unwrap();
    other["otherRequest"] = json!([{"field": "entry_id", "value": "668a08beaf5a1cb83e659b52"}]);
    std::fs::write(folder.path().join("other.json"), other.to_string()).unwrap();
    let report = examined(&args(folder.path(), &["@old.json", "@other.json"]))
        .await
        .unwrap();
    assert_eq!(report.differ, 0);
    assert!(!report.is_same());
    assert_eq!(report.settings[0].0, "entry_id");
}

#[tokio::test]
async fn what_is_not_shown_has_a_command() {
    let folder = folder();
    let first = args(
        folder.path(),
        &["@old.json", "@new.json", "--limit", "1", "--reveal"],
    );
    let report = examined(&first).await.unwrap();
    assert_eq!(report.customers.len(), 1);
    assert!(report.is_cut(&first));
    let next = first.next();
    assert!(next.contains("--skip 1 --limit 1 --reveal"), "{next}");
    let rest = args(folder.path(), &["@old.json", "@new.json", "--skip", "1"]);
    let report = examined(&rest).await.unwrap();
    assert_eq!((report.customers.len(), report.is_cut(&rest)), (2, false));
    assert_eq!(quoted("my file's"), r"'my file'\''s'");
}

#[tokio::test]
async fn what_cannot_be_compared_is_trouble_and_no_difference() {
    let folder = folder();
    std::fs::write(folder.path().join("customers.jsonl"), "[]").unwrap();
    for documents in [["@old.json", "@new.json"], ["@old.json", "@nowhere.json"]] {
        let error = run(&args(folder.path(), &documents)).await.unwrap_err();
        assert!(error.downcast_ref::<ConfigError>().is_some(), "{error:#}");
    }
}
