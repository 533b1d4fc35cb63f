//! I18: a record of an earlier mapping never takes the place of one of a later mapping, however their messages meet.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{KEY_WIDGET, cell_widget};
use kit::wait::{eventually, expect};
use proto::v1::{FormRecord, Version, field_value::Value as Cell};
use serde_json::Value;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(180);

/// As mapped by a document that came into use at this time, with this text in the second cell.
fn mapped(mut record: FormRecord, revision: u64, text: &str) -> FormRecord {
    record.mapping_revision = revision;
    record.fields[1].value = Some(Cell::Text(text.into()));
    record
}

/// The second cell of each row, by customer.
fn cells(pipeline: &PipelineUnderTest) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = pipeline.simulator.rows(1_000).into_iter();
    let mut cells: Vec<_> = rows
        .map(|row| (text(&row[KEY_WIDGET]), text(&row[cell_widget(1)])))
        .collect();
    cells.sort();
    cells
}

async fn all_show(pipeline: &PipelineUnderTest, wanted: &str, rows: usize) {
    eventually(LIMIT, &format!("{rows} rows show {wanted}"), async || {
        let cells = cells(pipeline);
        let shown = cells.iter().filter(|cell| cell.1 == wanted).count();
        expect(shown == rows && cells.len() == rows, || format!("{cells:?}"))
    })
    .await;
}

#[tokio::test]
async fn a_record_of_an_earlier_mapping_is_fetched_again_instead_of_written() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(4)
        .seed(231)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let loader = pipeline.run(Service::Loader);
    let with = |revision: u64, text: &str| -> Vec<FormRecord> {
        let records = feed.records(&pipeline, &ids).into_iter();
        records.map(|record| mapped(record, revision, text)).collect()
    };
    feed.put(&with(7, "later")).await;
    all_show(&pipeline, "later", 4).await;

    // Newer states, of the earlier mapping and of a transformer that knows of no revisions: nobody writes them.
    let mut earlier = with(6, "earlier");
    earlier[1].mapping_revision = 0;
    feed.put(&earlier).await;
    eventually(LIMIT, "all are asked for again", async || {
        let asked = pipeline[loader].metric("okki_loader_refetched_total").await;
        expect(asked >= Some(4.0), || format!("{asked:?}"))
    })
    .await;
    all_show(&pipeline, "later", 4).await;

    // Whoever maps them by the later one, or by one that is later still, is heard.
    let _answers = feed.answer_references_with(with(7, "again"));
    all_show(&pipeline, "again", 4).await;
    feed.put(&with(8, "latest")).await;
    all_show(&pipeline, "latest", 4).await;
    pipeline.drain().await;
}

/// The same state once more, by another mapping: the revision alone decides, in any order.
#[tokio::test]
async fn of_one_state_the_later_mapping_counts() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(4)
        .seed(232)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let records = feed.records(&pipeline, &ids);
    let with = |revision: u64, text: &str| -> Vec<FormRecord> {
        let records = records.iter().cloned();
        records.map(|record| mapped(record, revision, text)).collect()
    };
    pipeline.run(Service::Loader);
    feed.put(&with(1_795_000_000_000, "earlier")).await;
    all_show(&pipeline, "earlier", 4).await;
    feed.put(&with(1_795_000_000_001, "later")).await;
    all_show(&pipeline, "later", 4).await;
    feed.put(&with(1_795_000_000_000, "earlier")).await;
    // What is behind them in the queue has been handled after them.
    let mut last = feed.record(&pipeline, ids[0]);
    last.version = Some(Version {
        update_time: last.version.unwrap().update_time + 60,
        ..last.version.unwrap()
    });
    feed.put(&[mapped(last, 1_795_000_000_001, "end")]).await;
    eventually(LIMIT, "the last one is written", async || {
        let cells = cells(&pipeline);
        expect(cells.iter().any(|cell| cell.1 == "end"), || format!("{cells:?}"))
    })
    .await;
    let cells = cells(&pipeline);
    assert!(cells.iter().all(|cell| cell.1 != "earlier"), "{cells:?}");
    pipeline.drain().await;
}
