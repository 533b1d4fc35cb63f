//! Answers that something in between gives: redirects, tokens that no header can carry.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Oddity, Vendor};

use super::sink::{Sink, calls};

const LIMIT: Duration = Duration::from_secs(120);

fn odd(endpoint: &str, how: Oddity) -> Fault {
    Fault::on(Vendor::Okki, endpoint, FaultKind::Odd { how })
}

/// No call is made where nobody has configured one, and none beside the quota.
#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(135)
        .start()
        .await;
    let to = Oddity::Redirect("/elsewhere?token=secret".to_owned());
    let fault = pipeline.simulator.fault(odd("info", to));
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for("a redirect to http").await;
    let (_, said) = pipeline[extractor].get("/readyz").await.unwrap();
    assert!(said.contains("/elsewhere") && !said.contains("secret"), "{said}");
    assert_eq!(calls(&pipeline, "unknown"), 0, "it was followed");
    pipeline.simulator.clear_faults(Some(fault));
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 20);
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_named_and_not_kept() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(136)
        .start()
        .await;
    let broken = Oddity::Bare("access_token".to_owned(), "ab\r\nX: y".into());
    let fault = pipeline.simulator.fault(odd("token", broken));
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for("token: no `access_token`").await;
    pipeline.simulator.clear_faults(Some(fault));
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 20);
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}
