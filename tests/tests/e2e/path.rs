//! The whole path: what is in OKKI is in the form, cell by cell, also after changes, with the quotas kept.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};

/// What every start says: a remark on the document, and that form, index and rows without a key are not known yet. And
/// what a machine that stops a process between permission and call makes the vendor say; how often is judged apart.
const EXPECTED: [&str; 6] = [
    r#""message":"mapping""#,
    r#""reason":"configuration""#,
    r#""reason":"index""#,
    r#""reason":"keyless""#,
    "vendor counts more calls than the quota allows",
    // Nothing is lost here, and everything is quicker.
    "INDEX_SETTLE is shorter",
];

#[tokio::test]
async fn every_customer_arrives_and_changes_follow() {
    let mut pipeline = PipelineUnderTest::for_test().customers(300).seed(7).start().await;
    let replicas = pipeline.run_all();
    pipeline.until_equal(Duration::from_secs(90)).await;
    // Counters are there before the first thing is counted, or nobody sees the step from nothing to one.
    for id in replicas {
        let namespace = pipeline.namespace.to_string();
        let labels = [("namespace", namespace.as_str()), ("reason", "undecodable")];
        let dead = pipeline[id].series("okki_dead_letters_total", &labels).await;
        assert_eq!(dead, Some(0.0), "{}", pipeline[id].name());
        let labels = [("namespace", namespace.as_str()), ("reason", "setup")];
        let gate = pipeline[id].series("okki_gate_closed", &labels).await;
        assert_eq!(gate, Some(0.0), "{}", pipeline[id].name());
    }

    let changed = pipeline.simulator.change(25);
    let added = pipeline.simulator.add(5);
    assert_eq!((changed.len(), added.len()), (25, 5));
    let report = pipeline.until_equal(Duration::from_secs(60)).await;

    assert_eq!((report.source_customers, report.form_rows), (305, 305));
    pipeline.assert_within_quota();
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
    let mut complaints = pipeline.complaints();
    complaints.retain(|line| !EXPECTED.iter().any(|known| line.contains(known)));
    assert_eq!(complaints, Vec::<String>::new());
}

#[tokio::test]
async fn replicas_share_the_work_without_doubling_it() {
    let mut pipeline = PipelineUnderTest::for_test().customers(200).seed(8).start().await;
    for service in Service::ALL {
        pipeline.run(service);
        pipeline.run(service);
    }
    let report = pipeline.until_equal(Duration::from_secs(90)).await;
    assert_eq!(report.form_rows, 200);
    pipeline.assert_within_quota();
    pipeline.drain().await;
}
