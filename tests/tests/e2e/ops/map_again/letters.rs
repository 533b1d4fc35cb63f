//! Letters of the loader are mapped from what is kept.

use super::super::refuse_row;
use super::{KEY, LIMIT, cells, deploy, details, document, refused, settled};
use kit::pipeline::{PipelineUnderTest, Service};
use pipeline::stage::Stage;
use serde_json::{Value, json};

/// Run and customers of the command that is under way, as it has written them down.
pub(super) async fn sent(pipeline: &PipelineUnderTest) -> Option<(String, u64)> {
    let url = pipeline.settings(Service::Transformer)["REDIS_URL"].clone();
    let mut redis = kit::redis_client::connect(&url).await.unwrap();
    let text: Option<String> = redis::cmd("GET")
        .arg(pipeline.namespace.again_key())
        .query_async(&mut redis)
        .await
        .unwrap();
    let progress: Value = serde_json::from_str(&text?).unwrap();
    Some((progress["run"].as_str()?.to_owned(), progress["sent"].as_u64()?))
}

#[tokio::test]
async fn letters_of_the_loader_are_mapped_from_what_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let bad = document(folder.path(), "bad", "bad", "");
    let good = document(folder.path(), "good", "good", "");
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(9)
        .seed(815)
        .set("SNAPSHOT_KEY", KEY)
        .set_for(Service::Transformer, "KEEP_SNAPSHOTS", "true")
        .set_for(Service::Transformer, "MAPPING", &bad)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..3] {
        pipeline.simulator.fault(refuse_row(&id.to_string()));
    }
    let [extractor, transformer, _] = pipeline.run_all();
    pipeline.rows(LIMIT, 6).await;
    pipeline.quiet(LIMIT, 3).await;
    pipeline.simulator.clear_faults(None);
    pipeline[extractor].kill9();
    let fetched = details(&pipeline);
    deploy(&mut pipeline, transformer, &good, None).await;

    // Of one of them nothing is kept any more.
    let lost = ids[0].to_string();
    let url = pipeline.settings(Service::Transformer)["REDIS_URL"].clone();
    let mut redis = kit::redis_client::connect(&url).await.unwrap();
    let mut removed = 0;
    for shard in 0..64 {
        let key = format!("{{{}}}:snapshots:{shard}", pipeline.namespace);
        let count: u64 = redis::cmd("HDEL")
            .arg(key)
            .arg(&lost)
            .query_async(&mut redis)
            .await
            .unwrap();
        removed += count;
    }
    assert_eq!(removed, 1);

    let why = ["--from", "mapping", "--reason", "a test"];
    let plan = [&["dead", "plan"], &why[..]].concat();
    let text = pipeline.tool(Service::Loader, &plan).await.unwrap();
    assert!(
        text.contains("the kept snapshot of the customer is mapped anew"),
        "{text}"
    );
    assert!(text.contains("1 letters stay where they are"), "{text}");
    let planned = pipeline
        .tool(Service::Loader, &[&plan[..], &["--json"]].concat())
        .await
        .unwrap();
    let planned: Value = serde_json::from_str(&planned).unwrap();
    assert_eq!(
        (
            &planned["from"],
            &planned["not_kept"],
            &planned["cost"]["detail_calls"]
        ),
        (&json!("mapping"), &json!(1), &json!(0)),
        "{planned}"
    );
    let id = planned["id"].as_str().unwrap();
    let replayed = pipeline
        .tool(Service::Loader, &["dead", "replay", id, "--json"])
        .await
        .unwrap();
    let result: Value = serde_json::from_str(&replayed).unwrap();
    assert_eq!(
        (&result["applied"], &result["left"]),
        (&json!(2), &json!(1)),
        "{result}"
    );
    let shown = cells(&pipeline);
    let good = shown.values().filter(|cell| *cell == "good").count();
    assert_eq!((shown.len(), good), (8, 2), "{shown:?}");
    assert_eq!(details(&pipeline), fetched, "nobody was fetched");

    // The one that is left says why, and is fetched.
    let patch = [&["dead", "patch", "--all", "--yes"], &why[..]].concat();
    let text = refused(&pipeline, Service::Loader, &patch).await;
    assert!(
        text.contains("no snapshot of the customer is kept; say --from fetch"),
        "{text}"
    );
    pipeline.restart(extractor).unwrap();
    let fetch = [
        "dead", "patch", "--all", "--yes", "--from", "fetch", "--reason", "a test",
    ];
    pipeline.tool(Service::Loader, &fetch).await.unwrap();
    pipeline.rows(LIMIT, 9).await;
    pipeline.quiet(LIMIT, 0).await;
    assert_eq!(pipeline.queues.dead(Stage::Load).await.unwrap(), 0);
    settled(&mut pipeline, 0).await;
    pipeline.drain().await;
}
