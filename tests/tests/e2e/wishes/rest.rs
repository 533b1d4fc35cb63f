//! A stage that somebody lets rest: nothing of it is written, the others go on, restarts change nothing, and afterwards
//! nothing is missing.

use super::{LIMIT, asked, until, wish};
use crate::extractor::sink::redis;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::Value;

async fn rest(pipeline: &PipelineUnderTest, service: Service) -> Value {
    let how = [
        "pause",
        "--reason",
        "the form is rebuilt",
        "--operator",
        "李雷",
        "--json",
    ];
    let told = pipeline.tool(service, &how).await.unwrap();
    serde_json::from_str(&told).unwrap()
}

async fn status(pipeline: &PipelineUnderTest) -> Value {
    let told = pipeline
        .tool(Service::Extractor, &["status", "--json"])
        .await
        .unwrap();
    serde_json::from_str(&told).unwrap()
}

#[tokio::test]
async fn a_stage_that_rests_writes_nothing_and_loses_nothing() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(40)
        .seed(1711)
        // What waits is counted in messages below.
        .set("BUNDLE_RECORDS", "1")
        .start()
        .await;
    let [_, _, loader] = pipeline.run_all();
    let second = pipeline.run(Service::Loader);
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let decided = rest(&pipeline, Service::Loader).await;
    assert_eq!(
        (&decided["stage"], &decided["paused"]),
        (&"load".into(), &true.into()),
        "{decided}"
    );
    for replica in [loader, second] {
        pipeline[replica].pauses_for("operator").await;
    }
    let before = pipeline.simulator.rows(100);
    pipeline.simulator.change(20);
    // The others go on: the changes lie before the stage that rests.
    eventually(LIMIT, "twenty records before the loader", async || {
        let waiting = pipeline
            .queues
            .waiting(Stage::Load)
            .await
            .unwrap()
            .unwrap_or_default();
        expect(waiting >= 20, || format!("{waiting} waiting"))
    })
    .await;
    // A restart changes nothing, however it came about; a third replica rests as well.
    pipeline[loader].kill9();
    pipeline.restart(loader).unwrap();
    let third = pipeline.run(Service::Loader);
    for replica in [loader, third] {
        pipeline[replica].pauses_for("operator").await;
    }
    // Replicas say every few seconds how they stand.
    eventually(
        LIMIT,
        "status says who has paused it, and what to do",
        async || {
            let told = status(&pipeline).await;
            let pauses = told["stages"][2]["paused"]
                .to_string()
                .contains("paused by 李雷: the form is rebuilt");
            let remedy = told["findings"].to_string().contains("`loader resume`");
            expect(pauses && remedy, || told.to_string())
        },
    )
    .await;
    // Somebody empties Redis of it: the replicas know better.
    redis(&pipeline, "DEL", "decisions", &[]).await;
    eventually(LIMIT, "the decision stands again", async || {
        let kept = redis(&pipeline, "HGET", "decisions", &["load"]).await;
        expect(kept != redis::Value::Nil, || "nothing is decided".to_owned())
    })
    .await;
    assert_eq!(pipeline.simulator.rows(100), before, "something was written");
    pipeline
        .tool(Service::Loader, &["resume", "--operator", "李雷"])
        .await
        .unwrap();
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let audit = pipeline.tool(Service::Loader, &["dead", "audit"]).await.unwrap();
    assert!(
        audit.contains("let the stage rest: load") && audit.contains("the form is rebuilt"),
        "{audit}"
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn an_extractor_that_rests_lists_nothing_and_takes_no_wish() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(1712)
        .start()
        .await;
    let [extractor, ..] = pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    rest(&pipeline, Service::Extractor).await;
    pipeline[extractor].pauses_for("operator").await;
    // A run that was under way ends within a moment.
    let mut calls = pipeline.simulator.stats().okki.total_calls;
    eventually(LIMIT, "OKKI is left alone", async || {
        let now = pipeline.simulator.stats().okki.total_calls;
        let before = std::mem::replace(&mut calls, now);
        let (list, _) = wish(&pipeline, Service::Extractor, &["list"]).await;
        expect(before == now, || format!("{before} and {now} calls, {list}"))
    })
    .await;
    pipeline.simulator.change(5);
    let told = asked(&pipeline, Service::Loader, &["list-now"]).await;
    let id = told["wish"]["id"].as_str().unwrap().to_owned();
    // Several rounds of whoever looks for wishes, and of the schedule: other wishes come and go meanwhile.
    for _ in 0..3 {
        let how = ["ask", "test-notice", "--reason", "a test", "--wait"];
        wish(&pipeline, Service::Extractor, &how).await;
    }
    let (told, _) = wish(&pipeline, Service::Extractor, &["show", &id]).await;
    assert_eq!(told["state"], "waiting", "{told}");
    assert_eq!(
        pipeline.simulator.stats().okki.total_calls,
        calls,
        "OKKI was called"
    );
    pipeline.tool(Service::Extractor, &["resume"]).await.unwrap();
    until(&pipeline, &id, "the wish is done", |wish| wish["state"] == "done").await;
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
}
