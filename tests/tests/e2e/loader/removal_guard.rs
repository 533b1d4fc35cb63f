//! With `ON_REMOVAL=delete` a wrong filter, or a CRM that says that everybody is gone, does not empty the form: removals
//! beyond `REMOVAL_LIMIT` wait for a person, and hold up nobody meanwhile.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::wait::{eventually, expect};
use proto::v1::{FormRecord, Lane};
use serde_json::{Value, json};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(120);

/// A form that holds every customer, two loaders that have read it to its end.
async fn loaded(customers: u32, seed: u64) -> (PipelineUnderTest, Feed, ReplicaId) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .set_for(Service::Loader, "MAPPING", kit::config::mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline.run(Service::Loader);
    super::index::complete(&pipeline, loader).await;
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    judged_one_by_one(&pipeline, loader).await;
    (pipeline, feed, loader)
}

/// All removals wait at first.
async fn judged_one_by_one(pipeline: &PipelineUnderTest, loader: ReplicaId) {
    eventually(LIMIT, "removals are judged one by one", async || {
        let said = said(pipeline, loader).await;
        expect(said["all_wait_at_first"] == false, || said.to_string())
    })
    .await;
}

/// These customers have left the filter, as this run has found out.
fn leave(pipeline: &PipelineUnderTest, feed: &Feed, ids: &[i64], run: &str, lane: Lane) -> Vec<FormRecord> {
    let left = |id: &i64| FormRecord {
        filtered: true,
        run_id: run.to_owned(),
        lane: lane.into(),
        ..feed.removal(pipeline, *id)
    };
    ids.iter().map(left).collect()
}

async fn said(pipeline: &PipelineUnderTest, loader: ReplicaId) -> Value {
    let Ok((200, text)) = pipeline[loader].get("/status").await else {
        return Value::Null;
    };
    serde_json::from_str::<Value>(&text).unwrap()["removals"].take()
}

/// Waits until so many removals wait for a person, and no other work is left to do.
async fn parked(pipeline: &PipelineUnderTest, loader: ReplicaId, removals: u64) {
    eventually(LIMIT, &format!("{removals} removals are parked"), async || {
        let said = said(pipeline, loader).await;
        expect(
            said["parked"] == removals && said["waiting_since"].is_string() == (removals > 0),
            || format!("{said}, {} rows", pipeline.simulator.form_rows()),
        )
    })
    .await;
}

async fn decide(pipeline: &PipelineUnderTest, word: &str) {
    let arguments = ["removals", word, "--reason", "looked at", "--yes"];
    pipeline.tool(Service::Loader, &arguments).await.unwrap();
}

#[tokio::test]
async fn a_filter_that_fits_nobody_takes_half_of_the_rows_at_most_until_a_person_allows_it() {
    let (mut pipeline, feed, loader) = loaded(40, 901).await;
    let ids = pipeline.simulator.company_ids();
    let gone = leave(&pipeline, &feed, &ids, "full-1", Lane::Backfill);
    feed.put(&gone).await;
    parked(&pipeline, loader, 20).await;
    assert_eq!(pipeline.simulator.form_rows(), 20);
    // Others are not held up: one that has gone comes back.
    let kept = super::row_hooks::keyed(&pipeline);
    let back = ids.iter().find(|id| !kept.contains_key(&id.to_string())).unwrap();
    let mut newer = feed.record(&pipeline, *back);
    newer.version.as_mut().unwrap().update_time += 60;
    feed.put(&[newer]).await;
    pipeline.rows(LIMIT, 21).await;
    // Copies of what has gone, and of what waits, change nothing.
    feed.put(&gone).await;
    parked(&pipeline, loader, 20).await;
    assert_eq!(pipeline.simulator.form_rows(), 21);
    let shown = pipeline
        .tool(Service::Loader, &["removals", "show"])
        .await
        .unwrap();
    assert!(shown.contains("have left the filter"), "{shown}");
    assert!(shown.contains("loader removals allow"), "{shown}");
    let doctor = pipeline.tool_output(Service::Loader, &["doctor"]).await.unwrap();
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("removals are parked"), "{doctor}");
    decide(&pipeline, "allow").await;
    eventually(LIMIT, "all that were allowed are gone", async || {
        let rows = pipeline.simulator.form_rows();
        expect(rows == 1, || format!("{rows} rows"))
    })
    .await;
    parked(&pipeline, loader, 0).await;
    let shown = pipeline
        .tool(Service::Loader, &["removals", "show"])
        .await
        .unwrap();
    assert!(shown.contains("looked at"), "{shown}");
    pipeline.drain().await;
}

#[tokio::test]
async fn a_filter_that_is_put_right_makes_what_was_parked_vanish() {
    let (mut pipeline, feed, loader) = loaded(40, 902).await;
    let ids = pipeline.simulator.company_ids();
    feed.put(&leave(&pipeline, &feed, &ids, "full-1", Lane::Backfill))
        .await;
    parked(&pipeline, loader, 20).await;
    let mut again = feed.records(&pipeline, &ids);
    for record in &mut again {
        record.version.as_mut().unwrap().update_time += 60;
    }
    feed.put(&again).await;
    pipeline.until_equal(LIMIT).await;
    parked(&pipeline, loader, 0).await;
    pipeline.quiet(LIMIT, 0).await;
    // And a few real removals go as usual.
    let mut few = leave(&pipeline, &feed, &ids[..3], "live-1", Lane::Live);
    for record in &mut few {
        record.version.as_mut().unwrap().update_time += 120;
        record.filtered = false;
    }
    for id in &ids[..3] {
        pipeline.simulator.remove_one(*id).unwrap();
    }
    feed.put(&few).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn everybody_on_the_list_of_the_deleted_waits_and_a_person_may_keep_the_rows() {
    let (mut pipeline, feed, loader) = loaded(30, 903).await;
    let ids = pipeline.simulator.company_ids();
    let mut gone = leave(&pipeline, &feed, &ids, "live-1", Lane::Live);
    for record in &mut gone {
        record.filtered = false;
    }
    // In small portions, each of a run of its own.
    for (at, portion) in gone.chunks_mut(5).enumerate() {
        for record in portion.iter_mut() {
            record.run_id = format!("live-{at}");
        }
        feed.put(portion).await;
    }
    parked(&pipeline, loader, 15).await;
    assert_eq!(pipeline.simulator.form_rows(), 15);
    decide(&pipeline, "keep").await;
    parked(&pipeline, loader, 0).await;
    pipeline.quiet(LIMIT, 0).await;
    assert_eq!(pipeline.simulator.form_rows(), 15);
    pipeline.drain().await;
}

/// What was counted is lost, but not what it was counted for.
#[tokio::test]
async fn an_emptied_redis_lets_none_of_the_parked_ones_through() {
    let (mut pipeline, feed, loader) = loaded(30, 904).await;
    let ids = pipeline.simulator.company_ids();
    feed.put(&leave(&pipeline, &feed, &ids, "full-1", Lane::Backfill))
        .await;
    parked(&pipeline, loader, 15).await;
    feed.empty_redis().await;
    // What was fetched before is fetched again, and found to be gone once more.
    let _fetching = feed.answer_references_with(Vec::new());
    super::index::complete(&pipeline, loader).await;
    parked(&pipeline, loader, 15).await;
    assert_eq!(pipeline.simulator.form_rows(), 15);
    pipeline[loader].kill9();
    let loader = pipeline.run(Service::Loader);
    parked(&pipeline, loader, 15).await;
    assert_eq!(pipeline.simulator.form_rows(), 15);
    decide(&pipeline, "allow").await;
    eventually(LIMIT, "all that were allowed are gone", async || {
        let rows = pipeline.simulator.form_rows();
        expect(rows == 0, || format!("{rows} rows"))
    })
    .await;
    pipeline.drain().await;
}

fn source(field: &str) -> Value {
    json!({
        "api": "/v1/company/list", "effect": "QUERY", "method": "GET", "id": "company_id",
        "request": [{"field": "all", "label": "all", "type": "string", "value": "1"}],
        "condition": [[{"field": field, "logic": "notlike", "value": "OUT"}]],
    })
}

/// As it comes about: the condition names a field that nobody has, and the backfill that follows finds that everybody has
/// left the filter. Then Redis is lost, too, and the wrong filter is applied once more.
#[tokio::test]
async fn a_typo_in_the_condition_does_not_empty_the_form_and_neither_does_an_emptied_redis() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("source.json");
    std::fs::write(&document, source("name").to_string()).unwrap();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(905)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Extractor, "SOURCE", document.display().to_string())
        .set_for(Service::Extractor, "BACKFILL_ON_CHANGE", "true")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .set_for(Service::Loader, "MAPPING", kit::config::mapping_document())
        .start()
        .await;
    let [extractor, _, loader] = pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    judged_one_by_one(&pipeline, loader).await;
    let mut wrong = source("nmae");
    wrong["condition"][0][0]["logic"] = json!("like");
    std::fs::write(&document, wrong.to_string()).unwrap();
    pipeline[extractor].kill9();
    let extractor = pipeline.run(Service::Extractor);
    parked(&pipeline, loader, 10).await;
    assert_eq!(pipeline.simulator.form_rows(), 10);
    let feed = Feed::new(&pipeline).await;
    feed.empty_redis().await;
    parked(&pipeline, loader, 10).await;
    assert_eq!(pipeline.simulator.form_rows(), 10);
    // Put right, everybody comes back.
    std::fs::write(&document, source("name").to_string()).unwrap();
    pipeline[extractor].kill9();
    pipeline.run(Service::Extractor);
    pipeline.until_equal(LIMIT).await;
    parked(&pipeline, loader, 0).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}
