//! The audit log notices that its end was cut: the account of events knows the entries that are missing.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};

use super::{buried, dead, refused, said};
use crate::desk::{Desk, port};
use crate::extractor::sink::redis_at;

const LIMIT: Duration = Duration::from_secs(90);

/// Leaves an entry: nothing is moved.
async fn plan(pipeline: &PipelineUnderTest) {
    dead(
        pipeline,
        Service::Loader,
        &["plan", "--reason", "a look", "--json"],
    )
    .await;
}

/// Takes the last entry away.
async fn cut(pipeline: &PipelineUnderTest) {
    let key = pipeline.namespace.audit_key();
    let last = redis_at(pipeline, "XREVRANGE", &key, &["+", "-", "COUNT", "1"]).await;
    let entries: Vec<(String, Vec<String>)> = redis::from_redis_value(last).unwrap();
    redis_at(pipeline, "XDEL", &key, &[&entries[0].0]).await;
}

#[tokio::test]
async fn an_end_that_was_cut_is_missed_also_when_the_log_goes_on() {
    let (pipeline, _feed) = buried(2, 421).await;
    for _ in 0..3 {
        plan(&pipeline).await;
    }
    let log = said(&pipeline, Service::Loader, &["audit"]).await;
    assert!(
        log.contains("its end is there") && log.contains("from the step that failed"),
        "{log}"
    );
    cut(&pipeline).await;
    let missed = refused(&pipeline, Service::Loader, &["audit"]).await;
    assert!(missed.contains("1 entries are missing"), "{missed}");
    // What is appended behind the cut fits the chain.
    plan(&pipeline).await;
    let missed = refused(&pipeline, Service::Loader, &["audit", "--json"]).await;
    assert!(missed.contains("1 entries are missing"), "{missed}");

    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(&pipeline, folder.path(), Service::Loader, port(), &[]);
    eventually(LIMIT, "it knows the log", async || {
        let audit = desk.ask("audit?limit=3").await?;
        let knows = audit["complete"] == true && audit["marks"].as_array().map(Vec::len) == Some(3);
        expect(knows && audit["next"].is_string(), || audit.to_string())
    })
    .await;
    let missed = refused(&pipeline, Service::Extractor, &["audit", "--desk", &desk.url]).await;
    assert!(
        missed.contains("1 entries are missing") && missed.contains("answered by the read model"),
        "{missed}"
    );
}

#[tokio::test]
async fn without_an_account_of_events_it_says_that_a_cut_would_not_show() {
    let pipeline = PipelineUnderTest::for_test()
        .customers(1)
        .seed(422)
        .set("EVENTS", "off")
        .start()
        .await;
    let feed = crate::loader::feed::Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    let records = feed.records(&pipeline, &customers);
    feed.bury(pipeline::stage::Stage::Load, &records).await;
    plan(&pipeline).await;
    cut(&pipeline).await;
    plan(&pipeline).await;
    let log = said(&pipeline, Service::Loader, &["audit"]).await;
    assert!(log.contains("whether its end was cut is not known"), "{log}");
}
