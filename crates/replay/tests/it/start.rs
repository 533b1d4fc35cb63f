//! Where handling begins again: letters of the transformer from a fresh fetch, and what a row was mapped from.

use crate::letters::{import_lines, line, workspace};
use kit::workbench::Workbench;
use pipeline::{
    broker::Browser as Queue, failure::Failure, message::Subject, snapshots::Keeping, stage::Stage,
};
use prost::Message;
use proto::v1::{CompanyRef, CompanySnapshot, FormRecord, Operation, Version};
use replay::{
    browse::{Browser, Filter, source::source_of},
    plan::{End, Start, State, make::make, options::Options, run::run},
};

fn snapshot(id: usize, removed: bool) -> CompanySnapshot {
    CompanySnapshot {
        company_id: id.to_string(),
        version: Some(Version {
            update_time: 7,
            sequence: 9,
        }),
        removed,
        detail_json: r#"{"name":"a"}"#.into(),
        run_id: "run".into(),
        ..CompanySnapshot::default()
    }
}

async fn dead_snapshots(bench: &Workbench, snapshots: &[CompanySnapshot]) {
    let failure = Failure::new("not-a-number", "no number");
    let lines: Vec<_> = snapshots
        .iter()
        .map(|snapshot| line(bench, Stage::Transform, snapshot, &failure))
        .collect();
    import_lines(bench, Stage::Transform, &lines).await;
}

/// What waits in the queue of the extract stage.
async fn asked_for(bench: &Workbench) -> Vec<CompanyRef> {
    let queue = bench.rt.namespace.queue(Stage::Extract);
    let mut browser = Queue::open(&bench.rt.broker, queue).await.unwrap();
    let mut asked = Vec::new();
    while let Some(received) = browser.next().await.unwrap() {
        assert_eq!(received.envelope.kind, CompanyRef::TYPE);
        asked.push(CompanyRef::decode(received.body).unwrap());
    }
    browser.close().await.unwrap();
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_the_transformer_are_fetched_anew() {
    let bench = Workbench::new().await;
    dead_snapshots(
        &bench,
        &[snapshot(1, false), snapshot(2, true), snapshot(0, false)],
    )
    .await;
    let workspace = workspace(&bench, Stage::Transform);
    let options = Options::at_once();
    let repair = Start::Fetch.repair(Stage::Transform).unwrap();
    let made = make(
        &workspace,
        &Filter::default(),
        "a test",
        repair,
        options.clone(),
        |_| {},
    )
    .await;
    let preview = made.unwrap().unwrap();
    assert_eq!((preview.plan.from, preview.cost.detail_calls), (Start::Fetch, 3));
    let plan = run(&workspace, preview.plan, &options, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(
        (plan.state, plan.sent, plan.count([End::Refused])),
        (State::Sent, 3, 0)
    );
    assert_eq!(plan.from, Start::Fetch, "read again");
    let asked: Vec<_> = asked_for(&bench)
        .await
        .into_iter()
        .map(|one| (one.company_id, one.force, one.removed, one.update_time))
        .collect();
    let wanted = |id: &str, removed| (id.to_owned(), true, removed, 7);
    assert_eq!(asked, [wanted("1", false), wanted("2", true), wanted("0", false)]);
}

fn row(id: usize) -> FormRecord {
    FormRecord {
        company_id: id.to_string(),
        version: Some(Version {
            update_time: 7,
            sequence: 9,
        }),
        operation: Operation::Upsert.into(),
        run_id: "run of the row".into(),
        ..FormRecord::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_mapped_anew_from_what_is_kept_and_the_others_stay() {
    let bench = Workbench::new().await;
    let failure = Failure::new("row-refused", "too long");
    let lines = [1, 2, 3, 4].map(|id| line(&bench, Stage::Load, &row(id), &failure));
    import_lines(&bench, Stage::Load, &lines).await;
    // Of 2 a newer state is kept, of 3 an older one, of 4 nothing.
    let at = |id, update_time| {
        let mut snapshot = snapshot(id, false);
        snapshot.version.as_mut().unwrap().update_time = update_time;
        Keeping {
            snapshot,
            content: None,
        }
    };
    bench
        .rt
        .snapshots
        .keep(&[at(1, 7), at(2, 8), at(3, 6)])
        .await
        .unwrap();
    let workspace = workspace(&bench, Stage::Load);
    let options = Options::at_once();
    let repair = Start::Mapping.repair(Stage::Load).unwrap();
    let made = make(
        &workspace,
        &Filter::default(),
        "a test",
        repair,
        options.clone(),
        |_| {},
    )
    .await;
    let preview = made.unwrap().unwrap();
    assert_eq!(
        (preview.plan.from, preview.cost.detail_calls),
        (Start::Mapping, 0)
    );
    assert_eq!(preview.not_kept, 2);
    let plan = run(&workspace, preview.plan, &options, &mut |_| {})
        .await
        .unwrap();
    assert_eq!((plan.sent, plan.count([End::Refused])), (2, 2));
    assert_eq!(plan.from, Start::Mapping, "read again");
    let queue = bench.rt.namespace.queue(Stage::Transform);
    let mut browser = Queue::open(&bench.rt.broker, queue).await.unwrap();
    let mut sent = Vec::new();
    while let Some(received) = browser.next().await.unwrap() {
        let (envelope, snapshot) = (received.envelope, CompanySnapshot::decode(received.body).unwrap());
        assert_eq!(envelope.kind, CompanySnapshot::TYPE);
        assert_eq!(
            (envelope.run_id.as_str(), snapshot.run_id.as_str()),
            ("run of the row", "run of the row")
        );
        assert!(envelope.replay.is_some() && envelope.repair_of.is_some());
        assert_eq!(envelope.version, snapshot.version().to_string());
        sent.push((snapshot.company_id, snapshot.version.unwrap().update_time));
    }
    browser.close().await.unwrap();
    assert_eq!(sent, [("1".to_owned(), 7), ("2".to_owned(), 8)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_shows_what_it_was_mapped_from_where_that_is_kept() {
    let bench = Workbench::new().await;
    dead_snapshots(&bench, &[snapshot(2, false)]).await;
    let failure = Failure::new("row-refused", "too long");
    let lines = [1, 2].map(|id| line(&bench, Stage::Load, &row(id), &failure));
    import_lines(&bench, Stage::Load, &lines).await;
    let workspace = workspace(&bench, Stage::Load);
    let mut browser = Browser::open(&bench.rt.broker, Stage::Load).await.unwrap();
    let mut found = Vec::new();
    while let Some(taken) = browser.next().await.unwrap() {
        found.push(source_of(&workspace, &taken.letter).await.unwrap());
    }
    browser.close().await.unwrap();
    assert!(found[0].is_none(), "not kept");
    let source = found[1].as_ref().unwrap();
    assert!(source.archived().is_none() && source.record.company_id == "2");
}
