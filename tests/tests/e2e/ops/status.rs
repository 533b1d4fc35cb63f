//! `status`: one place that says whether all is well, asked of any program, with the exit code that scripts need.

use std::time::Duration;

use kit::{
    pipeline::{PipelineUnderTest, Service},
    simulator::KeyRule,
    wait::{eventually, expect},
};
use serde_json::Value;

use super::refuse_row;

const LIMIT: Duration = Duration::from_secs(60);
const ALL: [Service; 3] = [Service::Extractor, Service::Transformer, Service::Loader];

/// Exit code and standard output.
async fn status(pipeline: &PipelineUnderTest, service: Service, more: &[&str]) -> (i32, String) {
    let arguments = [&["status"], more].concat();
    let answer = pipeline.tool_output(service, &arguments).await.unwrap();
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    (answer.status.code().unwrap(), text)
}

/// The same as JSON; each line of it is one.
async fn json(pipeline: &PipelineUnderTest, service: Service) -> (i32, Value) {
    let (code, text) = status(pipeline, service, &["--json"]).await;
    (
        code,
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
    )
}

/// Waits until the first finding is about this.
async fn says(pipeline: &PipelineUnderTest, code: i32, what: &str) -> Value {
    eventually(LIMIT, what, async || {
        let (seen, overview) = json(pipeline, Service::Loader).await;
        let sentence = overview["sentence"].as_str().unwrap_or_default();
        match seen == code && sentence.contains(what) {
            true => Ok(overview),
            false => Err(format!("{seen} {overview}")),
        }
    })
    .await
}

#[tokio::test]
async fn every_program_says_the_same_and_each_fault_turns_the_verdict() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(171)
        .start()
        .await;
    says(&pipeline, 1, "no extractor runs").await;
    let replicas = pipeline.run_all();
    pipeline.rows(LIMIT, 60).await;
    pipeline.quiet(LIMIT, 0).await;
    let overview = says(&pipeline, 0, "all is well").await;
    for stage in overview["stages"].as_array().unwrap() {
        assert_eq!(
            (&stage["replicas"], &stage["dead"]),
            (&1.into(), &0.into()),
            "{overview}"
        );
    }
    assert_eq!(overview["account"]["listed"], 60, "{overview}");
    for service in ALL {
        let (code, text) = status(&pipeline, service, &[]).await;
        assert_eq!(code, 0, "{text}");
        assert!(text.starts_with("✓ all is well\n"), "{text}");
    }
    let (_, own) = json(&pipeline, Service::Extractor).await;
    assert!(own["verdict"] == "well" && own["finished"].is_array(), "{own}");

    // A refused key pauses the loader, and the remedy is said.
    pipeline.simulator.set(|settings| settings.jdy.keys.clear());
    pipeline.simulator.change(5);
    let overview = says(&pipeline, 1, "1 of 1 pause since").await;
    let remedy = overview["findings"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("`loader check`"), "{overview}");
    pipeline.simulator.set(|settings| {
        settings
            .jdy
            .keys
            .insert("sim-jdy-key".into(), Some(KeyRule::default()));
    });
    says(&pipeline, 0, "all is well").await;

    // Dead letters are a fault until they are gone.
    let id = pipeline.simulator.add(1)[0].to_string();
    pipeline.simulator.fault(refuse_row(&id));
    says(&pipeline, 1, "loader: 1 dead letters").await;
    let (code, text) = status(&pipeline, Service::Transformer, &[]).await;
    assert!(code == 1 && text.contains("`loader dead groups`"), "{text}");

    // A replica that is killed is silent, and one that ends is not missed.
    pipeline[replicas[1]].kill9();
    let overview = says(&pipeline, 1, "no transformer runs").await;
    let silent = &overview["stages"][1]["silent"];
    assert_eq!(silent.as_array().unwrap().len(), 1, "{overview}");
    let ended = pipeline[replicas[2]].process().stop(LIMIT).await.unwrap();
    assert!(ended.success(), "{ended}");
    eventually(LIMIT, "the loader has ended", async || {
        let (_, overview) = json(&pipeline, Service::Extractor).await;
        let loader = &overview["stages"][2];
        expect(
            loader["replicas"] == 0 && loader["silent"] == serde_json::json!([]),
            || overview.to_string(),
        )
    })
    .await;
    pipeline.drain().await;
}
