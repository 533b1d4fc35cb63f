//! `--merge-duplicates`: rows that were made twice are listed, left alone unless asked, and then one of each stays.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::KEY_WIDGET;
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);
const CUSTOMERS: usize = 30;

/// Ids of the rows of each customer, the oldest first.
fn rows(pipeline: &PipelineUnderTest) -> BTreeMap<String, Vec<String>> {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in pipeline.simulator.rows(1000) {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        rows.entry(text(KEY_WIDGET)).or_default().push(text("_id"));
    }
    rows.values_mut().for_each(|ids| ids.sort_unstable());
    rows
}

#[tokio::test]
async fn duplicates_are_listed_and_left_alone_until_they_are_merged_across_a_crash() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(CUSTOMERS as u32)
        .seed(101)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline[loader].process().stop(LIMIT).await.unwrap();
    let before = rows(&pipeline);
    for (company, copies) in before.keys().zip([2, 1, 1, 1, 1]) {
        for _ in 0..copies {
            let typed = json!({ KEY_WIDGET: {"value": company} });
            pipeline.simulator.insert_row(&typed).unwrap();
        }
    }
    // A row without a company id is no customer's duplicate.
    let typed = json!({ kit::simulator::cell_widget(0): {"value": "typed by hand"} });
    pipeline.simulator.insert_row(&typed).unwrap();

    pipeline
        .tool(Service::Loader, &["index", "rebuild"])
        .await
        .unwrap();
    let said = pipeline
        .tool(Service::Loader, &["index", "duplicates", "--json"])
        .await
        .unwrap();
    let listed: Vec<Value> = serde_json::from_str(&said).unwrap();
    assert_eq!(listed.len(), 6, "{said}");
    for duplicate in &listed {
        let ids = &before[duplicate["company"].as_str().unwrap()];
        assert_eq!(
            duplicate["kept"].as_str(),
            ids.first().map(String::as_str),
            "the oldest stays"
        );
    }
    assert_eq!(
        pipeline.simulator.form_rows(),
        CUSTOMERS + 7,
        "listing deletes nothing"
    );

    // The first one that merges dies between a deletion and its note in Redis; the next one finishes.
    feed.empty_redis().await;
    let settings = [
        ("MERGE_DUPLICATES", "true"),
        ("FAILPOINT", "merge-deleted:abort:3"),
    ];
    let victim = pipeline.run_with(Service::Loader, &settings);
    pipeline[victim].process().wait(LIMIT).await.unwrap();
    pipeline[victim].kill9();
    assert_eq!(
        pipeline.simulator.form_rows(),
        CUSTOMERS + 4,
        "three are gone, one of them unknown to Redis"
    );
    let heir = pipeline.run_with(Service::Loader, &settings[..1]);
    eventually(LIMIT, "the other duplicates are gone", async || {
        let rows = pipeline.simulator.form_rows();
        expect(rows == CUSTOMERS + 1, || format!("{rows} rows"))
    })
    .await;
    let mut after = rows(&pipeline);
    assert_eq!(after.remove("").map(|nobodys| nobodys.len()), Some(1));
    assert_eq!(after, before, "the oldest row of each customer, and no other");
    let deleted = pipeline[heir].log().matches("duplicate row deleted").count();
    assert_eq!(deleted, 3, "the others were deleted before");
    eventually(LIMIT, "none are listed any more", async || {
        let said = pipeline.tool(Service::Loader, &["index", "duplicates"]).await;
        expect(
            said.as_ref().is_ok_and(|said| said.starts_with("0 extra rows")),
            || format!("{said:?}"),
        )
    })
    .await;

    // On demand it does not matter who rebuilds: the running loader may be faster than the command.
    let company = before.keys().next().unwrap();
    pipeline
        .simulator
        .insert_row(&json!({ KEY_WIDGET: {"value": company} }))
        .unwrap();
    pipeline[heir].process().stop(LIMIT).await.unwrap();
    let plain = pipeline.run(Service::Loader);
    pipeline[plain].ready().await;
    let merge = ["index", "rebuild", "--merge-duplicates"];
    pipeline.tool(Service::Loader, &merge).await.unwrap();
    eventually(LIMIT, "the new duplicate is gone", async || {
        let rows = pipeline.simulator.form_rows();
        expect(rows == CUSTOMERS + 1, || format!("{rows} rows"))
    })
    .await;
    pipeline[plain].ready().await;
    let said = pipeline
        .tool(Service::Loader, &["index", "duplicates"])
        .await
        .unwrap();
    assert!(said.starts_with("0 extra rows"), "{said}");
    pipeline.drain().await;
}
