//! Keys that change in their files are used without a restart.

use std::{fs, time::Duration};

use kit::pipeline::{PipelineUnderTest, Service};

#[tokio::test]
async fn a_new_key_in_its_file_ends_the_pause_that_the_old_one_caused() {
    let folder = tempfile::tempdir().unwrap();
    let (key, secret) = (folder.path().join("key"), folder.path().join("secret"));
    fs::write(&key, "an-old-key\n").unwrap();
    fs::write(&secret, "an-old-secret\n").unwrap();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(81)
        .set_for(Service::Loader, "JDY_API_KEY", "")
        .set_for(Service::Loader, "JDY_API_KEY_FILE", key.display().to_string())
        .set_for(Service::Extractor, "OKKI_CLIENT_SECRET", "")
        .set_for(
            Service::Extractor,
            "OKKI_CLIENT_SECRET_FILE",
            secret.display().to_string(),
        )
        .start()
        .await;
    let [extractor, _, loader] = pipeline.run_all();
    pipeline[loader].pauses_for("credentials").await;
    pipeline[extractor].pauses_for("credentials").await;
    fs::write(&key, "sim-jdy-key\n").unwrap();
    fs::write(&secret, "sim-okki-secret\n").unwrap();
    let report = pipeline.until_equal(Duration::from_secs(120)).await;
    assert_eq!(report.form_rows, 20);
    pipeline.drain().await;
}
