//! Customers that OKKI lists and does not show: a moment of it costs nothing, all of them is a pause, and what was
//! concluded to be missing is counted, listed and asked for again.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::details::{seen, status};
use super::sink::Sink;
use crate::ops::notices::hook;

const LIMIT: Duration = Duration::from_secs(90);

fn not_shown(message: &str) -> Fault {
    let unknown = FaultKind::Code {
        code: 404,
        message: message.into(),
        status: None,
    };
    Fault::on(Vendor::Okki, "info", unknown)
}

async fn missing(pipeline: &PipelineUnderTest, ids: &[&str]) {
    eventually(LIMIT, &format!("missing: {ids:?}"), async || {
        let status = status(pipeline).await;
        let named = status["missing_newest"].as_array().cloned().unwrap_or_default();
        let same = named.iter().filter_map(Value::as_str).eq(ids.iter().copied());
        expect(same && status["missing"] == ids.len(), || status.to_string())
    })
    .await;
}

#[tokio::test]
async fn a_customer_that_is_listed_and_not_shown_is_missing_after_the_ladder() {
    let mut pipeline = PipelineUnderTest::for_test().customers(30).seed(41).start().await;
    let lost = pipeline.simulator.company_ids()[7].to_string();
    pipeline
        .simulator
        .fault(not_shown("Not Found Resource").containing(&lost));
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 29).await;
    missing(&pipeline, &[&lost]).await;
    // One call for each attempt of the ladder, at least: the others may be compared with it.
    let asked = pipeline.simulator.faults()[0].fired;
    assert!((4..20).contains(&asked), "{asked} calls");
    pipeline.quiet(LIMIT, 0).await;
    assert!(!sink.seen().contains_key(&lost));
    eventually(LIMIT, "it is counted", async || {
        let (_, metrics) = pipeline[extractor].get("/metrics").await.unwrap();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("okki_extractor_missing_total"));
        expect(line.is_some_and(|line| line.ends_with(" 1")), || {
            format!("{line:?}")
        })
    })
    .await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_detail_that_appears_later_than_its_row_arrives() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(141)
        .start()
        .await;
    let late = pipeline.simulator.company_ids()[7].to_string();
    pipeline
        .simulator
        .fault(not_shown("Not Found Resource").containing(&late).times(2));
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline.quiet(LIMIT, 0).await;
    missing(&pipeline, &[]).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_lost_privilege_pauses_with_a_notice_and_loses_nobody() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(142)
        .set_for(Service::Extractor, "ALERT_URL", url)
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    let fault = pipeline.simulator.fault(not_shown("No Privilege"));
    pipeline.simulator.change(12);
    pipeline[extractor].pauses_for("No Privilege").await;
    eventually(LIMIT, "people are notified", async || {
        let notices = notices.lock().unwrap();
        let about = |notice: &&Value| {
            notice["problem"] == "paused:credentials" && notice["detail"].to_string().contains("No Privilege")
        };
        expect(notices.iter().any(|notice| about(&notice)), || {
            format!("{notices:?}")
        })
    })
    .await;
    // It is found out again and again without opening the gate in between, although the listing works.
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    let log = pipeline[extractor].log();
    let errors = log
        .lines()
        .filter(|line| line.contains(r#""level":"ERROR""#))
        .count();
    assert!(errors <= 1, "{errors} errors");
    pipeline.simulator.clear_faults(Some(fault));
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline[extractor].ready().await;
    pipeline.quiet(LIMIT, 0).await;
    missing(&pipeline, &[]).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn the_remedy_asks_for_missing_customers_again() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(143)
        .set("REMEDY_CRON", "*/2 * * * * *")
        // Only customers that are missing are in its reach.
        .set("REMEDY_REACH", "1s")
        .start()
        .await;
    let lost = pipeline.simulator.company_ids()[7].to_string();
    let fault = pipeline
        .simulator
        .fault(not_shown("Not Found Resource").containing(&lost));
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 29).await;
    missing(&pipeline, &[&lost]).await;
    pipeline.simulator.clear_faults(Some(fault));
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    missing(&pipeline, &[]).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}
