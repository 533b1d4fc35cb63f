//! The audit log holds who did what and why, and shows when somebody changed it.

use crate::{bench::Bench, morgue::desk};
use pipeline::{
    dead::{
        audit::{Entry, Note, append, read},
        desk::Desk,
    },
    stage::Stage,
};
use serde_json::json;

async fn entries(desk: &Desk) -> Vec<Entry> {
    let mut entries = Vec::new();
    read(desk, |entry| entries.push(entry)).await.unwrap();
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_stay_in_order_and_a_changed_one_shows() {
    let bench = Bench::new().await;
    let desk = Desk {
        operator: "alice".into(),
        ..desk(&bench, Stage::Load)
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
        append(&desk, note).await.unwrap();
    }
    let found = entries(&desk).await;
    assert_eq!(found.len(), 600);
    assert!(found.iter().all(|entry| entry.intact));
    let last = &found[599];
    assert_eq!(
        (last.operator.as_str(), last.stage.as_str(), last.subject.as_str()),
        ("alice", "load", "p-599")
    );
    assert_eq!(last.result, r#"{"total":599}"#);

    let mut connection = bench.rt.store.connection().await.unwrap();
    let key = bench.rt.namespace.key("dead:audit");
    redis::cmd("XDEL")
        .arg(&key)
        .arg(&found[10].id)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
    let broken: Vec<_> = entries(&desk)
        .await
        .into_iter()
        .filter(|entry| !entry.intact)
        .collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].subject, "p-11", "its predecessor is missing");
}
