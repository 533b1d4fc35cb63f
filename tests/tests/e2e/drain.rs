//! SIGTERM: a service finishes what it has begun, gives back the rest untouched, and exits with 0.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};

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
