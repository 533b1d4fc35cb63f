//! Tables of look-ups may change while the transformer runs: the next change of a customer gets the new value, and a table
//! that cannot be used is notified and changes nothing.

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{KEY_WIDGET, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::notices::hook;

const LIMIT: Duration = Duration::from_secs(180);

/// Which cell is looked up by the customer's name.
fn document() -> Value {
    let text = std::fs::read_to_string(mapping_document()).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    for field in document["request"].as_array_mut().unwrap() {
        if field["field"] == cell_widget(1).as_str() {
            field["value"] = json!("_findCollection find v from 8e620793-bebb where k={{name}}");
        }
    }
    document
}

/// Changes the customer's name, and waits for what is looked up by it.
async fn shows(pipeline: &PipelineUnderTest, id: i64, name: &str, cell: &Value) {
    pipeline
        .simulator
        .change_one(id, Some(json!({"name": name})))
        .unwrap();
    let key = id.to_string();
    eventually(LIMIT, "the row shows what the table says", async || {
        let rows = pipeline.simulator.rows(1_000);
        let row = rows.into_iter().find(|row| row[KEY_WIDGET] == key.as_str());
        let row = row.unwrap_or_default();
        let is_so = row[cell_widget(0)] == name && row[cell_widget(1)] == *cell;
        expect(is_so, || format!("{row}"))
    })
    .await;
}

async fn says(pipeline: &PipelineUnderTest, message: &str, times: usize) {
    eventually(LIMIT, message, async || {
        let said = pipeline.logs(10_000).matches(message).count();
        expect(said >= times, || format!("{said} times"))
    })
    .await;
}

#[tokio::test]
async fn a_table_that_changes_while_it_runs_counts_from_the_next_change_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let table = |text: &str| file("table.csv", text);
    table("\u{feff}k,v\r\n甲店,first\r\n乙店,first\r\n");
    let extras = json!({"lookup": {"8e620793-bebb": {"file": "table.csv"}}}).to_string();
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(117)
        .set_for(
            Service::Transformer,
            "MAPPING",
            file("m.json", &document().to_string()),
        )
        .set_for(
            Service::Transformer,
            "MAPPING_EXTRAS",
            file("extras.json", &extras),
        )
        .set_for(Service::Transformer, "ALERT_URL", url)
        .start()
        .await;
    let id = pipeline.simulator.company_ids()[0];
    pipeline.run_all();
    shows(&pipeline, id, "甲店", &json!("first")).await;

    table("k,v\n甲店,second\n乙店,second\n");
    says(&pipeline, "tables of look-ups read again", 1).await;
    shows(&pipeline, id, "乙店", &json!("second")).await;

    table("k\n甲店\n");
    says(&pipeline, "tables of look-ups stay as they were", 1).await;
    shows(&pipeline, id, "甲店", &json!("second")).await;
    eventually(LIMIT, "it is notified", async || {
        let told = notices.lock().unwrap().clone();
        expect(told.iter().any(|notice| notice["problem"] == "lookup"), || {
            format!("{told:?}")
        })
    })
    .await;

    table("k,v\n甲店,third\n乙店,third\n");
    says(&pipeline, "tables of look-ups read again", 2).await;
    shows(&pipeline, id, "乙店", &json!("third")).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_table_may_be_a_hash_that_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let extras =
        json!({"lookup": {"8e620793-bebb": {"redis": "shops", "key": "k", "field": "v"}}}).to_string();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(118)
        .set_for(
            Service::Transformer,
            "MAPPING",
            file("m.json", &document().to_string()),
        )
        .set_for(
            Service::Transformer,
            "MAPPING_EXTRAS",
            file("extras.json", &extras),
        )
        .start()
        .await;
    let id = pipeline.simulator.company_ids()[0];
    pipeline.run_all();
    says(&pipeline, "tables of look-ups are awaited", 1).await;
    assert!(
        pipeline.simulator.rows(1_000).is_empty(),
        "nothing is mapped without the rows"
    );

    let url = pipeline.settings(Service::Transformer)["REDIS_URL"].clone();
    let mut redis = kit::redis_client::connect(&url).await.unwrap();
    let mut write = async |name: &str, value: &str| {
        redis::cmd("HSET")
            .arg(pipeline.namespace.lookup_key("shops"))
            .arg(name)
            .arg(value)
            .query_async::<()>(&mut redis)
            .await
            .unwrap();
    };
    write("甲店", "first").await;
    shows(&pipeline, id, "甲店", &json!("first")).await;
    write("乙店", r#"{"v": "second"}"#).await;
    says(&pipeline, "tables of look-ups read again", 1).await;
    shows(&pipeline, id, "乙店", &json!("second")).await;

    // Who tries a mapping asks the same hash.
    let settings = pipeline.settings(Service::Transformer).clone();
    let (document, additions) = (&settings["MAPPING"], &settings["MAPPING_EXTRAS"]);
    let customer = file("c.json", r#"{"company_id": 1, "name": "乙店"}"#);
    let tried = [
        "mapping",
        "try",
        document,
        "--extras",
        additions,
        "--company",
        &customer,
        "--json",
    ];
    let tried = pipeline.tool(Service::Transformer, &tried).await.unwrap();
    assert!(
        tried.contains("\"second\"") && !tried.contains("not asked"),
        "{tried}"
    );
    pipeline.drain().await;
}
