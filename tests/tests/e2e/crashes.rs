//! I1–I3 under `kill -9`: whichever replica is killed in the middle of a run, nothing is missing, doubled or stale at the end.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};

#[tokio::test]
async fn a_killed_transformer_and_a_killed_loader_cost_nothing() {
    let builder = PipelineUnderTest::for_test().customers(600).seed(11);
    // Slow enough that both die with work in their hands, and with answers of the vendor on the way to the loader.
    let mut pipeline = builder
        .simulator(|options| options.settings.jdy.latency_ms = 150)
        .start()
        .await;
    let [_, transformer, loader] = pipeline.run_all();

    pipeline.rows(Duration::from_secs(60), 100).await;
    pipeline[transformer].kill9();
    pipeline[loader].kill9();
    pipeline.simulator.change(20);
    pipeline.run(Service::Transformer);
    pipeline.run(Service::Loader);

    let report = pipeline.until_equal(Duration::from_secs(120)).await;
    assert_eq!(report.form_rows, 600);
    pipeline.assert_within_quota();
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_killed_leader_is_replaced_and_its_window_is_listed_whole() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(400)
        .seed(12)
        .start()
        .await;
    let [extractor, ..] = pipeline.run_all();
    pipeline.rows(Duration::from_secs(60), 50).await;
    pipeline[extractor].kill9();
    pipeline.run(Service::Extractor);
    let report = pipeline.until_equal(Duration::from_secs(90)).await;
    assert_eq!(report.form_rows, 400);
    pipeline.drain().await;
}
