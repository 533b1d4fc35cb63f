//! Rows that people move, type and bring back while loaders work: a row id that was right yesterday, and a row that was not
//! there yesterday, are asked about before anything is sent (I2).

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{Builder, PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, KEY_WIDGET, Poison, Vendor};
use kit::wait::{eventually, expect};
use serde_json::json;

use super::feed::Feed;

/// The first removals of a pipeline wait until they can be judged together.
const LIMIT: Duration = Duration::from_secs(180);

fn loader(customers: u32, seed: u64) -> Builder {
    PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set("BATCH_SIZE", "20")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .set_for(Service::Loader, "MAPPING", mapping_document())
}

/// Id of the row that has this key.
fn row_of(pipeline: &PipelineUnderTest, company: i64) -> String {
    let rows = pipeline.simulator.rows(10_000);
    let row = rows
        .iter()
        .find(|row| row[KEY_WIDGET] == json!(company.to_string()));
    row.unwrap()["_id"].as_str().unwrap().to_owned()
}

fn write_key(pipeline: &PipelineUnderTest, row: &str, key: &str) {
    let cell = json!({ KEY_WIDGET: {"value": key} });
    pipeline.simulator.edit_row(row, &cell).unwrap();
}

#[tokio::test]
async fn keys_that_people_swap_cost_nobody_a_row() {
    let mut pipeline = loader(40, 251).start().await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    // A new index does not trust what was fetched before it was begun.
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    // The first two are swapped, the third has its key on the row of the fourth, whose own row is gone.
    let rows: Vec<String> = ids[..4].iter().map(|id| row_of(&pipeline, *id)).collect();
    write_key(&pipeline, &rows[0], &ids[1].to_string());
    write_key(&pipeline, &rows[1], &ids[0].to_string());
    pipeline.simulator.delete_rows(Some(&rows[2]));
    write_key(&pipeline, &rows[3], &ids[2].to_string());
    // One of each pair is removed, and everybody else changes.
    let removals = [feed.removal(&pipeline, ids[0]), feed.removal(&pipeline, ids[3])];
    for id in [ids[0], ids[3]] {
        pipeline.simulator.remove_one(id).unwrap();
    }
    pipeline.simulator.change(38);
    let left: Vec<i64> = pipeline.simulator.company_ids();
    feed.put(&removals).await;
    feed.put(&feed.records(&pipeline, &left)).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (38, 0));
    assert_eq!(row_of(&pipeline, ids[1]), rows[0]);
    assert_eq!(row_of(&pipeline, ids[2]), rows[3]);
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn rows_that_come_after_the_walk_are_found_before_others_are_made() {
    let mut pipeline = loader(40, 252).start().await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    let loader = pipeline.run(Service::Loader);
    feed.put(&feed.records(&pipeline, &ids[..20])).await;
    pipeline.rows(LIMIT, 20).await;
    pipeline.quiet(LIMIT, 0).await;
    super::index::complete(&pipeline, loader).await;
    // Typed by hand, with a key; and one that was removed and is brought back from the bin.
    for id in &ids[20..] {
        let row = json!({ KEY_WIDGET: {"value": id.to_string()} });
        pipeline.simulator.insert_row(&row).unwrap();
    }
    let gone = row_of(&pipeline, ids[0]);
    pipeline.simulator.remove_one(ids[0]).unwrap();
    feed.put(&[feed.removal(&pipeline, ids[0])]).await;
    pipeline.rows(LIMIT, 39).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.simulator.recover_row(&gone).ok();
    let left = pipeline.simulator.company_ids();
    feed.put(&feed.records(&pipeline, &left)).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(report.duplicates, 0);
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// The loader that made these rows dies without an answer, and people type the customers before another one goes on.
#[tokio::test]
async fn a_batch_that_is_taken_over_makes_nothing_beside_what_people_have_typed() {
    let mut pipeline = loader(20, 257)
        .set("JDY_TIMEOUT", "1s")
        .set("LATE_WRITES", "3s")
        .set("LEASE", "3s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    // A new index does not trust what was fetched before it was begun.
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    let lost = FaultKind::Status {
        status: 502,
        commit: false,
    };
    let fault = pipeline
        .simulator
        .fault(Fault::on(Vendor::Jdy, "batch_create", lost));
    feed.put_all(&pipeline).await;
    let first = pipeline.run_with(Service::Loader, &[("FAILPOINT", "create-answered:abort")]);
    pipeline[first].process().wait(LIMIT).await.unwrap();
    pipeline[first].kill9();
    pipeline.simulator.clear_faults(Some(fault));
    for id in &ids {
        let row = json!({ KEY_WIDGET: {"value": id.to_string()} });
        pipeline.simulator.insert_row(&row).unwrap();
    }
    pipeline.run(Service::Loader);
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (20, 0));
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// What is made and cannot be read back is one customer's trouble: its batch goes on.
#[tokio::test]
async fn a_new_row_that_no_page_can_show_costs_one_record() {
    let mut pipeline = loader(60, 253)
        .simulator(|options| {
            options.settings.jdy.unreadable = vec![Poison {
                marker: "UNREADABLE".into(),
                code: 3005,
            }];
        })
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let name = json!({"short_name": "UNREADABLE", "name": "UNREADABLE"});
    pipeline.simulator.change_one(ids[7], Some(name)).unwrap();
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    eventually(LIMIT, "all others are as they should be", async || {
        let judged = pipeline.simulator.judge().await;
        let about_others = judged.missing > 1 || judged.duplicates > 0;
        expect(!about_others && pipeline.simulator.form_rows() >= 59, || {
            format!("{judged:?}")
        })
    })
    .await;
    pipeline.quiet_with(LIMIT, 0..=1).await;
    assert_eq!(pipeline.simulator.form_rows(), 60);
}
