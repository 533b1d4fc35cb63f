//! SIGTERM: a service finishes what it has begun, gives back the rest untouched, and exits with 0.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use pipeline::telemetry::names;

#[tokio::test]
async fn services_stopped_in_the_middle_of_a_run_exit_with_0_and_lose_nothing() {
    let builder = PipelineUnderTest::for_test().customers(400).seed(21);
    let mut pipeline = builder
        .simulator(|options| options.settings.jdy.latency_ms = 100)
        .start()
        .await;
    let first = pipeline.run_all();
    pipeline.rows(Duration::from_secs(60), 50).await;
    for id in first {
        let name = pipeline[id].name().to_owned();
        pipeline[id].process().sigterm().unwrap();
        let status = pipeline[id]
            .process()
            .wait(Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(status.code(), Some(0), "{name}");
        // What was done is said once a minute, and what is left at the end.
        let log = pipeline[id].log();
        for said in ["done in the last minute", r#""message":"stopped""#] {
            assert!(log.contains(said), "{name} does not say {said}: {log}");
        }
    }
    for service in Service::ALL {
        pipeline.run(service);
    }
    let report = pipeline.until_equal(Duration::from_secs(90)).await;
    assert_eq!(report.form_rows, 400);
    pipeline.assert_within_quota();
    pipeline.drain().await;
}

#[tokio::test]
async fn a_backlog_of_updates_goes_back_as_copies() {
    let builder = PipelineUnderTest::for_test().customers(300).seed(22);
    // Updates are one call each, and so many take three times as long as the loader has.
    let slow = [("JDY_RATE_COMPANY", "10"), ("DRAIN_DEADLINE", "10s")];
    let mut pipeline = builder.set_all_for(Service::Loader, &slow).start().await;
    let [_, _, loader] = pipeline.run_all();
    pipeline.until_equal(Duration::from_secs(120)).await;
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.simulator.change(300);
    eventually(Duration::from_secs(60), "a backlog", async || {
        let held = pipeline[loader].metric(names::IN_FLIGHT).await.unwrap_or(0.0);
        expect(held >= 150.0, || format!("{held} records in hand"))
    })
    .await;

    pipeline[loader].process().sigterm().unwrap();
    let ended = pipeline[loader]
        .process()
        .wait(Duration::from_secs(60))
        .await
        .unwrap();
    let log = pipeline[loader].log();
    assert_eq!(ended.code(), Some(0), "{log}");
    let said = "what could not be finished goes back to the queue as copies";
    assert!(log.contains(said), "{log}");

    let next = pipeline.run_with(Service::Loader, &[("JDY_RATE_COMPANY", "100")]);
    pipeline.until_equal(Duration::from_secs(120)).await;
    let redelivered = pipeline[next]
        .metric("okki_redeliveries_total")
        .await
        .unwrap_or(0.0);
    assert_eq!(
        redelivered, 0.0,
        "messages came again, as if their consumer had died"
    );
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}
