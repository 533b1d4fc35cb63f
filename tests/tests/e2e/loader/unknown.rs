//! I2 under unknown outcomes: the vendor acts and the answer is lost, under every reading of what a resend does.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Concurrent, Fault, FaultKind, JdySettings, Vendor};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);

/// Loads 400 rows while some batch calls lose their answers, then updates some while updates lose theirs.
async fn load_with(seed: u64, change: impl FnOnce(&mut JdySettings), kinds: &[FaultKind]) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(400)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set("BATCH_SIZE", "40")
        .set("JDY_TIMEOUT", "1s")
        .set("LATE_WRITES", "5s")
        .simulator(|options| change(&mut options.settings.jdy))
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    for (nth, kind) in (1u64..).zip(kinds) {
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Jdy, "batch_create", kind.clone()).nth(nth * 3));
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Jdy, "update", kind.clone()).nth(nth * 5));
    }
    pipeline.run(Service::Loader);
    pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (400, 0), "{report:?}");
    let changed = pipeline.simulator.change(40);
    feed.put(&feed.records(&pipeline, &changed)).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    assert!(
        pipeline.simulator.faults().iter().all(|fault| fault.fired > 0),
        "{:?}",
        pipeline.simulator.faults()
    );
    pipeline.drain().await;
}

fn lost_answers() -> Vec<FaultKind> {
    vec![
        FaultKind::Hang { commit: true },
        FaultKind::Status {
            status: 502,
            commit: true,
        },
        FaultKind::Reset { commit: true },
    ]
}

#[tokio::test]
async fn answers_lost_after_the_commit() {
    load_with(31, |_| {}, &lost_answers()).await;
}

#[tokio::test]
async fn answers_lost_and_overwritten_rows_get_new_ids() {
    load_with(32, |jdy| jdy.overwrite_keeps_id = false, &lost_answers()).await;
}

#[tokio::test]
async fn calls_that_never_arrived_or_were_cut_off() {
    let kinds = [
        FaultKind::Hang { commit: false },
        FaultKind::Malformed,
        FaultKind::Partial { rows: 7 },
        FaultKind::Code {
            code: 9007,
            message: String::new(),
            status: None,
        },
        FaultKind::Status {
            status: 429,
            commit: false,
        },
    ];
    load_with(33, |_| {}, &kinds[..3]).await;
    load_with(34, |_| {}, &kinds[3..]).await;
}

#[tokio::test]
async fn a_call_that_takes_effect_after_it_was_given_up() {
    for (seed, concurrent) in [
        (35, Concurrent::Wait),
        (36, Concurrent::Lock9007),
        (37, Concurrent::Exists17026),
    ] {
        load_with(
            seed,
            |jdy| jdy.concurrent = concurrent,
            &[FaultKind::LateCommit { ms: 2500 }],
        )
        .await;
    }
}

#[tokio::test]
async fn a_vendor_that_ignores_filters() {
    load_with(38, |jdy| jdy.ignore_filters = true, &lost_answers()).await;
}

#[tokio::test]
async fn a_transaction_id_that_is_too_old_is_not_sent_again() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(80)
        .seed(39)
        .set("INDEX_SETTLE", "0s")
        .set("JDY_TIMEOUT", "1s")
        .set("LEASE", "3s")
        .set("RESEND_FOR", "2s")
        .simulator(|options| options.settings.jdy.transaction_lifetime_s = 3.0)
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let first = pipeline.run_with(Service::Loader, &[("FAILPOINT", "create-answered:abort")]);
    feed.put_all(&pipeline).await;
    kit::wait::eventually(LIMIT, "the loader dies after its batch", async || {
        kit::wait::expect(pipeline.simulator.form_rows() > 0, || "no rows".to_owned())
    })
    .await;
    pipeline[first].process().wait(LIMIT).await.unwrap();
    pipeline[first].kill9();
    // Older than the vendor remembers the id.
    tokio::time::sleep(Duration::from_secs(4)).await;
    pipeline.run(Service::Loader);
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!((report.form_rows, report.duplicates), (80, 0));
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}
