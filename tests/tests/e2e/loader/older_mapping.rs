//! I12: a record that was mapped for the form as it was before is set apart, and stops nobody.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use proto::v1::{FieldValue, FormRecord, field_value::Value};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(120);

async fn started(seed: u64) -> (PipelineUnderTest, Feed) {
    let pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set("LINGER", "1s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    (pipeline, feed)
}

/// As mapped when the form still had a widget that is gone.
fn older(mut record: FormRecord) -> FormRecord {
    record.mapping_fingerprint = "an older one".into();
    record.fields.push(FieldValue {
        field: "_widget_gone".into(),
        label: "已删除".into(),
        value: Some(Value::Text("x".into())),
    });
    record
}

async fn assert_named(pipeline: &PipelineUnderTest) {
    let said = pipeline
        .tool(Service::Loader, &["dead", "list", "--json"])
        .await
        .unwrap();
    assert!(
        said.contains("mapped-for-another-form") && said.contains("_widget_gone") && said.contains("--remap"),
        "{said}"
    );
}

#[tokio::test]
async fn a_record_of_an_older_mapping_dies_alone_in_its_batch() {
    let (mut pipeline, feed) = started(201).await;
    let ids = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &ids);
    records[3] = older(records[3].clone());
    feed.put(&records).await;
    pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 29).await;
    pipeline.quiet(LIMIT, 1).await;
    assert_named(&pipeline).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn records_of_an_older_mapping_alone_pause_until_one_fits() {
    let (mut pipeline, feed) = started(202).await;
    let ids = pipeline.simulator.company_ids();
    let records = feed.records(&pipeline, &ids);
    let old: Vec<FormRecord> = records[..3].iter().cloned().map(older).collect();
    feed.put(&old).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].pauses_for("_widget_gone").await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    feed.put(&records[3..]).await;
    pipeline.rows(LIMIT, 27).await;
    pipeline.quiet(LIMIT, 3).await;
    pipeline[loader].ready().await;
    assert_named(&pipeline).await;
    // Mapped anew they land.
    feed.put(&feed.records(&pipeline, &ids[..3])).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
}

/// The mapping is right, as its other records show with something in the same cell; this value is not.
#[tokio::test]
async fn a_value_of_another_kind_dies_alone() {
    let (mut pipeline, feed) = started(203).await;
    let ids = pipeline.simulator.company_ids();
    let records = feed.records(&pipeline, &ids);
    feed.put(&records[1..15]).await;
    pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 14).await;
    let mut odd = records[0].clone();
    odd.fields[0].value = Some(Value::Number("7".into()));
    feed.put(&[odd]).await;
    feed.put(&records[15..]).await;
    pipeline.rows(LIMIT, 29).await;
    pipeline.quiet(LIMIT, 1).await;
    let said = pipeline
        .tool(Service::Loader, &["dead", "list", "--json"])
        .await
        .unwrap();
    assert!(said.contains("mapped-for-another-form"), "{said}");
    pipeline.drain().await;
}

/// Nobody else has anything in that cell, so nothing shows that the mapping is right; two such customers stop nobody, and
/// die after some tries.
#[tokio::test]
async fn a_value_of_another_kind_where_others_have_none_stops_nobody() {
    let (mut pipeline, feed) = started(204).await;
    let ids = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &ids);
    let at = records[0].fields.iter().position(|field| field.value.is_none());
    let at = at.unwrap_or(records[0].fields.len() - 1);
    let text = |record: &FormRecord| matches!(record.fields[at].value, None | Some(Value::Text(_)));
    assert!(records.iter().all(text), "a text widget is needed");
    for (record, nth) in records.iter_mut().zip(0..) {
        record.fields[at].value = (nth < 2).then(|| Value::Number("7".into()));
    }
    feed.put(&records[2..15]).await;
    let loader = pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 13).await;
    feed.put(&records[..2]).await;
    feed.put(&records[15..]).await;
    pipeline.rows(LIMIT, 28).await;
    pipeline[loader].ready().await;
    pipeline.quiet(LIMIT, 2).await;
    pipeline[loader].ready().await;
    pipeline.drain().await;
}

/// So many are the mapping's or the form's fault.
#[tokio::test]
async fn values_of_another_kind_of_many_customers_pause_and_cost_nothing() {
    let (mut pipeline, feed) = started(205).await;
    let ids = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &ids);
    for record in &mut records {
        record.fields[0].value = None;
    }
    feed.put(&records[10..]).await;
    let loader = pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 20).await;
    for record in &mut records[..10] {
        record.fields[0].value = Some(Value::Number("7".into()));
    }
    feed.put(&records[..10]).await;
    pipeline[loader].pauses_for("number").await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    pipeline.drain().await;
}
