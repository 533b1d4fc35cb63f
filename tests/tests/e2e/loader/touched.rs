//! Key cells that people and imports touch, keys that the vendor leaves out, ids that were taken by their place: nobody
//! gets a second row, and nobody gets another one's (I2).

use std::collections::BTreeMap;
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{Builder, PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Ids, KEY_WIDGET, Poison, Vendor, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(120);
const NAME: usize = 0;

fn loader(customers: u32, seed: u64) -> Builder {
    PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set("BATCH_SIZE", "10")
        .set_for(Service::Loader, "MAPPING", mapping_document())
}

/// Row id and name by key, of rows that have one.
fn keyed(pipeline: &PipelineUnderTest) -> BTreeMap<String, Vec<(String, String)>> {
    let mut rows: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for row in pipeline.simulator.rows(10_000) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let row = (text("_id"), text(&cell_widget(NAME)));
        rows.entry(text(KEY_WIDGET)).or_default().push(row);
    }
    rows
}

/// What a spreadsheet shows of a long number.
fn rounded(id: i64) -> String {
    format!("{:.5E}", id as f64).replace('E', "E+")
}

/// Most ids have been taken from answers by their place when the cells are touched, and have never been proven.
#[tokio::test]
async fn keys_that_are_touched_before_the_first_update_double_nobody() {
    let mut pipeline = loader(80, 241).start().await;
    let feed = Feed::new(&pipeline).await;
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let before = keyed(&pipeline);
    let ids = pipeline.simulator.company_ids();
    for (n, id) in ids.iter().enumerate() {
        let typed = match n % 8 {
            0 => String::new(),
            1 => format!("{id} "),
            2 => rounded(*id),
            3 => "作废".to_owned(),
            4 => format!("0{id}"),
            5 => format!("=\"{id}\""),
            6 => format!("{id}.00"),
            _ => continue,
        };
        let row = &before[&id.to_string()][0].0;
        let cell = json!({ KEY_WIDGET: {"value": typed} });
        pipeline.simulator.edit_row(row, &cell).unwrap();
    }
    pipeline.simulator.change(80);
    feed.put_all(&pipeline).await;
    eventually(LIMIT, "every row has its key again, once", async || {
        let now = keyed(&pipeline);
        let same = now.len() == before.len()
            && now.iter().all(|(key, rows)| {
                let ids =
                    |rows: &[(String, String)]| rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>();
                before.get(key).is_some_and(|before| ids(before) == ids(rows))
            });
        expect(same, || format!("{now:?}"))
    })
    .await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// Also in the index that an emptied Redis needs: who cannot be read dies alone, the others and newcomers land.
#[tokio::test]
async fn a_row_that_no_page_can_show_costs_one_record() {
    let mut pipeline = loader(60, 242).set("BATCH_SIZE", "60").start().await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    let loader = pipeline.run(Service::Loader);
    feed.put(&feed.records(&pipeline, &ids[..50])).await;
    pipeline.rows(LIMIT, 50).await;
    pipeline.quiet(LIMIT, 0).await;
    let bad = &keyed(&pipeline)[&ids[7].to_string()][0].0;
    let marked = json!({ cell_widget(1): {"value": "UNREADABLE"} });
    pipeline.simulator.edit_row(bad, &marked).unwrap();
    pipeline.simulator.set(|settings| {
        settings.jdy.unreadable = vec![Poison {
            marker: "UNREADABLE".into(),
            code: 3005,
        }];
    });
    feed.empty_redis().await;
    pipeline.simulator.change(50);
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    feed.put_all(&pipeline).await;
    eventually(LIMIT, "all others are as they should be", async || {
        let judged = pipeline.simulator.judge().await;
        let wrong = judged.examples.stale.iter().chain(&judged.examples.wrong_cells);
        let only_that_one = wrong.clone().all(|one| one.company_id == Some(ids[7]));
        expect(judged.missing == 0 && only_that_one, || format!("{judged:?}"))
    })
    .await;
    pipeline.quiet_with(LIMIT, 1..=2).await;
    let said = pipeline
        .tool(Service::Loader, &["dead", "list", "--json"])
        .await
        .unwrap();
    assert!(said.contains("row-unreadable"), "{said}");
    assert_eq!(pipeline.simulator.form_rows(), 60);
    // The walk goes around it, and says so.
    super::index::complete(&pipeline, loader).await;
    let (_, status) = pipeline[loader].get("/status").await.unwrap();
    let index = &serde_json::from_str::<Value>(&status).unwrap()["index"];
    assert_eq!(index["unreadable_rows"], 1, "{index}");
    assert_eq!(index["unreadable_row"], *bad, "{index}");
}

/// The vendor answers success and leaves out a cell that does not suit it: without its key a row cannot be found.
#[tokio::test]
async fn a_key_that_the_vendor_leaves_out_pauses_instead_of_doubling() {
    let mut pipeline = loader(120, 243)
        .set("JDY_TIMEOUT", "1s")
        .set("LATE_WRITES", "1s")
        .simulator(|options| options.settings.jdy.dropped = vec![KEY_WIDGET.into()])
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("rows of the form have no key").await;
    let names = |rows: &[Value]| {
        let mut names: Vec<String> = rows
            .iter()
            .map(|row| row[cell_widget(NAME)].to_string())
            .collect();
        names.sort_unstable();
        names
    };
    let rows = names(&pipeline.simulator.rows(1000));
    let mut once = rows.clone();
    once.dedup();
    assert_eq!(rows, once, "nobody was written twice");

    // The widget is put right: rows whose customers are known get their keys, the others are adopted.
    pipeline
        .simulator
        .set(|settings| settings.jdy.dropped = Vec::new());
    let adopt = ["adopt", "--match", "客户公司名称", "--yes"];
    eventually(LIMIT, "no row is without a key", async || {
        let said = pipeline.tool(Service::Loader, &adopt).await;
        let keyless = keyed(&pipeline).get("").map_or(0, Vec::len);
        expect(keyless == 0, || format!("{keyless} are; {said:?}"))
    })
    .await;
    let _fetching = feed.answer_references(
        &pipeline,
        &feed.record(&pipeline, pipeline.simulator.company_ids()[0]),
    );
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!((judged.form_rows, judged.duplicates), (120, 0));
    pipeline.drain().await;
}

/// Without a key widget an id is what stood at its place in an answer; a key is only written where the content agrees.
#[tokio::test]
async fn keys_are_not_written_into_rows_of_others() {
    let mut pipeline = loader(60, 244).start().await;
    pipeline.unset_for(Service::Loader, "JDY_KEY_WIDGET");
    let feed = Feed::new(&pipeline).await;
    let reversed = FaultKind::BentIds { ids: Ids::Reversed };
    pipeline
        .simulator
        .fault(Fault::on(Vendor::Jdy, "batch_create", reversed));
    let first = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.rows(LIMIT, 60).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline[first].process().stop(LIMIT).await.unwrap();

    pipeline.set_for(Service::Loader, "JDY_KEY_WIDGET", KEY_WIDGET);
    feed.put_all(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].pauses_for("loader adopt").await;
    let names: BTreeMap<String, String> = pipeline
        .simulator
        .company_ids()
        .iter()
        .map(|id| {
            (
                id.to_string(),
                pipeline.simulator.expected(*id).unwrap()[NAME].clone(),
            )
        })
        .collect();
    for (key, rows) in keyed(&pipeline).iter().filter(|(key, _)| !key.is_empty()) {
        assert_eq!(
            rows[0].1, names[key],
            "the key {key} stands in another customer's row"
        );
    }
    assert_eq!(pipeline.simulator.form_rows(), 60);
    pipeline.drain().await;
}
