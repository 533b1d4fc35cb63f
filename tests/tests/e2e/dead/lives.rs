//! I1: a letter that was brought back is another life of it, which no plan of before may take away.

use kit::pipeline::{PipelineUnderTest, Service};
use pipeline::stage::Stage;

use super::{buried, dead, ids, said};

const LETTERS: usize = 6;

async fn plan(pipeline: &PipelineUnderTest) -> String {
    let plans = dead(pipeline, Service::Loader, &["plans", "--json"]).await;
    plans[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn letters_that_an_undo_brought_back_outlive_a_resume() {
    let (pipeline, _feed) = buried(LETTERS, 93).await;
    let groups = dead(&pipeline, Service::Loader, &["groups", "--json"]).await;
    let group = groups[0]["group"].as_str().unwrap();
    let before = ids(&pipeline, Service::Loader).await;
    let shown = dead(&pipeline, Service::Loader, &["show", &before[0], "--json"]).await;
    let field = shown["body"]["fields"][0]["field"].as_str().unwrap();
    let set = format!("{field}=patched");
    let patch = [
        "patch",
        group,
        "--set",
        &set,
        "--reason",
        "a test",
        "--no-wait",
        "--yes",
    ];
    said(&pipeline, Service::Loader, &patch).await;
    let plan = plan(&pipeline).await;
    said(&pipeline, Service::Loader, &["undo", &plan, "--reason", "a test"]).await;
    let back = ids(&pipeline, Service::Loader).await;
    assert_eq!(back, before, "people know a letter by the id that it had");
    said(&pipeline, Service::Loader, &["resume", &plan, "--no-wait"]).await;
    assert_eq!(ids(&pipeline, Service::Loader).await, back);
}

#[tokio::test]
async fn letters_that_an_import_brought_back_outlive_a_resume() {
    let (pipeline, _feed) = buried(LETTERS, 94).await;
    let before = ids(&pipeline, Service::Loader).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letters.jsonl");
    let file = file.to_str().unwrap();
    said(
        &pipeline,
        Service::Loader,
        &["export", "--reveal", "--file", file],
    )
    .await;
    said(&pipeline, Service::Loader, &["plan", "--reason", "a test"]).await;
    let plan = plan(&pipeline).await;
    said(&pipeline, Service::Loader, &["replay", &plan, "--no-wait"]).await;
    assert!(ids(&pipeline, Service::Loader).await.is_empty());
    said(
        &pipeline,
        Service::Loader,
        &["import", file, "--reason", "a test"],
    )
    .await;
    said(&pipeline, Service::Loader, &["resume", &plan, "--no-wait"]).await;
    assert_eq!(ids(&pipeline, Service::Loader).await, before);
    // A second plan knows them as what they are now, and puts them back.
    said(
        &pipeline,
        Service::Loader,
        &["replay", "--code", "unknown", "--reason", "a test", "--no-wait"],
    )
    .await;
    assert!(ids(&pipeline, Service::Loader).await.is_empty());
    let waiting = pipeline.queues.waiting(Stage::Load).await.unwrap();
    assert_eq!(waiting.map(|count| count as usize), Some(2 * LETTERS));
}
