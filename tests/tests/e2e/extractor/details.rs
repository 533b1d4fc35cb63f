//! What can go wrong with one customer costs that customer; what is known costs no call.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::sink::{Sink, calls, redis};

pub(super) async fn status(pipeline: &PipelineUnderTest) -> Value {
    let printed = pipeline
        .tool(Service::Extractor, &["status", "--json", "--runs", "500"])
        .await
        .unwrap();
    serde_json::from_str(&printed).unwrap()
}

pub(super) async fn seen(sink: &Sink, count: usize) {
    eventually(
        Duration::from_secs(60),
        &format!("{count} snapshots"),
        async || {
            let seen = sink.seen().len();
            expect(seen == count, || format!("{seen}"))
        },
    )
    .await;
}

#[tokio::test]
async fn an_unreadable_or_failing_customer_dies_alone() {
    for kind in [
        FaultKind::Malformed,
        FaultKind::Status {
            status: 500,
            commit: false,
        },
        FaultKind::Code {
            code: -1,
            message: "系统繁忙".into(),
            status: None,
        },
    ] {
        let mut pipeline = PipelineUnderTest::for_test().customers(30).seed(42).start().await;
        let bad = pipeline.simulator.company_ids()[3].to_string();
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Okki, "info", kind.clone()).containing(&bad));
        pipeline.run(Service::Extractor);
        let sink = Sink::open(&pipeline).await;
        seen(&sink, 29).await;
        pipeline.quiet(Duration::from_secs(60), 1).await;
        let dead = pipeline
            .tool(Service::Extractor, &["dead", "list", "--json"])
            .await
            .unwrap();
        assert!(dead.contains(&bad), "{kind:?}: {dead}");
        pipeline.drain().await;
    }
}

#[tokio::test]
async fn an_outage_of_the_detail_endpoint_makes_no_dead_letter() {
    let mut pipeline = PipelineUnderTest::for_test().customers(40).seed(43).start().await;
    let down = FaultKind::Status {
        status: 503,
        commit: false,
    };
    let fault = pipeline.simulator.fault(Fault::on(Vendor::Okki, "info", down));
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for("outage").await;
    let sink = Sink::open(&pipeline).await;
    pipeline.simulator.clear_faults(Some(fault));
    seen(&sink, 40).await;
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}

#[tokio::test]
async fn deleted_customers_are_published_as_removed() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(44)
        .set("REMOVALS", "true")
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 30).await;
    let removed = pipeline.simulator.remove(5);
    eventually(Duration::from_secs(60), "five removals", async || {
        let seen = sink.seen();
        let gone = removed
            .iter()
            .filter(|id| seen.get(&id.to_string()).is_some_and(|seen| seen.removed));
        expect(gone.count() == 5, || format!("{removed:?}"))
    })
    .await;
    assert_eq!(sink.seen().values().filter(|seen| seen.removed).count(), 5);
    pipeline.drain().await;
}

#[tokio::test]
async fn the_overlap_costs_no_second_copy() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(45)
        .simulator(|options| options.spread_s = 60)
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 20).await;
    let lists = calls(&pipeline, "list");
    eventually(Duration::from_secs(60), "three more windows", async || {
        let now = calls(&pipeline, "list");
        expect(now >= lists + 6, || format!("{now} after {lists}"))
    })
    .await;
    assert!(
        sink.seen().values().all(|seen| seen.copies == 1),
        "{:?}",
        sink.seen()
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn a_lost_checkpoint_lists_everything_and_fetches_nothing() {
    let mut pipeline = PipelineUnderTest::for_test().customers(60).seed(46).start().await;
    pipeline.run_all();
    pipeline.until_equal(Duration::from_secs(90)).await;
    pipeline.quiet(Duration::from_secs(60), 0).await;
    let fetched = calls(&pipeline, "info");
    redis(&pipeline, "DEL", "extract:recent:changed", &[]).await;
    redis(&pipeline, "DEL", "extract:job:live", &[]).await;
    eventually(
        Duration::from_secs(60),
        "a second full load that skips every customer",
        async || {
            let status = status(&pipeline).await;
            let runs = status["finished"].as_array().cloned().unwrap_or_default();
            let skipped = |run: &Value| run["start"].is_null() && run["outcome"]["skipped"] == 60;
            expect(runs.iter().any(skipped), || status.to_string())
        },
    )
    .await;
    assert_eq!(calls(&pipeline, "info"), fetched);
    pipeline.drain().await;
}

#[tokio::test]
async fn an_unknown_group_pauses_with_its_name() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(10)
        .seed(47)
        .set("OKKI_GROUP_ID", "424242")
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for("424242").await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    pipeline.drain().await;
}

#[tokio::test]
async fn a_remedy_run_lists_the_recent_past_again() {
    let builder = PipelineUnderTest::for_test().customers(20).seed(48);
    let mut pipeline = builder
        .set("REMEDY_CRON", "*/2 * * * * *")
        .set("REMEDY_REACH", "2h")
        .simulator(|options| options.spread_s = 600)
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    // Nothing is loaded without a loader, so a second listing means a second snapshot.
    eventually(
        Duration::from_secs(60),
        "a second copy of every customer",
        async || {
            let seen = sink.seen();
            let again = seen.values().filter(|seen| seen.copies >= 2).count();
            expect(again == 20, || format!("{again} of {}", seen.len()))
        },
    )
    .await;
    pipeline.drain().await;
}
