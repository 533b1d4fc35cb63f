//! Customers that leave a filter: their rows are kept, deleted or marked as the policy for removals says, and whoever comes
//! back is there again, in the newest state.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{KEY_WIDGET, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(120);

/// Three stars and more go on.
fn condition() -> Value {
    json!([[{"field": "管理信息客户星级", "logic": "egt", "value": "3"}]])
}

pub(super) fn written(document: &Value) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("document.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let name = file.display().to_string();
    (folder, name)
}

pub(super) fn source_document() -> Value {
    json!({
        "api": "/v1/company/list", "effect": "QUERY", "method": "GET", "id": "company_id",
        "request": [{"field": "all", "label": "all", "type": "string", "value": "1"}],
        "condition": condition(),
    })
}

/// The row of a customer.
pub(super) fn row(pipeline: &PipelineUnderTest, id: i64) -> Option<Value> {
    let rows = pipeline.simulator.rows(100_000);
    let id = id.to_string();
    rows.into_iter().find(|row| row[KEY_WIDGET] == id.as_str())
}

/// The name in the row of a customer.
pub(super) fn name_in_row(pipeline: &PipelineUnderTest, id: i64) -> Option<String> {
    let name = row(pipeline, id)?[&cell_widget(0)].clone();
    name.as_str().map(str::to_owned)
}

async fn books(pipeline: &PipelineUnderTest) -> Value {
    let books = pipeline
        .tool(Service::Loader, &["books", "--json"])
        .await
        .unwrap();
    serde_json::from_str(&books).unwrap()
}

/// All of these have rows, and nobody else.
pub(super) async fn only_these(pipeline: &mut PipelineUnderTest, ids: &[i64]) {
    pipeline.rows(LIMIT, ids.len()).await;
    pipeline.quiet(LIMIT, 0).await;
    assert_eq!(pipeline.simulator.form_rows(), ids.len());
}

/// Everybody has five stars but the last one; the ids.
fn give_stars(pipeline: &PipelineUnderTest) -> Vec<i64> {
    let ids = pipeline.simulator.company_ids();
    for (at, id) in ids.iter().enumerate() {
        let stars = if at + 1 == ids.len() { 1 } else { 5 };
        pipeline
            .simulator
            .change_one(*id, Some(json!({"star": stars})))
            .unwrap();
    }
    ids
}

/// One leaves, its row is deleted, and it comes back as it is then.
async fn leaves_and_comes_back(pipeline: &mut PipelineUnderTest, id: i64) {
    pipeline
        .simulator
        .change_one(id, Some(json!({"star": 1})))
        .unwrap();
    eventually(LIMIT, "the row of who has left is deleted", async || {
        expect(row(pipeline, id).is_none(), || "it is still there".to_owned())
    })
    .await;
    eventually(LIMIT, "the account says so", async || {
        let books = books(pipeline).await;
        let total = &books["total"];
        expect(total["filtered_removed"] == 1, || books.to_string())
    })
    .await;
    pipeline
        .simulator
        .change_one(id, Some(json!({"star": 4, "name": "Back Again Ltd"})))
        .unwrap();
    eventually(LIMIT, "it is back", async || {
        let name = name_in_row(pipeline, id);
        expect(name.as_deref() == Some("Back Again Ltd"), || format!("{name:?}"))
    })
    .await;
}

/// Leaving and coming back within a moment, again and again, ends as the last one says.
async fn hesitates(pipeline: &mut PipelineUnderTest, ids: &[i64]) {
    for round in 0..4 {
        for id in ids {
            for stars in [1, 5] {
                let patch = json!({"star": stars, "name": format!("{id} in round {round}")});
                pipeline.simulator.change_one(*id, Some(patch)).unwrap();
            }
        }
    }
    eventually(LIMIT, "the newest states are shown", async || {
        let stale = ids.iter().find(|id| {
            let newest = format!("{id} in round 3");
            name_in_row(pipeline, **id) != Some(newest)
        });
        expect(stale.is_none(), || format!("{stale:?}"))
    })
    .await;
}

#[tokio::test]
async fn who_leaves_the_condition_of_the_mapping_loses_the_row_and_gets_it_back() {
    let (_folder, extras) = written(&json!({"condition": condition()}));
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(111)
        .set_for(Service::Transformer, "MAPPING_EXTRAS", extras)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let ids = give_stars(&pipeline);
    pipeline.run_all();
    // Nobody is told of the one that never had a row.
    only_these(&mut pipeline, &ids[..19]).await;
    assert_eq!(books(&pipeline).await["total"]["filtered_removed"], 0);
    leaves_and_comes_back(&mut pipeline, ids[3]).await;
    pipeline.run(Service::Transformer);
    pipeline.run(Service::Loader);
    hesitates(&mut pipeline, &ids[4..9]).await;
    only_these(&mut pipeline, &ids[..19]).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn who_leaves_the_condition_of_the_source_loses_the_row_and_gets_it_back() {
    let (_folder, source) = written(&source_document());
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(112)
        .set_for(Service::Extractor, "SOURCE", source)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let ids = give_stars(&pipeline);
    pipeline.run_all();
    only_these(&mut pipeline, &ids[..19]).await;
    leaves_and_comes_back(&mut pipeline, ids[3]).await;
    pipeline.run(Service::Extractor);
    pipeline.run(Service::Transformer);
    hesitates(&mut pipeline, &ids[4..9]).await;
    only_these(&mut pipeline, &ids[..19]).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn rows_are_kept_by_default_or_marked_and_both_are_counted() {
    let (_folder, extras) = written(&json!({"condition": condition()}));
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(10)
        .seed(113)
        .simulator(|options| {
            let mark = kit::simulator::WidgetSpec::new("_widget_mark", "已删除", "text");
            options.forms = vec![kit::simulator::FormSpec::customers().with(mark)];
        })
        .set_for(Service::Transformer, "MAPPING_EXTRAS", extras)
        .set_for(Service::Loader, "MAPPING", kit::config::mapping_document())
        .start()
        .await;
    let ids = give_stars(&pipeline);
    let [_, _, loader] = pipeline.run_all();
    only_these(&mut pipeline, &ids[..9]).await;
    let leave = json!({"star": 1, "name": "Left Ltd"});
    pipeline
        .simulator
        .change_one(ids[0], Some(leave.clone()))
        .unwrap();
    eventually(LIMIT, "a kept row is counted", async || {
        let books = books(&pipeline).await;
        expect(books["total"]["filtered_kept"] == 1, || books.to_string())
    })
    .await;
    let (_, metrics) = pipeline[loader].get("/metrics").await.unwrap();
    assert!(metrics.contains(r#"reason="left-filter-kept""#), "{metrics}");
    let kept = name_in_row(&pipeline, ids[0]);
    assert!(kept.is_some() && kept.as_deref() != Some("Left Ltd"), "{kept:?}");
    // A row that is kept on purpose is not behind.
    let compared = pipeline.tool(Service::Loader, &["reconcile"]).await;
    assert!(compared.is_ok(), "{:#}", compared.unwrap_err());

    pipeline[loader].kill9();
    pipeline.set_for(Service::Loader, "ON_REMOVAL", "mark:_widget_mark=left");
    pipeline.run(Service::Loader);
    pipeline.simulator.change_one(ids[1], Some(leave)).unwrap();
    eventually(LIMIT, "the row is marked", async || {
        let row = row(&pipeline, ids[1]);
        let mark = row.as_ref().map(|row| row["_widget_mark"].clone());
        expect(mark == Some(json!("left")), || format!("{mark:?}"))
    })
    .await;
    eventually(LIMIT, "a marked row is counted", async || {
        let books = books(&pipeline).await;
        expect(books["total"]["filtered_marked"] == 1, || books.to_string())
    })
    .await;
    let said = pipeline.tool(Service::Loader, &["books"]).await.unwrap();
    assert!(
        said.contains("rows of filtered customers: 1 kept, 1 marked"),
        "{said}"
    );
    pipeline.drain().await;
}

/// A condition of the source document that was changed concerns those that are loaded, too: their details are fetched.
#[tokio::test]
async fn a_stricter_condition_is_applied_to_everybody() {
    let (_folder, source) = written(&source_document());
    let mut document = source_document();
    document["condition"][0][0]["value"] = json!("5");
    let (_other, stricter) = written(&document);
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(114)
        .set_for(Service::Extractor, "SOURCE", source)
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let ids = give_stars(&pipeline);
    for id in &ids[..6] {
        pipeline
            .simulator
            .change_one(*id, Some(json!({"star": 4})))
            .unwrap();
    }
    let [extractor, ..] = pipeline.run_all();
    only_these(&mut pipeline, &ids[..19]).await;
    eventually(LIMIT, "the first load has ended", async || {
        let status = pipeline
            .tool(Service::Extractor, &["status", "--json", "--runs", "500"])
            .await
            .unwrap();
        let status: Value = serde_json::from_str(&status).unwrap();
        let runs = status["finished"].as_array().cloned().unwrap_or_default();
        expect(runs.iter().any(|run| run["job"] == "first"), || {
            status.to_string()
        })
    })
    .await;
    pipeline[extractor].kill9();
    pipeline.set_for(Service::Extractor, "SOURCE", stricter);
    pipeline.set_for(Service::Extractor, "BACKFILL_ON_CHANGE", "true");
    pipeline.run(Service::Extractor);
    eventually(LIMIT, "who has four stars is gone", async || {
        let rows = pipeline.simulator.form_rows();
        expect(rows == 13, || format!("{rows} rows"))
    })
    .await;
    pipeline.drain().await;
}
