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

async fn exported(bench: &Workbench, filter: &Filter) -> String {
    let mut whole = Vec::new();
    export(&workspace(bench, Stage::Extract), filter, true, &mut whole)
        .await
        .unwrap();
    String::from_utf8(whole).unwrap()
}

/// The same letter with another body, as an editor of the file would make it.
fn edited(line: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use prost::Message;
    use sha2::{Digest, Sha256};
    let mut json: serde_json::Value = serde_json::from_str(line).unwrap();
    let mut body = proto::v1::CompanyRef::decode(
        BASE64_STANDARD
            .decode(json["body_base64"].as_str().unwrap())
            .unwrap()
            .as_slice(),
    )
    .unwrap();
    body.force = true;
    let body = body.encode_to_vec();
    let sha256: String = Sha256::digest(&body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json["body_base64"] = BASE64_STANDARD.encode(&body).into();
    json["sha256"] = sha256.into();
    json.to_string()
}

fn text(text: &str) -> impl FnMut() -> std::io::Result<BufReader<Cursor<String>>> {
    move || Ok(BufReader::new(Cursor::new(text.to_owned())))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_can_be_read_once_only_is_no_success() {
    let bench = Workbench::new().await;
    references(&bench, 0..2, failing).await;
    let workspace = workspace(&bench, Stage::Extract);
    let whole = exported(&bench, &Filter::default()).await;
    discard(&workspace, &Filter::default(), "a test", KEEP, |_| {})
        .await
        .unwrap();
    let mut reads = 0;
    let pipe = || {
        reads += 1;
        let read = if reads == 1 { whole.clone() } else { String::new() };
        Ok(BufReader::new(Cursor::new(read)))
    };
    let refused = import(&workspace, "a test", false, pipe).await.unwrap_err();
    assert!(
        refused.to_string().contains("2 letters at first, 0 later"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_is_dead_in_the_account_again() {
    let bench = Workbench::new().await;
    bench.rt.account.list("run", &["0".to_owned()]).await.unwrap();
    references(&bench, 0..1, failing).await;
    let workspace = workspace(&bench, Stage::Extract);
    let whole = exported(&bench, &Filter::default()).await;
    discard(&workspace, &Filter::default(), "a test", KEEP, |_| {})
        .await
        .unwrap();
    assert!(bench.rt.account.dead("run").await.unwrap().is_empty());
    import(&workspace, "a test", false, text(&whole)).await.unwrap();
    let dead = bench.rt.account.dead("run").await.unwrap();
    assert_eq!(dead.get("extract"), Some(&1), "{dead:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_with_another_body_is_another_letter_to_looks_and_imports() {
    let bench = Workbench::new().await;
    references(&bench, 0..1, failing).await;
    let workspace = workspace(&bench, Stage::Extract);
    let whole = exported(&bench, &Filter::default()).await;
    let other = edited(whole.trim());
    let refused = import(&workspace, "a test", false, text(&other))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("1 with another body"), "{refused}");
    assert_eq!(ids(&bench, Stage::Extract).await.len(), 1);
    let twice = format!("{}\n{}", whole.trim(), other.replace("CompanyRef:0", "Other:0"));
    let refused = import(&workspace, "a test", false, text(&twice))
        .await
        .unwrap_err();
    assert!(format!("{refused:#}").contains("second time"), "{refused:#}");

    let moved = discard(&workspace, &Filter::default(), "a test", KEEP, |_| {})
        .await
        .unwrap();
    import(&workspace, "a test", false, text(&other)).await.unwrap();
    undo(&workspace, &moved.operation, "a test", |_| {})
        .await
        .unwrap();
    for _ in 0..2 {
        let browser = workspace.browse("test").await.unwrap();
        browser
            .walk(async |_| Ok(std::ops::ControlFlow::Continue(())))
            .await
            .unwrap();
        assert_eq!(ids(&bench, Stage::Extract).await.len(), 2, "both are there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_taken_back_whole_whatever_was_discarded_and_restored_since() {
    let bench = Workbench::new().await;
    references(&bench, 0..4, failing).await;
    let workspace = workspace(&bench, Stage::Extract);
    let whole = exported(&bench, &Filter::default()).await;
    discard(&workspace, &Filter::default(), "a test", KEEP, |_| {})
        .await
        .unwrap();
    let imported = import(&workspace, "a test", false, text(&whole)).await.unwrap();
    let odd = discard(&workspace, &code("odd"), "a test", KEEP, |_| {})
        .await
        .unwrap();
    undo(&workspace, &odd.operation, "a test", |_| {}).await.unwrap();
    let back = undo(&workspace, &imported.operation, "a test", |_| {})
        .await
        .unwrap();
    assert_eq!((back.moved, back.left), (4, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendors_words_that_quote_the_customer_are_masked_wherever_a_letter_is_shown() {
    let bench = Workbench::new().await;
    let snapshot = proto::v1::CompanySnapshot {
        company_id: "7".into(),
        detail_json: r#"{"customers":[{"name":"王芳","tel":"355-42381055"}]}"#.into(),
        ..proto::v1::CompanySnapshot::default()
    };
    let failure = Failure::new("mapping-error", "联系人「王芳」的座机 355-42381055 不对");
    let line = crate::letters::line(&bench, Stage::Extract, &snapshot, &failure);
    crate::letters::import_lines(&bench, Stage::Extract, &[line]).await;
    let workspace = workspace(&bench, Stage::Extract);
    let mut masked = Vec::new();
    export(&workspace, &Filter::default(), false, &mut masked)
        .await
        .unwrap();
    let line: serde_json::Value = serde_json::from_slice(&masked).unwrap();
    let mut groups = replay::browse::Groups::default();
    let mut browser = workspace.browse("test").await.unwrap();
    while let Some(taken) = browser.next().await.unwrap() {
        groups.add(&taken.letter);
    }
    browser.close().await.unwrap();
    for said in [
        line["record"]["message"].as_str().unwrap().to_owned(),
        line["record"]["attempts"][0]["message"]
            .as_str()
            .unwrap()
            .to_owned(),
        groups.into_sorted()[0].example.clone(),
    ] {
        assert_eq!(said, "联系人「…」的座机 … 不对");
    }
}
