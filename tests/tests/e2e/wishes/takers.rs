//! Whoever has taken a wish may die, and nobody may be there to take it.

use super::{LIMIT, asked, unscheduled, until, wish};
use kit::pipeline::{PipelineUnderTest, Service};

/// Whichever of these replicas has this instance name, by its process id.
fn taker(pipeline: &mut PipelineUnderTest, of: [kit::pipeline::ReplicaId; 2], instance: &str) -> usize {
    let pids = of.map(|id| pipeline[id].process().id().to_string());
    let pid = instance.rsplit('-').nth(1).unwrap();
    pids.iter()
        .position(|it| it == pid)
        .unwrap_or_else(|| panic!("{instance} is none of {pids:?}"))
}

#[tokio::test]
async fn a_taker_that_is_killed_leaves_the_wish_to_the_next() {
    let mut pipeline = unscheduled(PipelineUnderTest::for_test().customers(20).seed(1721))
        .start()
        .await;
    let extractors = [pipeline.run(Service::Extractor), pipeline.run(Service::Extractor)];
    pipeline.run(Service::Loader);
    // Nobody maps yet, so what is asked for cannot come to its end.
    let ids = pipeline.simulator.company_ids();
    let named = format!("{},{}", ids[0], ids[1]);
    let told = asked(&pipeline, Service::Loader, &["customers", "--id", &named]).await;
    let id = told["wish"]["id"].as_str().unwrap().to_owned();
    let told = until(&pipeline, &id, "somebody has it under way", |wish| {
        wish["state"] == "taken" && wish["progress"].as_str().is_some_and(|text| !text.is_empty())
    })
    .await;
    let first = told["instance"].as_str().unwrap().to_owned();
    let at = taker(&mut pipeline, extractors, &first);
    pipeline[extractors[at]].kill9();
    let told = until(&pipeline, &id, "the other one has it", |wish| wish["takes"] == 2).await;
    assert_ne!(told["instance"], first.as_str(), "{told}");
    assert_eq!(
        taker(&mut pipeline, extractors, told["instance"].as_str().unwrap()),
        1 - at
    );
    pipeline.run(Service::Transformer);
    let told = until(&pipeline, &id, "it is over", |wish| wish["state"] != "taken").await;
    assert_eq!(told["state"], "done", "{told}");
    // The judge: each customer has one row, and nothing older over something newer.
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_wish_that_nobody_takes_expires_and_says_that_no_extractor_runs() {
    let pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(1722)
        .start()
        .await;
    let told = asked(&pipeline, Service::Loader, &["list-now", "--within", "1s"]).await;
    let id = told["wish"]["id"].as_str().unwrap().to_owned();
    let told = until(&pipeline, &id, "it has expired", |wish| {
        wish["state"] == "expired"
    })
    .await;
    let outcome = told["outcome"].as_str().unwrap();
    assert!(outcome.contains("no extractor runs"), "{told}");
    let shown = tokio::process::Command::from(
        kit::pipeline::command(Service::Loader, &pipeline.settings(Service::Loader)).unwrap(),
    )
    .args(["wish", "list"])
    .env("OKKI_LANG", "zh")
    .output()
    .await
    .unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains("没有 extractor 在运行"), "{shown}");
}

#[tokio::test]
async fn a_wish_that_waits_is_asked_for_once_and_can_be_cancelled() {
    let pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(1723)
        .start()
        .await;
    let first = asked(&pipeline, Service::Loader, &["reconcile", "--fix"]).await;
    let again = asked(&pipeline, Service::Extractor, &["reconcile", "--fix"]).await;
    let other = asked(&pipeline, Service::Extractor, &["reconcile"]).await;
    let id = first["wish"]["id"].as_str().unwrap();
    assert!(id.starts_with("w-"), "{first}");
    assert_eq!(
        (&first["is_new"], &again["is_new"], &other["is_new"]),
        (&true.into(), &false.into(), &true.into())
    );
    assert_eq!(again["wish"]["id"], id);
    let (told, code) = wish(&pipeline, Service::Extractor, &["cancel", id, "--operator", "li"]).await;
    assert_eq!((told["state"].as_str(), code), (Some("cancelled"), 0), "{told}");
    let twice = pipeline.tool(Service::Extractor, &["wish", "cancel", id]).await;
    assert!(
        twice
            .unwrap_err()
            .to_string()
            .contains("can no longer be cancelled")
    );
    let unknown = pipeline
        .tool(Service::Extractor, &["wish", "show", "w-none"])
        .await;
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("there is no wish w-none")
    );
}
