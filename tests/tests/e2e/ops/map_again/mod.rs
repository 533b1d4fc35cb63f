//! Another mapping without fetching: its plan says what it will do to the form, kept snapshots are mapped again without a
//! detail call, interrupted or not, and letters of the loader are mapped from them.

mod kept;
mod letters;
mod whole;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{KEY_WIDGET, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(180);
const KEY: &str = "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M=";
const OTHER_KEY: &str = "ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ=";

/// The test's document with other values in the second cell and, as a whole number, in the third.
fn document(folder: &Path, name: &str, second: &str, third: &str) -> String {
    let read = std::fs::read_to_string(mapping_document()).unwrap();
    let mut document: Value = serde_json::from_str(&read).unwrap();
    for field in document["request"].as_array_mut().unwrap() {
        if field["field"] == cell_widget(1).as_str() {
            field["value"] = json!(second);
        }
        if field["field"] == cell_widget(2).as_str() {
            field["value"] = json!(third);
            field["type"] = json!("int");
        }
    }
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, document.to_string()).unwrap();
    path.display().to_string()
}

/// The second cell of each row, by customer.
fn cells(pipeline: &PipelineUnderTest) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = pipeline.simulator.rows(10_000);
    let count = rows.len();
    let cells: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| (text(&row[KEY_WIDGET]), text(&row[cell_widget(1)])))
        .collect();
    assert_eq!(cells.len(), count, "a customer has two rows");
    cells
}

fn details(pipeline: &PipelineUnderTest) -> u64 {
    pipeline.simulator.stats().okki.calls_of("info")
}

/// Customers that are loaded by this mapping, their snapshots kept; nobody fetches any more.
async fn loaded(
    customers: u32,
    seed: u64,
    mapping: &str,
    stars: &[i64],
) -> (PipelineUnderTest, [ReplicaId; 3]) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("SNAPSHOT_KEY", KEY)
        .set_for(Service::Transformer, "KEEP_SNAPSHOTS", "true")
        .set_for(Service::Transformer, "MAPPING", mapping)
        .set_for(Service::Extractor, "REMOVALS", "true")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    for (at, id) in pipeline.simulator.company_ids().into_iter().enumerate() {
        if let Some(stars) = stars.get(at) {
            let stars = json!({"star": stars});
            pipeline.simulator.change_unseen(id, Some(stars)).unwrap();
        }
    }
    let replicas = pipeline.run_all();
    pipeline.rows(LIMIT, customers as usize).await;
    settled(&mut pipeline, 0).await;
    pipeline[replicas[0]].kill9();
    (pipeline, replicas)
}

/// Waits until everybody who was listed has a disposition.
async fn settled(pipeline: &mut PipelineUnderTest, dead: u32) {
    pipeline.quiet(LIMIT, dead).await;
    eventually(LIMIT, "the account is settled", async || {
        let total = books(pipeline, "total").await;
        expect(total["in_flight"] == 0, || total.to_string())
    })
    .await;
}

/// The account of a run, or of all.
async fn books(pipeline: &PipelineUnderTest, run: &str) -> Value {
    let mut arguments = vec!["books", "--json"];
    if run != "total" {
        arguments.extend(["--run", run]);
    }
    let output = pipeline.tool_output(Service::Loader, &arguments).await.unwrap();
    let account: Value = serde_json::from_slice(&output.stdout).unwrap();
    match run {
        "total" => account["total"].clone(),
        _ => account["runs"][0].clone(),
    }
}

async fn mapping(pipeline: &PipelineUnderTest, arguments: &[&str]) -> Value {
    let arguments = [&["mapping"], arguments, &["--json"]].concat();
    let printed = pipeline.tool(Service::Transformer, &arguments).await.unwrap();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

async fn refused(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> String {
    match pipeline.tool(service, arguments).await {
        Ok(printed) => panic!("{arguments:?} succeeded: {printed}"),
        Err(error) => format!("{error:#}"),
    }
}

/// The next transformer, with another mapping and perhaps additions to it.
async fn deploy(
    pipeline: &mut PipelineUnderTest,
    transformer: ReplicaId,
    mapping: &str,
    extras: Option<&str>,
) {
    pipeline[transformer].kill9();
    pipeline.set_for(Service::Transformer, "MAPPING", mapping);
    if let Some(extras) = extras {
        pipeline.set_for(Service::Transformer, "MAPPING_EXTRAS", extras);
    }
    let later = pipeline.run(Service::Transformer);
    pipeline[later].ready().await;
}
