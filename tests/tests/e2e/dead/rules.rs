//! Rules from the commands to the form: the running loader puts letters back by itself, until a rule is switched off.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::Value;

use super::{dead, ids, refused, said};
use crate::loader::feed::Feed;

const LIMIT: Duration = Duration::from_secs(120);

async fn last_note(pipeline: &PipelineUnderTest) -> Value {
    let rules = dead(pipeline, Service::Loader, &["rule", "list", "--json"]).await;
    rules[0]["last"]["note"].clone()
}

#[tokio::test]
async fn a_rule_fills_the_form_without_a_terminal_until_it_is_switched_off() {
    let mut pipeline = PipelineUnderTest::for_test().customers(12).seed(97).start().await;
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    let (first, second) = customers.split_at(8);
    feed.bury(Stage::Load, &feed.records(&pipeline, first)).await;
    let add = |name: &'static str, query: &'static str| {
        let every = ["--every", "1s", "--rate", "600/m", "--reason", "a test"];
        [&["rule", "add", name, "--where", query], &every[..]].concat()
    };
    for (name, query, expected) in [
        ("Night Shift", "code=unknown", "NAME: write up to 40"),
        ("heal", "codee=unknown", "did you mean `code`?"),
    ] {
        let refusal = refused(&pipeline, Service::Loader, &add(name, query)).await;
        assert!(refusal.contains(expected), "{refusal}");
    }
    let on = said(&pipeline, Service::Loader, &add("heal", "code=unknown")).await;
    assert!(on.contains("next: dead rule test heal"), "{on}");
    let tested = said(&pipeline, Service::Loader, &["rule", "test", "heal"]).await;
    assert!(tested.contains("the next run would put back 8"), "{tested}");
    assert_eq!(
        ids(&pipeline, Service::Loader).await.len(),
        8,
        "a test moves nothing"
    );

    pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, 8).await;
    eventually(LIMIT, "the run is on record", async || {
        let note = last_note(&pipeline).await;
        expect(note == "no letter is meant", || note.to_string())
    })
    .await;
    let listed = said(&pipeline, Service::Loader, &["rule", "list"]).await;
    for expected in [
        "heal  load on",
        "every 1s, 10/s: code=unknown, put back less than 2 times",
        "1 rule; times",
    ] {
        assert!(listed.contains(expected), "{listed}");
    }
    assert!(listed.lines().all(|line| line.chars().count() <= 100), "{listed}");

    let elsewhere = ["rule", "off", "heal", "--reason", "a slip"];
    let wrong = refused(&pipeline, Service::Transformer, &elsewhere).await;
    assert!(wrong.contains("is one of the load stage"), "{wrong}");
    said(
        &pipeline,
        Service::Loader,
        &["rule", "off", "heal", "--reason", "month end"],
    )
    .await;
    feed.bury(Stage::Load, &feed.records(&pipeline, second)).await;
    let runs = dead(&pipeline, Service::Loader, &["plans", "--json"]).await;
    assert_eq!(runs[0]["operator"], "rule heal");
    let standing = dead(&pipeline, Service::Loader, &["rule", "list", "--json"]).await;
    assert_eq!(standing[0]["off"]["why"], "month end");
    assert_eq!(ids(&pipeline, Service::Loader).await.len(), 4);
    said(
        &pipeline,
        Service::Loader,
        &["rule", "on", "heal", "--reason", "a new month"],
    )
    .await;
    pipeline.rows(LIMIT, 12).await;
    said(
        &pipeline,
        Service::Loader,
        &["rule", "remove", "heal", "--reason", "done"],
    )
    .await;
    let none = said(&pipeline, Service::Loader, &["rule", "list"]).await;
    assert!(none.contains("no rules"), "{none}");
    let audit = said(&pipeline, Service::Loader, &["audit"]).await;
    for expected in [
        "made the rule heal",
        "switched off the rule heal",
        "rule heal began to put back p-",
    ] {
        assert!(audit.contains(expected), "{audit}");
    }
}

#[tokio::test]
async fn a_replay_can_be_let_rest_from_another_terminal() {
    let mut pipeline = PipelineUnderTest::for_test().customers(40).seed(98).start().await;
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    feed.bury(Stage::Load, &feed.records(&pipeline, &customers)).await;
    pipeline.run(Service::Loader);
    said(
        &pipeline,
        Service::Loader,
        &["plan", "--reason", "a test", "--rate", "120/m"],
    )
    .await;
    let plans = dead(&pipeline, Service::Loader, &["plans", "--json"]).await;
    let plan = plans[0]["id"].as_str().unwrap();
    let why = ["pause", plan, "--reason", "busy hours"];
    let early = refused(&pipeline, Service::Loader, &why).await;
    assert!(early.contains("is planned, nothing is put back by it"), "{early}");
    let pause = async {
        eventually(LIMIT, "some of it is in the form", async || {
            let rows = pipeline.simulator.rows(100).len();
            expect(rows > 1, || format!("{rows} rows"))
        })
        .await;
        said(&pipeline, Service::Loader, &why).await
    };
    let replay = ["replay", plan];
    let (rests, paused) = tokio::join!(refused(&pipeline, Service::Loader, &replay), pause);
    assert!(
        rests.contains("busy hours") && rests.contains("goes on"),
        "{rests}"
    );
    assert!(paused.contains(&format!("next: dead resume {plan}")), "{paused}");
    assert!(!ids(&pipeline, Service::Loader).await.is_empty());
    said(&pipeline, Service::Loader, &["resume", plan, "--rate", "1000"]).await;
    pipeline.rows(LIMIT, 40).await;
}
