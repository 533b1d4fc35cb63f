//! OKKI takes update times back: what it shows then is told as a difference, and written when somebody wants that.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::{reconcile::reconcile, sink::redis};
use crate::wishes::{done, unscheduled};

const LIMIT: Duration = Duration::from_secs(120);

/// The customer is in another state now, with this update time.
fn show(pipeline: &PipelineUnderTest, id: i64, update_time: i64) {
    pipeline.simulator.remove_one(id).unwrap();
    pipeline.simulator.restore_at(id, update_time).unwrap();
    pipeline.simulator.change_unseen(id, None).unwrap();
}

/// Whether `sync --id` is content, and what it complains of.
async fn sync(pipeline: &PipelineUnderTest, ids: &[i64], more: &[&str]) -> (bool, String) {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    let ids = ids.join(",");
    let arguments = [&["sync", "--id", &ids], more].concat();
    let output = pipeline
        .tool_output(Service::Extractor, &arguments)
        .await
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), complaint)
}

fn ahead(report: &Value) -> Option<u64> {
    report["ahead"]["count"].as_u64()
}

#[tokio::test]
async fn an_update_time_that_is_taken_back_is_told_and_what_is_shown_can_be_written() {
    let mut pipeline = unscheduled(PipelineUnderTest::for_test().customers(30).seed(1711))
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let ids = pipeline.simulator.company_ids();
    let now = jiff::Timestamp::now().as_second();
    // For a while it is five hours later for three of them; two were restored with a time of before.
    for (id, time) in ids.iter().zip([18_000, 18_000, 18_000, -600, -600]) {
        show(&pipeline, *id, now + time);
    }
    let (is_good, complaint) = sync(&pipeline, &ids[..5], &[]).await;
    assert!(is_good, "{complaint}");
    pipeline.until_equal(LIMIT).await;
    for (n, id) in ids[..5].iter().enumerate() {
        show(&pipeline, *id, now - 3_600 - n as i64);
    }
    let (is_good, complaint) = sync(&pipeline, &ids[..1], &[]).await;
    assert!(!is_good && complaint.contains("--force writes"), "{complaint}");
    eventually(LIMIT, "five are ahead", async || {
        let (report, is_good) = reconcile(&pipeline, &[]).await;
        let is_so = ahead(&report) == Some(5) && !is_good;
        expect(is_so, || report.to_string())
    })
    .await;
    assert!(
        !pipeline.simulator.judge().await.is_equal(),
        "nothing was touched"
    );

    // A person asks for one of them, an operator for another one, and a comparison mends the others.
    let (is_good, complaint) = sync(&pipeline, &ids[..1], &["--force"]).await;
    assert!(is_good, "{complaint}");
    let told = done(
        &pipeline,
        Service::Loader,
        &["customers", "--id", &ids[1].to_string()],
    )
    .await;
    assert_eq!(told["counts"]["loaded"], 1, "{told}");
    let (report, is_good) = reconcile(&pipeline, &["--fix"]).await;
    assert!(is_good && ahead(&report) == Some(3), "{report}");
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let (report, is_good) = reconcile(&pipeline, &[]).await;
    assert!(is_good && ahead(&report) == Some(0), "{report}");

    // What is changed from now on is older than what was loaded at first, and lands all the same.
    for id in &ids[..5] {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    done(&pipeline, Service::Loader, &["list-now"]).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let (report, is_good) = reconcile(&pipeline, &[]).await;
    assert!(is_good && ahead(&report) == Some(0), "{report}");
    pipeline.drain().await;
}

/// Where listing and details show other times, asking for everybody would say nothing; but nobody is called current for that.
#[tokio::test]
async fn whoever_is_not_asked_for_is_not_current() {
    let mut pipeline = unscheduled(PipelineUnderTest::for_test().customers(20).seed(1712))
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let id = pipeline.simulator.company_ids()[0];
    let now = jiff::Timestamp::now().as_second();
    show(&pipeline, id, now + 18_000);
    let (is_good, complaint) = sync(&pipeline, &[id], &[]).await;
    assert!(is_good, "{complaint}");
    pipeline.until_equal(LIMIT).await;
    show(&pipeline, id, now - 3_600);

    // A comparison that has asked for 500 in vain.
    let filter = redis(&pipeline, "HGET", "extract:job:first", &["filter"]).await;
    let filter: String = redis::from_redis_value(filter).unwrap();
    let none = json!({"count": 0, "examples": []});
    let mut findings = json!({"listed": 0, "current": 0, "filtered": 0, "in_flight": 0, "damaged": 0, "fixed": 0, "held_back": 0});
    for name in [
        "missing",
        "stale",
        "dead",
        "dropped",
        "deleted",
        "unlisted",
        "not_shown",
    ] {
        findings[name] = none.clone();
    }
    let kept = json!({
        "subject": format!("{filter} false false"),
        "number": now * 1_000,
        "end": now,
        "run": "reconcile-others",
        "next": {"Listed": {"part": 0, "cursor": null}},
        "findings": findings,
        "others": 500,
    });
    redis(&pipeline, "SET", "extract:reconcile", &[&kept.to_string()]).await;
    let (report, _) = reconcile(&pipeline, &[]).await;
    assert_eq!(
        (&report["listed"], &report["not_asked"]),
        (&json!(20), &json!(1)),
        "{report}"
    );
    assert_eq!(
        (&report["current"], ahead(&report)),
        (&json!(19), Some(0)),
        "{report}"
    );
    pipeline.drain().await;
}
