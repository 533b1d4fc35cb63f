//! Dead letters made to order, through the product's own import.

use base64::{Engine, prelude::BASE64_STANDARD};
use kit::workbench::Workbench;
use pipeline::{
    failure::{Failure, record::FailureRecord},
    message::{Envelope, Subject},
    stage::Stage,
};
use prost::Message;
use replay::{browse::Browser, exchange::import, workspace::Workspace};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::io::{BufReader, Cursor};

/// The workspace of a bench, for its extract stage or another one.
pub(crate) fn workspace(bench: &Workbench, stage: Stage) -> Workspace {
    Workspace::new(bench.rt.clone(), stage)
}

/// A letter as a line of an export.
pub(crate) fn line<M: Message + Subject>(
    bench: &Workbench,
    stage: Stage,
    message: &M,
    failure: &Failure,
) -> String {
    let envelope = Envelope::new(message, 1_700_000_000_000);
    let home = bench.rt.namespace.queue(stage);
    let attempts = pipeline::failure::record::extend_history("", failure, 1_700_000_000_000, "dead".into());
    let body = message.encode_to_vec();
    let record = FailureRecord::new(stage, home, (&envelope, &body), failure, attempts, "a test");
    let sha256: String = Sha256::digest(&body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({
        "format": "okki-dead-letter/1",
        "namespace": bench.namespace,
        "stage": stage.name(),
        "masked": false,
        "record": record,
        "headers": envelope,
        "body_base64": BASE64_STANDARD.encode(body),
        "sha256": sha256,
    })
    .to_string()
}

/// Puts lines of an export into the dead letters.
pub(crate) async fn import_lines(bench: &Workbench, stage: Stage, lines: &[String]) {
    let text = lines.join("\n");
    let open = || Ok(BufReader::new(Cursor::new(text.clone())));
    let report = import(&workspace(bench, stage), "a test", false, open)
        .await
        .unwrap();
    assert_eq!(report.imported, lines.len() as u64);
}

/// Dead references, with a failure for each.
pub(crate) async fn references(
    bench: &Workbench,
    ids: std::ops::Range<usize>,
    failure: impl Fn(usize) -> Failure,
) {
    let lines: Vec<_> = ids
        .map(|id| {
            line(
                bench,
                Stage::Extract,
                &kit::workbench::reference(id),
                &failure(id),
            )
        })
        .collect();
    import_lines(bench, Stage::Extract, &lines).await;
}

/// Ids of the dead letters in their order.
pub(crate) async fn ids(bench: &Workbench, stage: Stage) -> Vec<String> {
    let mut browser = Browser::open(&bench.rt.broker, stage).await.unwrap();
    let mut ids = Vec::new();
    while let Some(taken) = browser.next().await.unwrap() {
        ids.push(taken.letter.record.id);
    }
    browser.close().await.unwrap();
    ids
}

/// Customers of the dead letters in their order.
pub(crate) async fn customers(bench: &Workbench, stage: Stage) -> Vec<String> {
    let mut browser = Browser::open(&bench.rt.broker, stage).await.unwrap();
    let mut customers = Vec::new();
    while let Some(taken) = browser.next().await.unwrap() {
        customers.push(taken.letter.record.company_id);
    }
    browser.close().await.unwrap();
    customers
}

/// Customers of the dead letters in their order, as an operator sees them, who waits for others.
pub(crate) async fn look(workspace: &Workspace) -> Vec<String> {
    let mut browser = workspace.browse("test").await.unwrap();
    let mut seen = Vec::new();
    while let Some(taken) = browser.next().await.unwrap() {
        seen.push(taken.letter.record.company_id);
    }
    browser.close().await.unwrap();
    seen
}
