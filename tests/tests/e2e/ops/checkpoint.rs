//! A listing that does not complete is a problem that people are notified of, even while OKKI is down.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::Vendor;
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::notices::{Notices, hook};

const LIMIT: Duration = Duration::from_secs(90);

/// The statuses of the notices about the checkpoint, in order.
fn statuses(notices: &Notices) -> Vec<String> {
    let notices = notices.lock().unwrap();
    let about = notices
        .iter()
        .filter(|notice| notice["problem"] == "checkpoint-stale");
    about
        .filter_map(|notice| Some(notice["status"].as_str()?.to_owned()))
        .collect()
}

/// Waits until the newest notice, of those after the first `before`, says `status`.
async fn notified(notices: &Notices, before: usize, status: &str) {
    eventually(LIMIT, &format!("a notice that says {status}"), async || {
        let seen = statuses(notices);
        expect(
            seen.len() > before && seen.last().is_some_and(|last| last == status),
            || format!("{seen:?}"),
        )
    })
    .await;
}

async fn checkpoint(pipeline: &PipelineUnderTest) -> Value {
    let status = pipeline
        .tool(Service::Extractor, &["status", "--json", "--runs", "500"])
        .await;
    let status: Value = serde_json::from_str(&status.unwrap()).unwrap();
    status["checkpoint"].clone()
}

#[tokio::test]
async fn an_old_checkpoint_and_a_missing_first_one_are_notified_and_resolved() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(5)
        .seed(79)
        .set_for(Service::Extractor, "ALERT_URL", url)
        .set_for(Service::Extractor, "ALERT_CHECKPOINT_AGE", "12s")
        .set_for(Service::Extractor, "ALERT_EVERY", "1s")
        .start()
        .await;

    let outage = pipeline.simulator.outage(Vendor::Okki);
    let first = pipeline.run(Service::Extractor);
    pipeline[first].pauses_for("outage").await;
    notified(&notices, 0, "firing").await;
    assert_eq!(checkpoint(&pipeline).await, Value::Null);

    // The one that notified is gone; the first window of another one ends the problem.
    pipeline[first].kill9();
    pipeline.simulator.clear_faults(Some(outage));
    let second = pipeline.run(Service::Extractor);
    notified(&notices, 0, "resolved").await;
    assert_ne!(checkpoint(&pipeline).await, Value::Null);

    let before = statuses(&notices).len();
    let outage = pipeline.simulator.outage(Vendor::Okki);
    pipeline[second].pauses_for("outage").await;
    notified(&notices, before, "firing").await;
    pipeline.simulator.clear_faults(Some(outage));
    notified(&notices, before, "resolved").await;
    pipeline.drain().await;
}
