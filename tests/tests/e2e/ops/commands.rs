//! Health checks, doctor, completions and manual pages of the real programs.

use std::time::{Duration, Instant};

use kit::pipeline::{PipelineUnderTest, Service, command};
use serde_json::Value;

#[tokio::test]
async fn a_health_check_follows_the_process() {
    let mut pipeline = PipelineUnderTest::for_test().customers(5).seed(78).start().await;
    let transformer = pipeline.run(Service::Transformer);
    pipeline[transformer].ready().await;
    let addr = pipeline[transformer].admin().await.to_string();
    let ask = ["healthcheck", "--ready", "--admin-listen", &addr];
    pipeline.tool(Service::Transformer, &ask).await.expect("ready");
    pipeline.drain().await;
    let error = pipeline
        .tool(Service::Transformer, &ask)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains(&format!("ask {addr}/readyz")), "{error}");
}

/// Nobody knows the port that a process has taken by itself, nor that it is that of two of them.
#[tokio::test]
async fn a_health_check_finds_the_port() {
    // Where processes leave their addresses; those of other tests are not this one's.
    let folder = tempfile::tempdir().unwrap();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(5)
        .seed(80)
        .set("TMPDIR", folder.path().display().to_string())
        .start()
        .await;
    let ask = ["healthcheck", "--ready"];
    let transformers = [
        pipeline.run(Service::Transformer),
        pipeline.run(Service::Transformer),
    ];
    for id in transformers {
        pipeline[id].ready().await;
    }
    pipeline
        .tool(Service::Transformer, &ask)
        .await
        .expect("both are ready");
    // One that is killed leaves its address behind, which is nobody's then.
    pipeline[transformers[0]].kill9();
    pipeline
        .tool(Service::Transformer, &ask)
        .await
        .expect("the other one is");
    pipeline.unset_for(Service::Transformer, "ADMIN_LISTEN");
    pipeline
        .tool(Service::Transformer, &ask)
        .await
        .expect("without a setting, too");
    let stopped = pipeline[transformers[1]].admin().await.to_string();
    pipeline.drain().await;
    let error = pipeline
        .tool(Service::Transformer, &ask)
        .await
        .unwrap_err()
        .to_string();
    assert!(!error.contains(&stopped), "{error}");
}

#[tokio::test]
async fn doctor_finds_a_good_pipeline_good_and_names_what_is_wrong() {
    let pipeline = PipelineUnderTest::for_test().customers(5).seed(79).start().await;
    for service in Service::ALL {
        let printed = pipeline
            .tool(service, &["doctor", "--json"])
            .await
            .unwrap_or_else(|error| panic!("{}: {error:#}", service.name()));
        let report: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(report["ok"], true, "{report}");
    }
    pipeline.simulator.set(|settings| settings.jdy.keys.clear());
    let mut broken = pipeline.settings(Service::Loader);
    broken.insert("REDIS_URL".into(), "redis://127.0.0.1:1/0".into());
    let output = command(Service::Loader, &broken)
        .unwrap()
        .arg("doctor")
        .output()
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{table}");
    assert!(
        table.contains("✓ broker") && table.contains("✗ redis") && table.contains("→ check host"),
        "{table}"
    );
}

#[tokio::test]
async fn doctor_does_not_wait_for_a_vendor_that_says_nothing() {
    let pipeline = PipelineUnderTest::for_test().customers(1).seed(81).start().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for (service, variable, line) in [
        (Service::Extractor, "OKKI_BASE_URL", "✗ okki"),
        (Service::Loader, "JDY_BASE_URL", "✗ form"),
    ] {
        let mut settings = pipeline.settings(service);
        settings.insert(variable.into(), url.clone());
        let asked = Instant::now();
        let output = command(service, &settings)
            .unwrap()
            .arg("doctor")
            .output()
            .unwrap();
        let table = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{table}");
        assert!(table.contains(line) && table.contains(variable), "{table}");
        // Three probes of five seconds at most, two of them at the same time; the rest is for a busy machine.
        assert!(asked.elapsed() < Duration::from_secs(60), "{:?}", asked.elapsed());
    }
}

#[tokio::test]
async fn completions_and_manual_pages_come_out_of_every_program() {
    let pipeline = PipelineUnderTest::for_test().customers(1).seed(80).start().await;
    for service in Service::ALL {
        for shell in ["bash", "zsh", "fish"] {
            let script = pipeline.tool(service, &["completions", shell]).await.unwrap();
            assert!(
                script.contains("healthcheck") && script.contains(service.name()),
                "{shell}"
            );
        }
        let page = pipeline.tool(service, &["man"]).await.unwrap();
        assert!(page.contains(".TH") && page.contains("doctor"), "{page}");
    }
}
