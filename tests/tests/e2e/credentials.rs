//! Refused credentials pause the stage with one clear error; nothing dies, and the right ones let it go on.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, ReplicaId};

/// That replica paused once, with one error at most, and named the vendor's code.
fn complained_once(pipeline: &PipelineUnderTest, id: ReplicaId, code: &str) {
    let log = pipeline[id].log();
    let lines_with = |text: &str| log.lines().filter(|line| line.contains(text)).collect::<Vec<_>>();
    let pauses = lines_with(r#""message":"paused","reason":"credentials""#);
    let errors = lines_with(r#""level":"ERROR""#);
    assert!(
        pauses.len() == 1 && errors.len() <= 1,
        "{}:\n{log}",
        pipeline[id].name()
    );
    assert!(pauses[0].contains(code), "no code {code} in {}", pauses[0]);
}

#[tokio::test]
async fn a_refused_jiandaoyun_key_pauses_the_loader() {
    let builder = PipelineUnderTest::for_test().customers(60).seed(51);
    let mut pipeline = builder
        .simulator(|options| options.settings.jdy.keys.clear())
        .start()
        .await;
    let [_, _, loader] = pipeline.run_all();
    pipeline[loader].pauses_for("credentials").await;
    complained_once(&pipeline, loader, "17018");
    let asked = pipeline.simulator.stats().jdy.total_calls;
    assert!(asked < 20, "{asked} calls with a key that is refused");
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);

    pipeline.simulator.set(|settings| {
        settings
            .jdy
            .keys
            .insert("sim-jdy-key".into(), Some(kit::simulator::KeyRule::default()));
    });
    let report = pipeline.until_equal(Duration::from_secs(90)).await;
    assert_eq!(report.form_rows, 60);
    pipeline[loader].ready().await;
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn refused_okki_credentials_pause_the_extractor() {
    let builder = PipelineUnderTest::for_test().customers(60).seed(52);
    let wrong =
        |options: &mut kit::simulator::Options| options.settings.okki.client_secret = "another".into();
    let mut pipeline = builder.simulator(wrong).start().await;
    let [extractor, ..] = pipeline.run_all();
    pipeline[extractor].pauses_for("credentials").await;
    complained_once(&pipeline, extractor, "invalid_client");
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);

    pipeline
        .simulator
        .set(|settings| settings.okki.client_secret = "sim-okki-secret".into());
    let report = pipeline.until_equal(Duration::from_secs(90)).await;
    assert_eq!(report.form_rows, 60);
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_key_that_is_withdrawn_in_the_middle_of_a_run_costs_nothing() {
    let builder = PipelineUnderTest::for_test().customers(300).seed(53);
    let mut pipeline = builder
        .simulator(|options| options.settings.jdy.latency_ms = 100)
        .start()
        .await;
    let [_, _, loader] = pipeline.run_all();
    pipeline.rows(Duration::from_secs(60), 50).await;
    pipeline.simulator.set(|settings| settings.jdy.keys.clear());
    // All rows may have landed meanwhile: there has to be something left to write.
    pipeline.simulator.change(20);
    pipeline[loader].pauses_for("credentials").await;
    pipeline.simulator.set(|settings| {
        settings
            .jdy
            .keys
            .insert("sim-jdy-key".into(), Some(kit::simulator::KeyRule::default()));
    });
    let report = pipeline.until_equal(Duration::from_secs(90)).await;
    assert_eq!(report.form_rows, 300);
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}
