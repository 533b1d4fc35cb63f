//! Each kind of wish does what it says.

use super::{LIMIT, done, unscheduled, wish};
use crate::extractor::sink::redis;
use crate::ops::notices::hook;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};

#[tokio::test]
async fn a_wish_to_list_now_finds_changes_long_before_the_schedule() {
    let mut pipeline = unscheduled(PipelineUnderTest::for_test().customers(30).seed(1701))
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let changed = pipeline.simulator.company_ids()[3];
    pipeline.simulator.change_one(changed, None).unwrap();
    // What has changed a moment ago can be listed a moment later, and the wish waits for that.
    let told = done(&pipeline, Service::Loader, &["list-now"]).await;
    assert!(told["counts"]["listed"].as_u64() >= Some(1), "{told}");
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn customers_that_are_asked_for_are_fetched_and_written() {
    let mut pipeline = unscheduled(PipelineUnderTest::for_test().customers(20).seed(1702))
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..2] {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    let named = format!("{},{},{}", ids[0], ids[1], ids[2]);
    let told = done(&pipeline, Service::Transformer, &["customers", "--id", &named]).await;
    let count = |name: &str| told["counts"][name].as_u64();
    assert_eq!(
        (count("loaded"), count("in_flight")),
        (Some(2), Some(0)),
        "{told}"
    );
    assert!(pipeline.simulator.judge().await.is_equal(), "{told}");
    // One that OKKI does not show is said to be so.
    let (told, code) = wish(
        &pipeline,
        Service::Extractor,
        &["ask", "customers", "--id", "77", "--reason", "a test", "--wait"],
    )
    .await;
    assert_eq!((told["state"].as_str(), code), (Some("failed"), 1), "{told}");
    assert!(
        told["outcome"]
            .as_str()
            .unwrap()
            .contains("1 customers are not shown by okki"),
        "{told}"
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn a_period_is_listed_again() {
    let mut pipeline = unscheduled(PipelineUnderTest::for_test().customers(30).seed(1703))
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let changed = pipeline.simulator.change(5);
    assert_eq!(changed.len(), 5);
    eventually(LIMIT, "the period shows the changes", async || {
        done(&pipeline, Service::Extractor, &["period", "--since", "1h"]).await;
        let judged = pipeline.simulator.judge().await;
        expect(judged.is_equal(), || format!("{judged:?}"))
    })
    .await;
    let (list, _) = wish(&pipeline, Service::Extractor, &["list"]).await;
    assert!(
        list[0]["kind"] == "period" && list[0]["counts"]["seen"].as_u64() >= Some(5),
        "{list}"
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn a_comparison_finds_what_is_missing_and_has_it_fetched_again() {
    let mut pipeline = unscheduled(PipelineUnderTest::for_test().customers(40).seed(1704))
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let forgotten = pipeline.simulator.company_ids()[5];
    redis(&pipeline, "DEL", &format!("mark:{forgotten}"), &[]).await;
    let told = done(&pipeline, Service::Extractor, &["reconcile"]).await;
    assert_eq!(
        (&told["counts"]["open"], &told["counts"]["fixed"]),
        (&1.into(), &0.into()),
        "{told}"
    );
    let told = done(&pipeline, Service::Extractor, &["reconcile", "--fix"]).await;
    assert_eq!(
        (&told["counts"]["open"], &told["counts"]["fixed"]),
        (&0.into(), &1.into()),
        "{told}"
    );
    pipeline.quiet(LIMIT, 0).await;
    let told = done(&pipeline, Service::Extractor, &["reconcile"]).await;
    assert_eq!(told["outcome"], "nothing differs", "{told}");
    assert!(pipeline.simulator.judge().await.is_equal());
    pipeline.drain().await;
}

/// During a rolling update that adds a group, the old replicas would take whom only the new ones list for gone.
#[tokio::test]
async fn a_comparison_is_refused_while_replicas_list_by_another_filter() {
    let mut pipeline = unscheduled(PipelineUnderTest::for_test().customers(40).seed(1706))
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.run_with(Service::Extractor, &[("OKKI_GROUP_ID", "104")]);
    // Whichever of the two takes it.
    eventually(LIMIT, "refused", async || {
        let ask = ["ask", "reconcile", "--fix", "--reason", "a test", "--wait"];
        let (told, _) = wish(&pipeline, Service::Extractor, &ask).await;
        let is_refused = told["state"] == "failed" && told.to_string().contains("lists by another filter");
        expect(is_refused, || told.to_string())
    })
    .await;
    // Without mending it harms nobody.
    done(&pipeline, Service::Extractor, &["reconcile"]).await;
    assert_eq!(pipeline.simulator.form_rows(), 40);
    pipeline.drain().await;
}

#[tokio::test]
async fn the_form_is_read_again_while_the_loader_works() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(120)
        .seed(1705)
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let epoch = redis(&pipeline, "GET", "epoch", &[]).await;
    let told = done(&pipeline, Service::Extractor, &["read-form"]).await;
    assert_eq!(told["counts"]["rows"], 120, "{told}");
    assert_ne!(
        redis(&pipeline, "GET", "epoch", &[]).await,
        epoch,
        "nothing was read again"
    );
    pipeline.simulator.change(10);
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_test_notice_comes_from_the_stage_that_is_named() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(1706)
        .set_for(Service::Loader, "ALERT_URL", url)
        .start()
        .await;
    pipeline.run_all();
    done(&pipeline, Service::Extractor, &["test-notice", "--stage", "load"]).await;
    let sent = notices.lock().unwrap().clone();
    let is_test = |notice: &&serde_json::Value| notice["problem"] == "test";
    let test = sent.iter().find(is_test).unwrap_or_else(|| panic!("{sent:?}"));
    assert_eq!(test["service"], "loader", "{test}");
    // Who has no receiver says so.
    let how = ["ask", "test-notice", "--reason", "a test", "--wait"];
    let (told, code) = wish(&pipeline, Service::Transformer, &how).await;
    assert_eq!((told["state"].as_str(), code), (Some("failed"), 1), "{told}");
    assert!(told["outcome"].as_str().unwrap().contains("ALERT_URL"), "{told}");
    pipeline.drain().await;
}
