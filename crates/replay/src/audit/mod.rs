//! Who did what to dead letters, when and why: a Redis stream that only grows, and a log line for every entry.
//!
//! Each entry carries a digest over itself and its predecessor's, so that a changed or missing entry shows; the account of
//! events repeats the digests, so that a missing end shows, too ([`anchor`]).

pub mod anchor;

use crate::workspace::Workspace;
use pipeline::{
    events::AuditMark,
    store::{Error, Script},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::LazyLock};

static APPEND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("append.lua")));
static VERIFY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("verify.lua")));

/// What the digest covers, in this order.
const FIELDS: [&str; 8] = [
    "action", "stage", "operator", "instance", "reason", "filter", "subject", "result",
];
/// Entries read and verified at a time.
const PAGE: usize = 500;

/// One entry.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// Place in the stream; begins with unix milliseconds.
    pub id: String,
    /// `plan`, `replay`, `resume`, `cancel`, `discard`, `undo`, `edit`, `patch`, `export`, `import`, `reveal`,
    /// `tidy` (second copies were taken away), `pause`, `adopt`, `rule` (a run of one), `rule add`, `rule on`, `rule off`,
    /// `rule remove`, `pause-stage`, `resume-stage`, `wish`, `wish cancel`, `map again` (kept snapshots, by a transformer); with
    /// `ended` or `failed` behind it what came of one.
    pub action: String,
    /// The stage.
    pub stage: String,
    /// Who.
    pub operator: String,
    /// From where.
    pub instance: String,
    /// Why.
    pub reason: String,
    /// Which letters, in words.
    pub filter: String,
    /// Plan or operation.
    pub subject: String,
    /// Counts and outcome, JSON.
    pub result: String,
    /// The digest over it and the one before it.
    pub digest: String,
    /// Whether the digest is right.
    pub intact: bool,
}

/// What an action adds to the log.
#[derive(Debug, Default)]
pub struct Note<'a> {
    /// What was done.
    pub action: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Which letters.
    pub filter: String,
    /// Plan or operation.
    pub subject: &'a str,
    /// Counts and outcome.
    pub result: serde_json::Value,
}

/// Adds an entry.
///
/// # Errors
/// When Redis is away; the log line is written all the same.
pub async fn append(workspace: &Workspace, note: Note<'_>) -> Result<(), Error> {
    let result = note.result.to_string();
    tracing::info!(
        action = note.action, stage = %workspace.stage, operator = workspace.operator, reason = note.reason,
        filter = note.filter, subject = note.subject, result, "on record"
    );
    let values = [
        note.action,
        workspace.stage.name(),
        &workspace.operator,
        &workspace.rt.instance,
        note.reason,
        &note.filter,
        note.subject,
        &result,
    ];
    let args: Vec<&str> = FIELDS
        .into_iter()
        .zip(values)
        .flat_map(|(name, value)| [name, value])
        .collect();
    let keys = [workspace.rt.namespace.audit_key()];
    let (id, digest): (String, String) = workspace.rt.store.invoke(&APPEND, &keys, &args).await?;
    let mark = AuditMark { id, digest };
    workspace.rt.events.anchor(workspace.stage, mark).await;
    Ok(())
}

/// Notes that somebody is going to see letters with personal data in full.
///
/// # Errors
/// When Redis is away; then nothing is shown.
pub async fn revealed(workspace: &Workspace, place: &str, filter: &str) -> Result<(), Error> {
    let note = Note {
        action: "reveal",
        filter: filter.to_owned(),
        subject: place,
        result: serde_json::json!({}),
        ..Note::default()
    };
    append(workspace, note).await
}

/// Reads the log from its beginning and hands out each entry in order.
///
/// # Errors
/// When Redis is away.
pub async fn read(workspace: &Workspace, mut each: impl FnMut(Entry)) -> Result<(), Error> {
    let keys = [workspace.rt.namespace.audit_key()];
    let (mut after, mut digest) = ("-".to_owned(), String::new());
    loop {
        let mut args = vec![after.clone(), digest.clone(), PAGE.to_string()];
        args.extend(FIELDS.map(str::to_owned));
        let rows: Vec<Vec<String>> = workspace.rt.store.invoke(&VERIFY, &keys, &args).await?;
        let count = rows.len();
        for row in rows {
            let [id, found, intact, values @ ..] = row.as_slice() else {
                continue;
            };
            let named: BTreeMap<_, _> = FIELDS.into_iter().zip(values.iter().cloned()).collect();
            let get = |name: &str| named.get(name).cloned().unwrap_or_default();
            each(Entry {
                id: id.clone(),
                action: get("action"),
                stage: get("stage"),
                operator: get("operator"),
                instance: get("instance"),
                reason: get("reason"),
                filter: get("filter"),
                subject: get("subject"),
                result: get("result"),
                digest: found.clone(),
                intact: intact == "1",
            });
            (after, digest) = (format!("({id}"), found.clone());
        }
        if count < PAGE {
            return Ok(());
        }
    }
}
