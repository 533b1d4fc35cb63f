//! The audit log holds who did what and why, and shows when somebody changed it.

use crate::letters::workspace;
use kit::workbench::Workbench;
use pipeline::stage::Stage;
use replay::{
    audit::{Entry, Note, append, read},
    workspace::Workspace,
};
use serde_json::json;

async fn entries(workspace: &Workspace) -> Vec<Entry> {
    let mut entries = Vec::new();
    read(workspace, |entry| entries.push(entry)).await.unwrap();
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_stay_in_order_and_a_changed_one_shows() {
    let bench = Workbench::new().await;
    let workspace = Workspace {
        operator: "alice".into(),
        ..workspace(&bench, Stage::Load)
    };
    // More than are read at a time.
    for number in 0..600 {
        let subject = format!("p-{number}");
        let note = Note {
            action: "plan",
            reason: "the form was corrected",
            filter: "--code row-refused".into(),
            subject: &subject,
            result: json!({"total": number}),
        };
        append(&workspace, note).await.unwrap();
    }
    let found = entries(&workspace).await;
    assert_eq!(found.len(), 600);
    assert!(found.iter().all(|entry| entry.intact));
    let last = &found[599];
    assert_eq!(
        (last.operator.as_str(), last.stage.as_str(), last.subject.as_str()),
        ("alice", "load", "p-599")
    );
    assert_eq!(last.result, r#"{"total":599}"#);

    let mut connection = bench.rt.store.connection().await.unwrap();
    let key = bench.rt.namespace.audit_key();
    redis::cmd("XDEL")
        .arg(&key)
        .arg(&found[10].id)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
    let broken: Vec<_> = entries(&workspace)
        .await
        .into_iter()
        .filter(|entry| !entry.intact)
        .collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].subject, "p-11", "its predecessor is missing");
}
