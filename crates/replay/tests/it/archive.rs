//! Discard and undo, export and import.

use crate::letters::{customers, ids, references, workspace};
use kit::workbench::Workbench;
use pipeline::{failure::Failure, stage::Stage};
use replay::{
    archive::{KEEP, discard, undo},
    browse::{Browser, Filter},
    exchange::{export, import},
    query::Query,
};
use std::{
    io::{BufReader, Cursor},
    time::Duration,
};

fn code(code: &str) -> Filter {
    Filter::from(format!("code={code}").parse::<Query>().unwrap())
}

fn failing(id: usize) -> Failure {
    Failure::new(
        if id.is_multiple_of(2) { "even" } else { "odd" },
        "mail wang@example.com, call 13812345678",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_rests_in_the_archive_and_can_be_brought_back() {
    let bench = Workbench::new().await;
    references(&bench, 0..300, failing).await;
    let workspace = workspace(&bench, Stage::Extract);
    let before = ids(&bench, Stage::Extract).await;
    let moved = discard(&workspace, &code("odd"), "not needed", KEEP, |_| {})
        .await
        .unwrap();
    assert_eq!((moved.moved, moved.left), (150, 150));
    let evens: Vec<_> = before.iter().step_by(2).cloned().collect();
    assert!(ids(&bench, Stage::Extract).await == evens);

    let mut browser = Browser::open_archive(&bench.rt.broker, Stage::Extract)
        .await
        .unwrap();
    let letter = browser.next().await.unwrap().unwrap().letter;
    let archived = letter.archived().unwrap();
    assert_eq!(
        (archived.operation.as_str(), archived.reason.as_str()),
        (moved.operation.as_str(), "not needed")
    );
    assert_eq!(letter.record.company_id, "1");
    browser.close().await.unwrap();

    assert_eq!(
        undo(&workspace, "d-nothing", "a test", |_| {})
            .await
            .unwrap()
            .moved,
        0
    );
    let back = undo(&workspace, &moved.operation, "a test", |_| {})
        .await
        .unwrap();
    assert_eq!((back.moved, back.left), (150, 0));
    let odds = before.iter().skip(1).step_by(2).cloned();
    assert_eq!(
        ids(&bench, Stage::Extract).await,
        evens.into_iter().chain(odds).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_retention_is_kept_by_the_broker() {
    let bench = Workbench::new().await;
    references(&bench, 0..3, failing).await;
    let workspace = workspace(&bench, Stage::Extract);
    discard(
        &workspace,
        &Filter::default(),
        "not needed",
        Duration::from_millis(200),
        |_| {},
    )
    .await
    .unwrap();
    bench
        .until_depth(&bench.rt.namespace.archive_queue(Stage::Extract), 0)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_masked_unless_asked_for_and_comes_back_whole() {
    let bench = Workbench::new().await;
    references(&bench, 0..20, failing).await;
    let workspace = workspace(&bench, Stage::Extract);
    let before = ids(&bench, Stage::Extract).await;

    let mut masked = Vec::new();
    assert_eq!(
        export(&workspace, &Filter::default(), false, &mut masked)
            .await
            .unwrap(),
        20
    );
    let text = String::from_utf8(masked).unwrap();
    assert!(!text.contains("wang@") && !text.contains("13812345678") && text.contains("w***@example.com"));
    let refused = import(&workspace, "a test", false, || {
        Ok(BufReader::new(Cursor::new(text.clone())))
    })
    .await
    .unwrap_err();
    assert!(format!("{refused:#}").contains("masked"), "{refused:#}");

    let mut whole = Vec::new();
    export(&workspace, &code("odd"), true, &mut whole).await.unwrap();
    let text = String::from_utf8(whole).unwrap();
    let open = |text: &str| BufReader::new(Cursor::new(text.to_owned()));
    let report = import(&workspace, "a test", false, || Ok(open(&text)))
        .await
        .unwrap();
    assert_eq!(
        (report.imported, report.present),
        (0, 10),
        "what is there already is not doubled"
    );
    assert_eq!(ids(&bench, Stage::Extract).await, before);

    discard(&workspace, &code("odd"), "a test", KEEP, |_| {})
        .await
        .unwrap();
    let report = import(&workspace, "a test", false, || Ok(open(&text)))
        .await
        .unwrap();
    assert_eq!((report.imported, report.present), (10, 0));
    let mut customers = customers(&bench, Stage::Extract).await;
    customers.sort_by_key(|id| id.parse::<u64>().unwrap());
    assert_eq!(customers, (0..20).map(|id| id.to_string()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_imports_nothing() {
    let bench = Workbench::new().await;
    references(&bench, 0..2, failing).await;
    let workspace = workspace(&bench, Stage::Extract);
    let mut whole = Vec::new();
    export(&workspace, &Filter::default(), true, &mut whole)
        .await
        .unwrap();
    let good = String::from_utf8(whole).unwrap();
    discard(&workspace, &Filter::default(), "a test", KEEP, |_| {})
        .await
        .unwrap();
    let elsewhere = good.replace(
        &format!("\"namespace\":\"{}\"", bench.namespace),
        "\"namespace\":\"other\"",
    );
    for (bad, word) in [
        (
            good.replace("\"stage\":\"extract\"", "\"stage\":\"load\""),
            "load stage",
        ),
        (elsewhere.clone(), "--adopt"),
        (good.replace("\"sha256\":\"", "\"sha256\":\"00"), "sha256"),
        (good.replace("okki-dead-letter/1", "something/2"), "format"),
        (format!("{good}{good}"), "second time"),
        (format!("{good}not json"), "line 3"),
    ] {
        let refused = import(&workspace, "a test", false, || {
            Ok(BufReader::new(Cursor::new(bad.clone())))
        })
        .await
        .unwrap_err();
        assert!(format!("{refused:#}").contains(word), "{word}: {refused:#}");
        bench.until_depth(&bench.dead(), 0).await;
    }
    let report = import(&workspace, "a test", true, || {
        Ok(BufReader::new(Cursor::new(elsewhere.clone())))
    })
    .await
    .unwrap();
    assert_eq!(report.imported, 2);
}
