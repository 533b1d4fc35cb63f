//! What people without the vendors' secrets ask for is done once, shown, and survives whoever had taken it; a stage that they
//! let rest writes nothing and loses nothing.

mod asked;
mod doctor;
mod rest;
mod takers;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use serde_json::Value;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// Nobody lists by the clock, and nobody polls: what is found was asked for.
pub(crate) fn unscheduled(builder: kit::pipeline::Builder) -> kit::pipeline::Builder {
    builder
        .set_for(Service::Extractor, "EVERY", "1h")
        .set_for(Service::Extractor, "POLL", "off")
}

/// What a `wish` subcommand of the program prints, and its exit code.
async fn wish(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> (Value, i32) {
    let arguments = [&["wish"], arguments, &["--json"]].concat();
    let output = pipeline.tool_output(service, &arguments).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let told = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{arguments:?}: {said} {complaint}"));
    (told, output.status.code().unwrap_or(-1))
}

/// Asks, and waits until it is done.
pub(crate) async fn done(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> Value {
    let how = ["--reason", "a test", "--operator", "li", "--wait"];
    let (told, code) = wish(pipeline, service, &[&["ask"], arguments, &how].concat()).await;
    assert_eq!((told["state"].as_str(), code), (Some("done"), 0), "{told}");
    assert_eq!(
        (told["by"].as_str(), told["reason"].as_str()),
        (Some("li"), Some("a test")),
        "{told}"
    );
    told
}

/// Asks, and does not wait.
async fn asked(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> Value {
    let (told, code) = wish(
        pipeline,
        service,
        &[&["ask"], arguments, &["--reason", "a test"]].concat(),
    )
    .await;
    assert_eq!(code, 0, "{told}");
    told
}

/// Waits until the wish is like this.
async fn until(pipeline: &PipelineUnderTest, id: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    eventually(LIMIT, what, async || {
        let (told, _) = wish(pipeline, Service::Extractor, &["show", id]).await;
        expect(is_so(&told), || told.to_string()).map(|()| told)
    })
    .await
}
