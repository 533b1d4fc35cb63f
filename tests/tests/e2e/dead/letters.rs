//! What becomes of letters of the loader: applied, superseded, edited, patched, mapped anew.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::Poison;
use pipeline::stage::Stage;
use serde_json::Value;

use super::{dead, ids, refused};
use crate::loader::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);

/// A loader with `bad` rows that the form refuses, behind `good` ones that it has taken.
async fn poisoned(seed: u64, good: usize, bad: usize) -> (PipelineUnderTest, Feed) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(u32::try_from(good + bad).unwrap())
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .simulator(|options| {
            let marker = "POISON".into();
            options.settings.jdy.poison = vec![Poison { marker, code: 3005 }];
        })
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    let mut records = feed.records(&pipeline, &customers);
    for record in &mut records[good..] {
        let text = format!("a POISON row of {}", record.company_id);
        record.fields[0].value = Some(proto::v1::field_value::Value::Text(text));
    }
    feed.put(&records).await;
    pipeline.run(Service::Loader);
    pipeline.rows(LIMIT, good).await;
    pipeline.quiet(LIMIT, u32::try_from(bad).unwrap()).await;
    (pipeline, feed)
}

#[tokio::test]
async fn an_old_letter_of_a_customer_that_went_on_is_superseded() {
    let (mut pipeline, feed) = poisoned(62, 5, 3).await;
    let customers = pipeline.simulator.company_ids();
    // Two of the three are loaded newer meanwhile; the third is healed by its cause.
    pipeline.simulator.set(|settings| settings.jdy.poison.clear());
    feed.put(&feed.records(&pipeline, &customers[5..7])).await;
    pipeline.rows(LIMIT, 7).await;
    let rows = pipeline.simulator.rows(100);
    let result = dead(
        &pipeline,
        Service::Loader,
        &["replay", "--all", "--reason", "a test", "--json"],
    )
    .await;
    assert_eq!(result["state"], "complete", "{result}");
    let counts =
        ["replayed", "left", "applied", "superseded", "failed_again"].map(|name| result[name].as_u64());
    assert_eq!(counts, [3, 0, 1, 2, 0].map(Some), "{result}");
    let after = pipeline.simulator.rows(100);
    assert!(rows.iter().all(|row| after.contains(row)), "no row was touched");
    pipeline.drain().await;
}

#[tokio::test]
async fn a_replay_whose_cause_is_not_gone_leaves_everything_where_it_was() {
    let (mut pipeline, _feed) = poisoned(63, 5, 20).await;
    let stopped = refused(
        &pipeline,
        Service::Loader,
        &["replay", "--all", "--reason", "a test"],
    )
    .await;
    assert!(stopped.contains("1 of 1 failed again"), "{stopped}");
    pipeline.quiet(LIMIT, 20).await;
    assert_eq!(pipeline.simulator.form_rows(), 5);
    pipeline.drain().await;
}

#[tokio::test]
async fn letters_are_edited_and_patched_and_only_the_copies_reach_the_form() {
    let (mut pipeline, _feed) = poisoned(64, 2, 4).await;
    let letters = ids(&pipeline, Service::Loader).await;
    let shown = dead(
        &pipeline,
        Service::Loader,
        &["show", &letters[0], "--reveal", "--json"],
    )
    .await;
    assert!(shown["mapping"].is_string(), "{shown}");
    assert_eq!(shown["mapping"], shown["body"]["mappingFingerprint"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body.json");
    let edit = [
        "edit",
        &letters[0],
        "--reason",
        "a test",
        "--json",
        "--body",
        file.to_str().unwrap(),
    ];
    let mut body = shown["body"].clone();
    body["companyId"] = "1".into();
    std::fs::write(&file, body.to_string()).unwrap();
    assert!(
        refused(&pipeline, Service::Loader, &edit)
            .await
            .contains("`companyId` says whose record this is")
    );
    body = shown["body"].clone();
    body["fields"][0]["text"] = 5.into();
    std::fs::write(&file, body.to_string()).unwrap();
    assert!(
        refused(&pipeline, Service::Loader, &edit)
            .await
            .contains("not a valid")
    );
    pipeline.quiet(LIMIT, 4).await;
    body["fields"][0]["text"] = "edited".into();
    std::fs::write(&file, body.to_string()).unwrap();
    let result = dead(&pipeline, Service::Loader, &edit).await;
    assert_eq!(
        (result["applied"].as_u64(), result["left"].as_u64()),
        (Some(1), Some(3)),
        "{result}"
    );

    let groups = dead(&pipeline, Service::Loader, &["groups", "--json"]).await;
    let group = groups[0]["group"].as_str().unwrap();
    let field = shown["body"]["fields"][0]["field"].as_str().unwrap();
    let set = format!("{field}=patched");
    let patch = ["patch", group, "--set", &set, "--reason", "a test", "--json"];
    assert!(
        refused(&pipeline, Service::Loader, &patch)
            .await
            .contains("--yes")
    );
    let result = dead(&pipeline, Service::Loader, &[&patch[..], &["--yes"]].concat()).await;
    assert_eq!(
        (result["applied"].as_u64(), result["left"].as_u64()),
        (Some(3), Some(0)),
        "{result}"
    );
    let rows = serde_json::to_string(&pipeline.simulator.rows(100)).unwrap();
    assert_eq!(
        (rows.matches("patched").count(), rows.matches("edited").count()),
        (3, 1),
        "{rows}"
    );
    assert!(!rows.contains("POISON"));
    assert_eq!(pipeline.simulator.form_rows(), 6);
    pipeline.drain().await;
}

#[tokio::test]
async fn rows_are_mapped_anew_from_fresh_details() {
    let (mut pipeline, _feed) = poisoned(65, 2, 3).await;
    // A detail older than its letter would be that of a replica which is behind.
    pipeline.simulator.touch(5);
    pipeline.run(Service::Extractor);
    pipeline.run(Service::Transformer);
    let groups = dead(&pipeline, Service::Loader, &["groups", "--json"]).await;
    let group = groups[0]["group"].as_str().unwrap();
    let patch = [
        "patch",
        group,
        "--remap",
        "--reason",
        "a test",
        "--yes",
        "--json",
        "--stop-at",
        "100",
    ];
    let result = dead(&pipeline, Service::Loader, &patch).await;
    assert_eq!(
        (result["replayed"].as_u64(), result["failed_again"].as_u64()),
        (Some(3), Some(0)),
        "{result}"
    );
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(report.form_rows, 5);
    pipeline.drain().await;
}

/// What the broker itself has buried is a bundle as a whole: it is shown as the customers that it carries, and a replay puts
/// each of them back.
#[tokio::test]
async fn a_buried_bundle_is_many_customers_and_goes_back_as_such() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(68)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    feed.bury_together(Stage::Load, &feed.records(&pipeline, &customers))
        .await;
    let listed = pipeline.tool(Service::Loader, &["dead", "list"]).await.unwrap();
    assert!(listed.contains("the records of 3 customers"), "{listed}");
    let listed: Vec<Value> = pipeline
        .tool(Service::Loader, &["dead", "list", "--json"])
        .await
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let id = listed[0]["id"].as_str().unwrap();
    let shown = pipeline
        .tool(Service::Loader, &["dead", "show", id])
        .await
        .unwrap();
    for customer in &customers {
        assert!(shown.contains(&customer.to_string()), "{shown}");
    }
    assert!(shown.contains("dead replay --id"), "{shown}");
    pipeline.run(Service::Loader);
    let replay = ["replay", "--all", "--reason", "a test", "--json"];
    let result = dead(&pipeline, Service::Loader, &replay).await;
    assert_eq!(result["state"], "complete", "{result}");
    pipeline.rows(LIMIT, 3).await;
    let listed = pipeline.tool(Service::Loader, &["dead", "list"]).await.unwrap();
    assert!(listed.starts_with("no letter"), "{listed}");
    pipeline.drain().await;
}
