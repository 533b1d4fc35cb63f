//! Rows without a key before a vendor that filters, stores or takes keys in its own way (I16).

use kit::pipeline::Service;
use kit::simulator::{KEY_WIDGET, Poison, cell_widget};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::json;

use super::adopt::{LIMIT, NAME, NO_KEY, adopt, adopt_json, all_wait, as_it_is, fill, keyed, started};

#[tokio::test]
async fn a_filter_that_the_vendor_ignores_hides_no_row_without_a_key() {
    let (mut pipeline, feed) = started(230, 144).await;
    // All but the last one have their keys, so no page but the last shows one without.
    pipeline
        .simulator
        .set(|settings| settings.jdy.ignore_filters = true);
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..220] {
        let typed = json!({ KEY_WIDGET: {"value": id.to_string()}, cell_widget(NAME): {"value": "x"} });
        pipeline.simulator.insert_row(&typed).unwrap();
    }
    fill(&pipeline, ids[220], as_it_is);
    feed.put(&feed.records(&pipeline, &ids[220..])).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader]
        .pauses_for("at least 1 rows of the form have no key")
        .await;
    assert_eq!(pipeline.simulator.form_rows(), 221);
    pipeline.drain().await;
}

/// A row that takes no key costs itself, and what was not seen in the form is not called written.
#[tokio::test]
async fn rows_that_take_no_key_are_counted_and_keep_no_other_one_waiting() {
    let (mut pipeline, feed) = started(30, 145).await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids {
        fill(&pipeline, *id, as_it_is);
    }
    feed.put_all(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].pauses_for(NO_KEY).await;

    pipeline
        .simulator
        .set(|settings| settings.jdy.dropped = vec![KEY_WIDGET.into()]);
    let (code, said, complained) = adopt(&pipeline, &["客户公司名称", "--yes"]).await;
    assert_eq!(code, Some(1), "{said} {complained}");
    assert!(complained.contains("none of them is in the form"), "{complained}");

    pipeline.simulator.set(|settings| {
        settings.jdy.dropped = Vec::new();
        settings.jdy.poison = ids[3..5]
            .iter()
            .map(|id| Poison {
                marker: id.to_string(),
                code: 4402,
            })
            .collect();
    });
    let (code, said, complained) = adopt(&pipeline, &["客户公司名称", "--yes"]).await;
    assert_eq!(code, Some(0), "{said} {complained}");
    for words in ["28 rows have got their keys", "2 rows take no key"] {
        assert!(said.contains(words), "no `{words}` in:\n{said}");
    }
    assert_eq!(keyed(&pipeline).1, 2);
    pipeline.drain().await;
}

/// A filter for empty cells that finds none is not the last word: the walk over the form has seen them.
#[tokio::test]
async fn rows_without_a_key_that_no_query_shows_pause_when_the_form_was_read() {
    let (mut pipeline, feed) = started(150, 146).await;
    pipeline
        .simulator
        .set(|settings| settings.jdy.ignore_empty = true);
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..130] {
        let typed = json!({ KEY_WIDGET: {"value": id.to_string()}, cell_widget(NAME): {"value": "x"} });
        pipeline.simulator.insert_row(&typed).unwrap();
    }
    let hidden: Vec<String> = ids[130..135]
        .iter()
        .map(|id| fill(&pipeline, *id, as_it_is))
        .collect();
    let loader = pipeline.run(Service::Loader);
    pipeline[loader]
        .pauses_for("at least 5 rows of the form have no key")
        .await;
    feed.put(&feed.records(&pipeline, &ids[130..])).await;
    all_wait(&pipeline, 20).await;
    assert_eq!(pipeline.simulator.form_rows(), 135, "nobody is doubled");

    for row in &hidden {
        pipeline.simulator.delete_rows(Some(row));
    }
    pipeline
        .tool(Service::Loader, &["index", "rebuild"])
        .await
        .unwrap();
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    pipeline.rows(LIMIT, 150).await;
    pipeline.drain().await;
}

/// The customers that rows are compared with may wait in bundles.
#[tokio::test]
async fn records_that_wait_in_bundles_are_all_seen() {
    let (mut pipeline, _feed) = started(30, 149).await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..12] {
        fill(&pipeline, *id, as_it_is);
    }
    pipeline.run(Service::Extractor);
    pipeline.run(Service::Transformer);
    eventually(LIMIT, "every record is mapped", async || {
        let mapped = pipeline.metric("okki_records_total", Service::Transformer).await;
        expect(mapped == 30, || format!("{mapped} of 30"))
    })
    .await;
    let messages = pipeline.queues.waiting(Stage::Load).await.unwrap();
    assert!(messages < Some(30), "{messages:?} messages are no bundles");
    let preview = adopt_json(&pipeline, &["客户公司名称", "--dry-run"]).await;
    assert_eq!(
        (&preview["waiting"], &preview["exact"]["count"]),
        (&30.into(), &12.into()),
        "{preview}"
    );
    adopt_json(&pipeline, &["客户公司名称", "--yes"]).await;
    assert_eq!(keyed(&pipeline).1, 0, "every row has its key");
    pipeline.run(Service::Loader);
    pipeline.until_equal(LIMIT).await;
    assert_eq!(pipeline.simulator.form_rows(), 30, "nobody is doubled");
    pipeline.drain().await;
}
