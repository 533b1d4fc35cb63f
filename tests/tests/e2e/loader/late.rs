//! I3 when a call takes effect after everything that followed it: its resend was refused, its key freed, a newer version
//! written by another batch. The form shows something old then, and no message is left that could say so.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use serde_json::json;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(180);
const CUSTOMERS: usize = 10;

/// Who sends the call again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resend {
    /// The loader that sent it first.
    Itself,
    /// The one that took its batch over.
    Heir,
}

/// One call of the operation is withheld, and its resends are refused: so many of them, or until the fault is cleared.
fn withhold(pipeline: &PipelineUnderTest, operation: &str, code: i64, resends: Option<u64>) -> u64 {
    let withheld = Fault::on(Vendor::Jdy, operation, FaultKind::Withheld).nth(1);
    pipeline.simulator.fault(withheld);
    let refused = FaultKind::Code {
        code,
        message: String::new(),
        status: None,
    };
    let mut refused = Fault::on(Vendor::Jdy, operation, refused);
    if let Some(resends) = resends {
        refused = refused.times(resends);
    }
    pipeline.simulator.fault(refused)
}

async fn calls(pipeline: &PipelineUnderTest, operation: &str, at_least: u64) {
    eventually(LIMIT, "the call arrives", async || {
        let stats = serde_json::to_value(pipeline.simulator.stats()).unwrap();
        let calls = stats["jdy"]["calls"][operation]["calls"].as_u64();
        expect(calls >= Some(at_least), || stats.to_string())
    })
    .await;
}

/// Every customer has its row.
async fn loaded() -> (PipelineUnderTest, Feed, ReplicaId) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(CUSTOMERS as u32)
        .seed(91)
        .set("INDEX_SETTLE", "0s")
        .set("JDY_TIMEOUT", "1s")
        .set("LEASE", "3s")
        // Longer than a busy machine needs until the withheld call is let go.
        .set("LATE_WRITES", "45s")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    // A new index does not trust what was fetched before it was begun.
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    drop(fetching);
    (pipeline, feed, loader)
}

/// The withheld call takes effect, and what it did is seen and undone.
async fn comes_late_and_is_undone(mut pipeline: PipelineUnderTest, feed: &Feed) {
    let ids = pipeline.simulator.company_ids();
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    pipeline.simulator.release();
    eventually(LIMIT, "the withheld call takes effect", async || {
        let report = pipeline.simulator.judge().await;
        expect(!report.is_equal(), || format!("{report:?}"))
    })
    .await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (CUSTOMERS, 0));
    drop(fetching);
    pipeline.drain().await;
}

async fn an_update_that_comes_late(resend: Resend) {
    let (mut pipeline, feed, loader) = loaded().await;
    let id = pipeline.simulator.company_ids()[0];
    pipeline.simulator.reset_stats();
    let resends = (resend == Resend::Heir).then_some(1);
    let refused = withhold(&pipeline, "update", 4402, resends);
    let name = |name: &str| Some(json!({"short_name": name}));
    pipeline.simulator.change_one(id, name("first")).unwrap();
    feed.put(&[feed.record(&pipeline, id)]).await;
    if resend == Resend::Heir {
        calls(&pipeline, "update", 1).await;
        pipeline[loader].kill9();
        pipeline.run(Service::Loader);
    }
    // The heir claims the record itself after it has finished the batch, and so writes it once more.
    let dead = u32::from(resend == Resend::Itself);
    pipeline.quiet(LIMIT, dead).await;
    pipeline.simulator.clear_faults(Some(refused));
    pipeline.simulator.change_one(id, name("second")).unwrap();
    feed.put(&[feed.record(&pipeline, id)]).await;
    pipeline.until_equal(LIMIT).await;
    comes_late_and_is_undone(pipeline, &feed).await;
}

#[tokio::test]
async fn an_update_takes_effect_after_its_resend_was_refused_and_a_newer_version_was_written() {
    an_update_that_comes_late(Resend::Itself).await;
}

#[tokio::test]
async fn so_it_does_when_another_loader_sent_it_again() {
    an_update_that_comes_late(Resend::Heir).await;
}

#[tokio::test]
async fn a_removal_takes_effect_after_its_resend_was_refused_and_the_customer_came_back() {
    let (mut pipeline, feed, _) = loaded().await;
    let id = pipeline.simulator.company_ids()[0];
    let refused = withhold(&pipeline, "delete", 4042, None);
    let removal = feed.removal(&pipeline, id);
    pipeline.simulator.remove_one(id).unwrap();
    feed.put(&[removal]).await;
    pipeline.quiet(LIMIT, 1).await;
    pipeline.simulator.clear_faults(Some(refused));
    pipeline.simulator.restore_one(id).unwrap();
    let changed = Some(json!({"short_name": "back again"}));
    pipeline.simulator.change_one(id, changed).unwrap();
    feed.put(&[feed.record(&pipeline, id)]).await;
    pipeline.until_equal(LIMIT).await;
    comes_late_and_is_undone(pipeline, &feed).await;
}
