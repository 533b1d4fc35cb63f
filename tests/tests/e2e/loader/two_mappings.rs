//! I18: a record of an earlier mapping never takes the place of one of a later mapping, however their messages meet.

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{KEY_WIDGET, cell_widget};
use kit::wait::{eventually, expect};
use proto::v1::{FormRecord, Version, field_value::Value as Cell};
use serde_json::{Value, json};

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

/// The test's document with a fixed second cell.
fn document(text: &str) -> String {
    let read = std::fs::read_to_string(mapping_document()).unwrap();
    let mut document: Value = serde_json::from_str(&read).unwrap();
    for field in document["request"].as_array_mut().unwrap() {
        if field["field"] == cell_widget(1).as_str() {
            field["value"] = json!(text);
        }
    }
    document.to_string()
}

/// Two transformers share the queue with different documents, while customers change again and again.
#[tokio::test]
async fn transformers_of_two_documents_do_not_fight() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(&path, document(name)).unwrap();
        path.display().to_string()
    };
    let (before, after) = (file("before"), file("after"));
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(12)
        .seed(233)
        .set_for(Service::Transformer, "MAPPING", before)
        .set_for(Service::Transformer, "BATCH_SIZE", "1")
        .start()
        .await;
    pipeline.run_all();
    all_show(&pipeline, "before", 12).await;
    let later = pipeline.run_with(Service::Transformer, &[("MAPPING", after.as_str())]);
    pipeline[later].ready().await;

    let mut seen = std::collections::BTreeSet::new();
    for round in 0..6 {
        let ids = pipeline.simulator.company_ids();
        for id in &ids {
            let name = json!({"name": format!("round {round} of {id}")});
            pipeline.simulator.change_one(*id, Some(name)).unwrap();
        }
        eventually(LIMIT, "some rows hold this round", async || {
            for (customer, cell) in cells(&pipeline) {
                match cell.as_str() {
                    "after" => {
                        seen.insert(customer);
                    }
                    _ => assert!(!seen.contains(&customer), "{customer} went back to {cell:?}"),
                }
            }
            let rows = pipeline.simulator.rows(1_000);
            let text = format!("round {round} of");
            let of_round = rows
                .iter()
                .filter(|row| row[cell_widget(0)].to_string().contains(&text))
                .count();
            expect(of_round * 2 > rows.len(), || format!("{of_round} rows"))
        })
        .await;
    }
    assert!(!seen.is_empty(), "the later mapping has mapped nobody");
    // The earlier one is ended: whoever waits for the later one gets it.
    pipeline.drain().await;
}
