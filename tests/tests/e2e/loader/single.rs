//! A loader dies while a call is on its way that makes rows: its heir waits until that call can no longer land before it
//! decides what is missing. In single mode every create is such a call, in batch mode one whose id is too old.

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(180);

/// The first create is withheld, its loader killed, and the call takes effect once the heir has the batch.
async fn rows_of_a_killed_loader(settings: &[(&str, &str)], operation: &str) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(6)
        .seed(93)
        .set("INDEX_SETTLE", "0s")
        .set("JDY_TIMEOUT", "1s")
        .set("LEASE", "3s")
        // Longer than a busy machine needs until the withheld call is let go.
        .set("LATE_WRITES", "30s")
        .set_all_for(Service::Loader, settings)
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    pipeline
        .simulator
        .fault(Fault::on(Vendor::Jdy, operation, FaultKind::Withheld).nth(1));
    let first = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    eventually(LIMIT, "the create is on its way", async || {
        let faults = pipeline.simulator.faults();
        expect(faults[0].fired > 0, || format!("{faults:?}"))
    })
    .await;
    pipeline[first].kill9();
    let heir = pipeline.run(Service::Loader);
    pipeline[heir].ready().await;
    eventually(LIMIT, "the heir has the batch", async || {
        let taken = pipeline[heir]
            .metric("okki_loader_batches_taken_over_total")
            .await;
        expect(taken == Some(1.0), || format!("{taken:?}"))
    })
    .await;
    pipeline.simulator.release();
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (6, 0));
    pipeline.quiet(LIMIT, 0).await;
    let report = pipeline.simulator.judge().await;
    assert_eq!(
        (report.form_rows, report.duplicates),
        (6, 0),
        "nothing comes after"
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn a_single_create_of_a_killed_loader_lands_late_and_is_not_made_twice() {
    let document = mapping_document();
    let settings = [("WRITE_MODE", "single"), ("MAPPING", document.as_str())];
    rows_of_a_killed_loader(&settings, "create").await;
}

#[tokio::test]
async fn a_batch_whose_id_is_too_old_lands_late_and_is_not_made_twice() {
    rows_of_a_killed_loader(&[("RESEND_FOR", "1s")], "batch_create").await;
}

/// A refusal for the moment that stored the row all the same, and one for good.
#[tokio::test]
async fn a_single_create_that_was_refused_and_stored_is_not_made_twice() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(6)
        .seed(94)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "WRITE_MODE", "single")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    for (nth, code) in [(2, 9007), (4, 4402)] {
        let kind = FaultKind::RefusedButDone { rows: 1, code };
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Jdy, "create", kind).nth(nth));
    }
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.rows(LIMIT, 6).await;
    pipeline.quiet(LIMIT, 0).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (6, 0));
    assert!(pipeline.simulator.faults().iter().all(|fault| fault.fired > 0));
    pipeline.drain().await;
}

/// The rows were written and committed, and their loader died before it said so: the account counts them as loaded, not
/// as unchanged, whoever finds them.
#[tokio::test]
async fn rows_that_landed_before_their_loader_died_count_as_loaded() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(6)
        .seed(95)
        .set("INDEX_SETTLE", "0s")
        .set("LEASE", "3s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    feed.put_all(&pipeline).await;
    let first = pipeline.run_with(Service::Loader, &[("FAILPOINT", "commit-after:abort")]);
    pipeline[first].process().wait(LIMIT).await.unwrap();
    pipeline[first].kill9();
    let heir = pipeline.run(Service::Loader);
    pipeline[heir].ready().await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let outcomes = async |outcome: &str| {
        let labels = [("stage", "load"), ("outcome", outcome)];
        let count = pipeline[heir].series("okki_records_total", &labels).await;
        count.unwrap() as u32
    };
    eventually(LIMIT, "the heir has told what became of all", async || {
        let seen = (outcomes("loaded").await, outcomes("unchanged").await);
        expect(seen == (6, 0), || format!("loaded, unchanged: {seen:?}"))
    })
    .await;
    pipeline.drain().await;
}
