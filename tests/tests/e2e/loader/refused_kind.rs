//! A refusal of one kind of write is no pause for the others that succeed (I12): a key that may not delete, a form that takes
//! no updates.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use proto::v1::FormRecord;
use serde_json::Value;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(120);

/// 60 customers; the first 30 have rows.
async fn loaded(seed: u64) -> (PipelineUnderTest, Feed, ReplicaId, Vec<i64>) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .set_for(Service::Loader, "MAPPING", kit::config::mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    super::index::complete(&pipeline, loader).await;
    let ids = pipeline.simulator.company_ids();
    feed.put(&feed.records(&pipeline, &ids[..30])).await;
    pipeline.rows(LIMIT, 30).await;
    pipeline.quiet(LIMIT, 0).await;
    (pipeline, feed, loader, ids)
}

fn refuse(pipeline: &PipelineUnderTest, endpoint: &str, code: i64) {
    let kind = FaultKind::Code {
        code,
        message: String::new(),
        status: None,
    };
    pipeline.simulator.fault(Fault::on(Vendor::Jdy, endpoint, kind));
}

async fn held(pipeline: &PipelineUnderTest, loader: ReplicaId) -> Value {
    let Ok((200, text)) = pipeline[loader].get("/status").await else {
        return Value::Null;
    };
    serde_json::from_str::<Value>(&text).unwrap()["held"].take()
}

/// Until only this kind of write waits, while newcomers land one by one; how many customers have rows by then.
async fn until_held(
    pipeline: &mut PipelineUnderTest,
    feed: &Feed,
    loader: ReplicaId,
    newcomers: &[i64],
    what: &str,
) {
    for id in newcomers {
        let rows = pipeline.simulator.form_rows() + 1;
        feed.put(&[feed.record(pipeline, *id)]).await;
        pipeline.rows(LIMIT, rows).await;
        if held(pipeline, loader).await[what].is_string() {
            return;
        }
    }
    eventually(
        LIMIT,
        &format!("every {what} waits, and nothing else"),
        async || {
            let held = held(pipeline, loader).await;
            expect(held[what].is_string(), || held.to_string())
        },
    )
    .await;
}

/// Ten newcomers land, and meanwhile the stage is never paused.
async fn newcomers_land(pipeline: &mut PipelineUnderTest, feed: &Feed, loader: ReplicaId, ids: &[i64]) {
    let pauses = |pipeline: &PipelineUnderTest| pipeline[loader].log().matches("\"paused\"").count();
    let before = pauses(pipeline);
    for id in ids {
        let rows = pipeline.simulator.form_rows() + 1;
        feed.put(&[feed.record(pipeline, *id)]).await;
        pipeline.rows(LIMIT, rows).await;
    }
    assert_eq!(pauses(pipeline), before, "{}", pipeline[loader].log());
    assert!(pipeline[loader].is_ready().await);
}

#[tokio::test]
async fn removals_that_are_refused_keep_no_newcomer_waiting() {
    let (mut pipeline, feed, loader, ids) = loaded(911).await;
    refuse(&pipeline, "delete", 17054);
    let gone: Vec<FormRecord> = ids[..9].iter().map(|id| feed.removal(&pipeline, *id)).collect();
    feed.put(&gone).await;
    until_held(&mut pipeline, &feed, loader, &ids[30..45], "removal").await;
    let landed = pipeline.simulator.form_rows();
    newcomers_land(&mut pipeline, &feed, loader, &ids[landed..landed + 10]).await;
    pipeline.simulator.clear_faults(None);
    pipeline.rows(LIMIT, landed + 10 - 9).await;
    eventually(LIMIT, "nothing is held any more", async || {
        let held = held(&pipeline, loader).await;
        expect(held.as_object().is_some_and(|held| held.is_empty()), || {
            held.to_string()
        })
    })
    .await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn updates_that_are_refused_keep_no_newcomer_waiting() {
    let (mut pipeline, feed, loader, ids) = loaded(912).await;
    refuse(&pipeline, "update", 4402);
    let changed: Vec<FormRecord> = ids[..12]
        .iter()
        .map(|id| {
            let mut record = feed.record(&pipeline, *id);
            let name = proto::v1::field_value::Value::Text(format!("changed {id}"));
            record.fields[0].value = Some(name);
            record.version.as_mut().unwrap().update_time += 60;
            record
        })
        .collect();
    feed.put(&changed).await;
    until_held(&mut pipeline, &feed, loader, &ids[30..45], "update").await;
    let landed = pipeline.simulator.form_rows();
    newcomers_land(&mut pipeline, &feed, loader, &ids[landed..landed + 10]).await;
    pipeline.simulator.clear_faults(None);
    let name = kit::simulator::cell_widget(0);
    eventually(LIMIT, "the changes are written", async || {
        let rows = pipeline.simulator.rows(1000);
        let changed = |row: &&Value| {
            row[&name]
                .as_str()
                .is_some_and(|text| text.starts_with("changed"))
        };
        let changed = rows.iter().filter(changed).count();
        expect(changed == 12, || format!("{changed} of 12"))
    })
    .await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}
