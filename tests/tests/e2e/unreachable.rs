//! Whoever cannot be reached at a start is named with its setting and its address, and no password is.

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// Nobody listens there.
const NOBODY: &str = "127.0.0.1:9";

/// Everything that a command says.
async fn said(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> String {
    let limit = tokio::time::timeout(LIMIT, pipeline.tool_output(service, arguments));
    let output = limit
        .await
        .unwrap_or_else(|_| panic!("{arguments:?} does not end"))
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8(said).unwrap()
}

async fn names(pipeline: &PipelineUnderTest, wanted: &[&str], commands: &[(Service, &[&str])]) {
    for (service, arguments) in commands {
        let said = said(pipeline, *service, arguments).await;
        for wanted in wanted {
            assert!(
                said.contains(wanted),
                "{service:?} {arguments:?} does not name {wanted}: {said}"
            );
        }
        assert!(!said.contains("s3cret"), "{service:?} {arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_broker_that_is_down_is_named_with_its_setting() {
    let mut pipeline = PipelineUnderTest::for_test().customers(1).seed(801).start().await;
    pipeline.set("AMQP_URL", format!("amqp://someone:s3cret@{NOBODY}/v"));
    let place = format!("amqp://{NOBODY}/v");
    let wanted = ["AMQP_URL", &place];
    let commands: &[(Service, &[&str])] = &[
        (Service::Extractor, &["sync"]),
        (Service::Extractor, &["reconcile"]),
        (Service::Extractor, &["doctor"]),
        (Service::Transformer, &["doctor"]),
        (Service::Loader, &["doctor"]),
        (Service::Loader, &["dead", "list"]),
        (Service::Transformer, &["trace", "7"]),
    ];
    names(&pipeline, &wanted, commands).await;
    for service in Service::ALL {
        let id = pipeline.run(service);
        eventually(LIMIT, "the log names the broker", async || {
            let log = pipeline[id].log();
            let named = wanted.iter().all(|wanted| log.contains(wanted));
            expect(named && !log.contains("s3cret"), || log)
        })
        .await;
    }
}

#[tokio::test]
async fn a_redis_that_is_down_is_named_with_its_setting() {
    let mut pipeline = PipelineUnderTest::for_test().customers(1).seed(802).start().await;
    pipeline.set("REDIS_URL", format!("redis://someone:s3cret@{NOBODY}/0"));
    let place = format!("redis://{NOBODY}/0");
    let commands: &[(Service, &[&str])] = &[
        (Service::Extractor, &["sync"]),
        (Service::Extractor, &["checkpoint", "show"]),
        (Service::Extractor, &["reconcile"]),
        (Service::Loader, &["books"]),
        (Service::Loader, &["index", "duplicates"]),
        (Service::Transformer, &["doctor"]),
        (Service::Transformer, &["status"]),
    ];
    names(&pipeline, &["REDIS_URL", &place], commands).await;
}

#[tokio::test]
async fn a_vendor_that_is_down_is_named_with_its_setting() {
    let mut pipeline = PipelineUnderTest::for_test().customers(1).seed(803).start().await;
    let nobody = format!("http://{NOBODY}");
    pipeline.set_for(Service::Extractor, "OKKI_BASE_URL", &nobody);
    pipeline.set_for(Service::Loader, "JDY_BASE_URL", &nobody);
    names(&pipeline, &["OKKI_BASE_URL"], &[(Service::Extractor, &["check"])]).await;
    names(
        &pipeline,
        &["OKKI_BASE_URL"],
        &[(Service::Extractor, &["fetch", "7"])],
    )
    .await;
    names(&pipeline, &["JDY_BASE_URL"], &[(Service::Loader, &["check"])]).await;
}
