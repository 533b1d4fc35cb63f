//! What the form or the vendor makes of a write behind its answer: keys that something in the form rewrites, rows that are
//! confirmed and not stored (I2, I12, I13).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{KEY_WIDGET, Rewrite, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(150);
const NAME: usize = 0;

async fn started(customers: u32, seed: u64, rule: Option<Rewrite>) -> (PipelineUnderTest, Feed, ReplicaId) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set("BATCH_SIZE", "10")
        .set("JDY_TIMEOUT", "1s")
        .set("LATE_WRITES", "0s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .simulator(move |options| options.settings.jdy.rewritten = rule.into_iter().collect())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    (pipeline, feed, loader)
}

fn key(holding: Option<i64>, prefix: Option<&str>) -> Option<Rewrite> {
    Some(Rewrite {
        widget: KEY_WIDGET.to_owned(),
        holding: holding.map(|id| id.to_string()),
        prefix: prefix.map(str::to_owned),
    })
}

/// Key and name of every row.
fn rows(pipeline: &PipelineUnderTest) -> Vec<(String, String)> {
    let text = |row: &Value, widget: &str| row[widget].as_str().unwrap_or_default().to_owned();
    let rows = pipeline.simulator.rows(10_000);
    let row = |row: &Value| (text(row, KEY_WIDGET), text(row, &cell_widget(NAME)));
    rows.iter().map(row).collect()
}

/// Every customer has one row with its name as it is now, whatever key that shows.
async fn each_has_one(pipeline: &PipelineUnderTest, ids: &[i64]) {
    eventually(LIMIT, "each customer has one row as it is now", async || {
        let mut shown: BTreeMap<String, usize> = BTreeMap::new();
        for (_, name) in rows(pipeline) {
            *shown.entry(name).or_default() += 1;
        }
        let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
        for id in ids {
            let name = pipeline.simulator.expected(*id).unwrap()[NAME].clone();
            *wanted.entry(name).or_default() += 1;
        }
        expect(shown == wanted, || format!("{shown:?}; wanted {wanted:?}"))
    })
    .await;
}

async fn said(pipeline: &PipelineUnderTest, loader: ReplicaId) -> Value {
    let (_, status) = pipeline[loader].get("/status").await.unwrap();
    let status: Value = serde_json::from_str(&status).unwrap();
    status["keys_rewritten"].clone()
}

async fn new_rows_wait(pipeline: &PipelineUnderTest, loader: ReplicaId) {
    eventually(LIMIT, "status says that new rows wait", async || {
        let said = said(pipeline, loader).await;
        let is_so = said["new_rows_wait"] == true && said["key_widget"] == KEY_WIDGET;
        expect(is_so, || said.to_string())
    })
    .await;
}

/// Each change would make another row where a row counts as gone that its key does not show.
#[tokio::test]
async fn keys_that_the_form_rewrites_double_nobody_and_new_rows_wait() {
    double_nobody(431, "9").await;
}

/// Such keys do not look like ids: the key widget would be taken for one of another kind.
#[tokio::test]
async fn keys_that_become_texts_stop_nobody_after_a_rebuild_either() {
    double_nobody(439, "KH-").await;
}

async fn double_nobody(seed: u64, prefix: &str) {
    let (mut pipeline, feed, loader) = started(20, seed, key(None, Some(prefix))).await;
    let ids = pipeline.simulator.company_ids();
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    feed.put_all(&pipeline).await;
    each_has_one(&pipeline, &ids).await;
    new_rows_wait(&pipeline, loader).await;
    for _ in 0..2 {
        pipeline.simulator.change(20);
        feed.put_all(&pipeline).await;
        each_has_one(&pipeline, &ids).await;
    }
    // Also by another loader, and in another index.
    pipeline[loader].process().stop(LIMIT).await.unwrap();
    let loader = pipeline.run(Service::Loader);
    let rebuilt = pipeline.tool(Service::Loader, &["index", "rebuild"]).await;
    rebuilt.unwrap();
    new_rows_wait(&pipeline, loader).await;
    pipeline.simulator.change(20);
    pipeline.simulator.add(10);
    feed.put_all(&pipeline).await;
    each_has_one(&pipeline, &ids).await;
    pipeline[loader].ready().await;
    assert_eq!(pipeline.simulator.form_rows(), 20, "the new ones wait");

    pipeline
        .simulator
        .set(|settings| settings.jdy.rewritten = Vec::new());
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!((judged.form_rows, judged.duplicates), (30, 0));
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// A check or an automation for one record: blank, another text, or the key of a customer who has a row.
#[tokio::test]
async fn one_key_that_the_form_rewrites_costs_nobody_a_row_and_holds_up_nobody() {
    for (seed, prefix) in [(432, None), (433, Some("KH-")), (434, Some("1"))] {
        let (mut pipeline, feed, loader) = started(30, seed, None).await;
        let ids = pipeline.simulator.company_ids();
        let bad = ids[7];
        pipeline
            .simulator
            .set(|settings| settings.jdy.rewritten = key(Some(bad), prefix).into_iter().collect());
        let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
        feed.put(&feed.records(&pipeline, &ids[..20])).await;
        each_has_one(&pipeline, &ids[..20]).await;
        pipeline.simulator.change_one(bad, None).unwrap();
        feed.put(&[feed.record(&pipeline, bad)]).await;
        each_has_one(&pipeline, &ids[..20]).await;
        // A start counts rows without a key before anything else.
        pipeline[loader].process().stop(LIMIT).await.unwrap();
        let loader = pipeline.run(Service::Loader);
        pipeline.simulator.change_one(bad, None).unwrap();
        feed.put_all(&pipeline).await;
        each_has_one(&pipeline, &ids).await;
        pipeline[loader].ready().await;
        assert_ne!(said(&pipeline, loader).await["new_rows_wait"], true);
        let odd: Vec<String> = rows(&pipeline)
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| !ids.iter().any(|id| id.to_string() == *key))
            .collect();
        assert_eq!(
            odd,
            [prefix.map_or_else(String::new, |prefix| format!("{prefix}{bad}"))]
        );
        pipeline.quiet(LIMIT, 0).await;
        pipeline.drain().await;
    }
}

/// Trust in the answers was earned before, so that nobody looks at once.
#[tokio::test]
async fn rows_that_are_confirmed_and_not_stored_are_made_again() {
    let (mut pipeline, feed, _) = started(140, 435, None).await;
    let ids = pipeline.simulator.company_ids();
    let records = feed.records(&pipeline, &ids);
    let _fetching = feed.answer_references_with(records.clone());
    for part in records[..80].chunks(20) {
        feed.put(part).await;
    }
    pipeline.rows(LIMIT, 80).await;
    pipeline.quiet(LIMIT, 0).await;
    let lost: BTreeSet<i64> = ids[80..].iter().step_by(20).copied().collect();
    let markers: Vec<String> = lost.iter().map(i64::to_string).collect();
    pipeline.simulator.set(|settings| settings.jdy.lost = markers);
    for part in records[80..].chunks(10) {
        feed.put(part).await;
    }
    pipeline.rows(LIMIT, 140 - lost.len()).await;
    pipeline.simulator.set(|settings| settings.jdy.lost = Vec::new());
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!((judged.form_rows, judged.duplicates), (140, 0));
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// The answers say success, and name the row alone.
#[tokio::test]
async fn updates_that_are_confirmed_and_not_done_are_done_again() {
    let (mut pipeline, feed, loader) = started(20, 436, None).await;
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let unheeded = vec!["update".to_owned()];
    pipeline
        .simulator
        .set(|settings| settings.jdy.unheeded = unheeded);
    pipeline.simulator.change(5);
    let ids = pipeline.simulator.company_ids();
    let records = feed.records(&pipeline, &ids);
    let _fetching = feed.answer_references_with(records.clone());
    feed.put(&records).await;
    eventually(LIMIT, "it is noticed that nothing was done", async || {
        let noticed = pipeline[loader].metric("okki_loader_late_writes_total").await;
        expect(noticed.is_some_and(|rows| rows >= 5.0), || format!("{noticed:?}"))
    })
    .await;
    pipeline
        .simulator
        .set(|settings| settings.jdy.unheeded = Vec::new());
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}
