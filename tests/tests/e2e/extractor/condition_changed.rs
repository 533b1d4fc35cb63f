//! Another condition in the mapping's extras concerns customers that are loaded: it is noticed, and on demand applied to all.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(120);

/// Additions by which customers need so many stars.
fn extras(folder: &TempDir, stars: &str) -> String {
    let condition = json!([[{"field": "管理信息客户星级", "logic": "egt", "value": stars}]]);
    let file = folder.path().join(format!("extras-{stars}.json"));
    std::fs::write(&file, json!({"condition": condition}).to_string()).unwrap();
    file.display().to_string()
}

async fn first_loads(pipeline: &PipelineUnderTest) -> usize {
    let status = pipeline
        .tool(Service::Extractor, &["status", "--json", "--runs", "500"])
        .await
        .unwrap();
    let status: Value = serde_json::from_str(&status).unwrap();
    let runs = status["finished"].as_array().cloned().unwrap_or_default();
    runs.iter().filter(|run| run["job"] == "first").count()
}

/// Twenty customers, of whom seven have four stars and the others five; everybody is loaded.
async fn loaded(folder: &TempDir) -> (PipelineUnderTest, [kit::pipeline::ReplicaId; 3]) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(131)
        .set_for(Service::Transformer, "MAPPING_EXTRAS", extras(folder, "3"))
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    for (at, id) in pipeline.simulator.company_ids().into_iter().enumerate() {
        let stars = if at < 7 { 4 } else { 5 };
        let stars = json!({"star": stars});
        pipeline.simulator.change_one(id, Some(stars)).unwrap();
    }
    let replicas = pipeline.run_all();
    pipeline.rows(LIMIT, 20).await;
    eventually(LIMIT, "the first load has ended", async || {
        let loads = first_loads(&pipeline).await;
        expect(loads == 1, || loads.to_string())
    })
    .await;
    pipeline.quiet(LIMIT, 0).await;
    (pipeline, replicas)
}

#[tokio::test]
async fn another_condition_of_the_extras_is_applied_to_everybody_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pipeline, [extractor, transformer, _]) = loaded(&folder).await;
    pipeline[extractor].kill9();
    pipeline.set_for(Service::Extractor, "BACKFILL_ON_CHANGE", "true");
    pipeline[transformer].kill9();
    pipeline.set_for(Service::Transformer, "MAPPING_EXTRAS", extras(&folder, "5"));
    let transformer = pipeline.run(Service::Transformer);
    pipeline.run(Service::Extractor);
    eventually(LIMIT, "who has four stars is gone", async || {
        let rows = pipeline.simulator.form_rows();
        expect(rows == 13, || format!("{rows} rows"))
    })
    .await;
    // Back again: they are let in.
    pipeline[transformer].kill9();
    pipeline.set_for(Service::Transformer, "MAPPING_EXTRAS", extras(&folder, "3"));
    pipeline.run(Service::Transformer);
    pipeline.rows(LIMIT, 20).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn another_condition_of_the_extras_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (mut pipeline, [extractor, transformer, _]) = loaded(&folder).await;
    pipeline[transformer].kill9();
    pipeline.set_for(Service::Transformer, "MAPPING_EXTRAS", extras(&folder, "5"));
    pipeline.run(Service::Transformer);
    eventually(LIMIT, "the change is noticed", async || {
        let log = pipeline[extractor].log();
        let is_noticed = log.contains("condition of the mapping extras has changed");
        expect(is_noticed, || log.clone())
    })
    .await;
    assert_eq!(pipeline.simulator.form_rows(), 20, "nobody is touched");
    // What the notice says helps, and ends it.
    pipeline
        .tool(Service::Extractor, &["sync", "--full"])
        .await
        .unwrap();
    eventually(LIMIT, "who has four stars is gone", async || {
        let rows = pipeline.simulator.form_rows();
        expect(rows == 13, || format!("{rows} rows"))
    })
    .await;
    pipeline.drain().await;
}
