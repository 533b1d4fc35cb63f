//! A form that others have filled is never doubled (I16): the loader pauses, `loader adopt` gives rows their keys, and only
//! then new rows are made.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{KEY_WIDGET, cell_widget};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::{Map, Value, json};

use super::feed::Feed;

pub(super) const LIMIT: Duration = Duration::from_secs(90);
pub(super) const NAME: usize = 0;
const EMAIL: usize = 12;
/// What the pause says.
pub(super) const NO_KEY: &str = "rows of the form have no key";

pub(super) async fn started(customers: u32, seed: u64) -> (PipelineUnderTest, Feed) {
    let pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    (pipeline, feed)
}

/// A row of this customer as 轻易云 or a person has made it: everything but the key.
pub(crate) fn fill(pipeline: &PipelineUnderTest, id: i64, change: impl Fn(usize, &str) -> String) -> String {
    let cells = pipeline.simulator.expected(id).unwrap();
    let mut row = Map::new();
    for (at, text) in cells.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        row.insert(cell_widget(at), json!({"value": change(at, text)}));
    }
    pipeline.simulator.insert_row(&Value::Object(row)).unwrap()
}

pub(crate) fn as_it_is(_at: usize, text: &str) -> String {
    text.to_owned()
}

/// Row ids by key, of rows that have one; the number of those that have none.
pub(crate) fn keyed(pipeline: &PipelineUnderTest) -> (BTreeMap<String, Vec<String>>, usize) {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in pipeline.simulator.rows(10_000) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        rows.entry(text(KEY_WIDGET)).or_default().push(text("_id"));
    }
    let keyless = rows.remove("").map_or(0, |rows| rows.len());
    (rows, keyless)
}

pub(super) async fn adopt(pipeline: &PipelineUnderTest, more: &[&str]) -> (Option<i32>, String, String) {
    let arguments: Vec<&str> = ["adopt", "--match"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    let output = pipeline.tool_output(Service::Loader, &arguments).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// What an adoption says to programs.
pub(super) async fn adopt_json(pipeline: &PipelineUnderTest, more: &[&str]) -> Value {
    let arguments: Vec<&str> = more.iter().copied().chain(["--json"]).collect();
    let (code, said, complained) = adopt(pipeline, &arguments).await;
    assert_eq!(code, Some(0), "{said} {complained}");
    serde_json::from_str(&said).unwrap()
}

pub(super) async fn all_wait(pipeline: &PipelineUnderTest, records: u32) {
    eventually(LIMIT, "every record waits", async || {
        let waiting = pipeline.queues.waiting(Stage::Load).await.unwrap();
        expect(waiting == Some(records), || format!("{waiting:?}"))
    })
    .await;
}

async fn stop(pipeline: &mut PipelineUnderTest, loader: ReplicaId) {
    pipeline[loader].process().stop(LIMIT).await.unwrap();
}

#[tokio::test]
async fn the_first_run_on_a_filled_form_makes_no_row_before_its_rows_are_adopted() {
    let (mut pipeline, feed) = started(60, 141).await;
    let ids = pipeline.simulator.company_ids();
    let mut filled = BTreeMap::new();
    for (n, id) in ids[..50].iter().enumerate() {
        // People type names and addresses in their own way.
        let typed = |at: usize, text: &str| match (n % 3, at) {
            (0, NAME) => format!(" {text}\u{3000}"),
            (1, NAME) => text.replace('(', "（").replace(')', "）"),
            (2, EMAIL) => text.to_uppercase(),
            _ => text.to_owned(),
        };
        filled.insert(id.to_string(), vec![fill(&pipeline, *id, typed)]);
    }
    feed.put_all(&pipeline).await;
    for mode in ["batch", "single"] {
        let loader = pipeline.run_with(Service::Loader, &[("WRITE_MODE", mode)]);
        pipeline[loader].pauses_for(NO_KEY).await;
        pipeline[loader].pauses_for("loader adopt").await;
        all_wait(&pipeline, 60).await;
        assert_eq!(pipeline.simulator.form_rows(), 50, "{mode}");
        stop(&mut pipeline, loader).await;
    }

    let loader = pipeline.run(Service::Loader);
    pipeline[loader].pauses_for(NO_KEY).await;
    let preview = adopt_json(&pipeline, &["客户公司名称,电子邮件", "--dry-run"]).await;
    let count = |report: &Value, kind: &str| report[kind]["count"].as_u64();
    assert_eq!(preview["waiting"], 60, "{preview}");
    let emails = ids[..50]
        .iter()
        .filter(|id| !pipeline.simulator.expected(**id).unwrap()[EMAIL].is_empty());
    assert_eq!(
        count(&preview, "exact"),
        Some(emails.count() as u64),
        "an empty one says nothing: {preview}"
    );
    let preview = adopt_json(&pipeline, &["客户公司名称", "--dry-run"]).await;
    assert_eq!(count(&preview, "exact"), Some(50), "{preview}");
    let (code, _, complained) = adopt(&pipeline, &["客户公司名称"]).await;
    assert_eq!(code, Some(78), "nobody can say yes here: {complained}");
    assert_eq!(keyed(&pipeline).1, 50, "nothing was written so far");
    all_wait(&pipeline, 60).await;

    // Killed in the middle, and begun again.
    pipeline.set_for(Service::Loader, "FAILPOINT", "http-send:abort:40");
    let (code, said, _) = adopt(&pipeline, &["客户公司名称", "--yes"]).await;
    assert_eq!(code, None, "{said}");
    pipeline.unset_for(Service::Loader, "FAILPOINT");
    let half = keyed(&pipeline).1;
    assert!((1..50).contains(&half), "{half} rows without a key");
    eventually(LIMIT, "the dead one's lease is over", async || {
        let (code, said, complained) = adopt(&pipeline, &["客户公司名称", "--yes"]).await;
        expect(code == Some(0), || format!("{said} {complained}"))
    })
    .await;
    let (rows, keyless) = keyed(&pipeline);
    assert_eq!(
        (rows, keyless),
        (filled.clone(), 0),
        "each row has its customer's key"
    );

    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!(judged.form_rows, 60);
    let (rows, _) = keyed(&pipeline);
    for (company, row) in &filled {
        assert_eq!(&rows[company], row, "the row that was there has been kept");
    }
    pipeline[loader].ready().await;
    pipeline.drain().await;
}

#[tokio::test]
async fn rows_that_nobody_can_tell_stay_and_block_until_they_are_ignored() {
    let (mut pipeline, feed) = started(10, 142).await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..5] {
        fill(&pipeline, *id, as_it_is);
    }
    // Twice the same, one of nobody, and one that shows nothing.
    fill(&pipeline, ids[4], as_it_is);
    let stranger = json!({ cell_widget(NAME): {"value": "nobody, call 13812345678"} });
    pipeline.simulator.insert_row(&stranger).unwrap();
    pipeline
        .simulator
        .insert_row(&json!({ cell_widget(2): {"value": "中国"} }))
        .unwrap();
    feed.put_all(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader]
        .pauses_for("at least 8 rows of the form have no key")
        .await;
    let (code, said, complained) = adopt(&pipeline, &["客户公司名称", "--yes"]).await;
    assert_eq!(code, Some(0), "{said} {complained}");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "exact 4",
        "ambiguous 2",
        "none 2",
        "several rows without a key show this content",
        "call 138***78",
        "4 rows have got their keys",
        "at least 4 rows are left without a key",
        "IGNORE_KEYLESS=true",
    ] {
        assert!(said.contains(words), "no `{words}` in:\n{said}");
    }
    pipeline[loader]
        .pauses_for("at least 4 rows of the form have no key")
        .await;
    assert_eq!(pipeline.simulator.form_rows(), 8, "no new row");
    stop(&mut pipeline, loader).await;

    // What would make a row by another way does not either.
    let missing = keyed(&pipeline).0[&ids[0].to_string()][0].clone();
    pipeline
        .tool(Service::Loader, &["index", "rebuild"])
        .await
        .unwrap();
    pipeline.simulator.delete_rows(Some(&missing));
    let output = pipeline
        .tool_output(Service::Loader, &["reconcile", "--fix"])
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("4 rows have no key") && said.contains("loader adopt"),
        "{said}"
    );
    assert_eq!(pipeline.queues.waiting(Stage::Extract).await.unwrap(), Some(0));

    let ignoring = pipeline.run_with(Service::Loader, &[("IGNORE_KEYLESS", "true")]);
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    pipeline[ignoring].ready().await;
    eventually(LIMIT, "every customer has a row", async || {
        let (rows, keyless) = keyed(&pipeline);
        expect(rows.len() >= 9 && keyless == 4, || format!("{rows:?} {keyless}"))
    })
    .await;
    assert!(keyed(&pipeline).0.values().all(|rows| rows.len() == 1));
    pipeline.drain().await;
}

#[tokio::test]
async fn a_key_widget_that_is_added_later_is_filled_from_what_the_ledger_knows() {
    let (mut pipeline, feed) = started(30, 143).await;
    pipeline.unset_for(Service::Loader, "JDY_KEY_WIDGET");
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.rows(LIMIT, 30).await;
    pipeline.quiet(LIMIT, 0).await;
    stop(&mut pipeline, loader).await;
    assert_eq!(keyed(&pipeline), (BTreeMap::new(), 30));

    pipeline.set_for(Service::Loader, "JDY_KEY_WIDGET", KEY_WIDGET);
    pipeline.simulator.change(10);
    // Records of before the index are fetched again, as the customers are now.
    let _fetching = feed.answer_references(
        &pipeline,
        &feed.record(&pipeline, pipeline.simulator.company_ids()[0]),
    );
    feed.put_all(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!(judged.form_rows, 30, "no second row");
    pipeline[loader].ready().await;
    pipeline.drain().await;
}
