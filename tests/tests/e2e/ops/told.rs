//! What `status` tells although nothing fails: one time zone, who listed last, a vendor that wants no calls, a condition that drops
//! everybody.

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use serde_json::json;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// Distances from UTC behind a time of day.
fn offsets(text: &str) -> Vec<&str> {
    let stamp = regex::Regex::new(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?: ([+-]\d{2}))?").unwrap();
    let found = stamp.captures_iter(text);
    found
        .map(|found| found.get(1).map_or("none", |offset| offset.as_str()))
        .collect()
}

#[tokio::test]
async fn a_status_shows_its_times_in_one_zone_and_who_listed_last() {
    // No summer time, and neither the machine's nor OKKI's.
    let pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(481)
        .set("TZ", "America/Bogota")
        .start()
        .await;
    let before = pipeline.tool(Service::Extractor, &["status"]).await.unwrap();
    assert!(before.contains("no run has ended so far"), "{before}");
    let said = pipeline.tool(Service::Extractor, &["sync"]).await.unwrap();
    assert!(
        !offsets(&said).is_empty() && offsets(&said).iter().all(|it| *it == "-05"),
        "{said}"
    );
    let said = pipeline.tool(Service::Extractor, &["status"]).await.unwrap();
    assert!(said.contains("America/Bogota (-05)"), "{said}");
    // The head names the zone; whatever stands below names it, too.
    let (_, below) = said.rsplit_once("checkpoint").unwrap();
    assert!(
        offsets(below).len() >= 3 && offsets(below).iter().all(|it| *it == "-05"),
        "{said}"
    );
    assert!(
        said.contains("nobody lists at this moment, as between two runs; the last run was made by"),
        "{said}"
    );
    let shown = pipeline
        .tool(Service::Extractor, &["checkpoint", "show"])
        .await
        .unwrap();
    assert_eq!(offsets(&shown), ["-05"; 3], "{shown}");
}

#[tokio::test]
async fn a_vendor_that_wants_no_calls_is_told_until_when() {
    let mut pipeline = PipelineUnderTest::for_test().customers(3).seed(482).start().await;
    let kind = FaultKind::RetryLater {
        status: 429,
        after_s: 90,
        date: false,
    };
    let fault = Fault::on(Vendor::Okki, "list", kind).times(1);
    pipeline.simulator.fault(fault);
    pipeline.run(Service::Extractor);
    eventually(LIMIT, "status tells it", async || {
        let said = pipeline.tool(Service::Extractor, &["status"]).await;
        let said = said.map_err(|error| error.to_string())?;
        expect(said.contains("takes no more calls of okki until"), || said)
    })
    .await;
}

#[tokio::test]
async fn a_condition_that_drops_every_customer_turns_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let condition = json!([[{"field": "管理信息客户星级", "logic": "egt", "value": "1000"}]]);
    let extras = folder.path().join("extras.json");
    std::fs::write(&extras, json!({ "condition": condition }).to_string()).unwrap();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(25)
        .seed(483)
        .set_for(
            Service::Transformer,
            "MAPPING_EXTRAS",
            extras.display().to_string(),
        )
        .start()
        .await;
    pipeline.run_all();
    eventually(LIMIT, "status tells it", async || {
        let said = pipeline.tool(Service::Extractor, &["status", "--json"]).await;
        let said = said.map_err(|error| error.to_string())?;
        let is_told = said.contains("conditions have dropped all 25 customers") && said.contains("not-well");
        expect(is_told, || said)
    })
    .await;
    assert_eq!(pipeline.simulator.form_rows(), 0);
}
