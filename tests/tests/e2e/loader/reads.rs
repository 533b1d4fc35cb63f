//! Reads that fail: `reconcile` goes on, `check` does not keep anybody waiting, and a refusal is named.

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);
/// No vendor has this code, so that it is taken to be about rows.
const UNKNOWN: i64 = 98_765;

async fn started(customers: u32, seed: u64) -> (PipelineUnderTest, Feed) {
    let pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    (pipeline, feed)
}

fn refused(endpoint: &str) -> Fault {
    let kind = FaultKind::Code {
        code: UNKNOWN,
        message: "not in this way".to_owned(),
        status: None,
    };
    Fault::on(Vendor::Jdy, endpoint, kind)
}

#[tokio::test]
async fn reconcile_survives_failed_calls_and_goes_on_where_it_was_broken_off() {
    let (mut pipeline, feed) = started(320, 151).await;
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline[loader].process().stop(LIMIT).await.unwrap();

    // Every third call fails: a look-up of a hundred customers is two calls, and is begun again when one of them fails.
    let mut fault = Fault::on(
        Vendor::Jdy,
        "list",
        FaultKind::Status {
            status: 502,
            commit: false,
        },
    );
    fault.every = Some(3);
    let failing = pipeline.simulator.fault(fault);
    let said = pipeline.tool(Service::Loader, &["reconcile"]).await.unwrap();
    assert!(said.contains("320, 0 of them without a company id"), "{said}");
    pipeline.simulator.clear_faults(Some(failing));

    // Refused for good in the third page, and so is the query that shows whether it is about its rows: the next run reads
    // the rest, and reports the whole.
    let mut fault = refused("list");
    fault.nth = vec![3, 4, 5];
    pipeline.simulator.fault(fault);
    let output = pipeline
        .tool_output(Service::Loader, &["reconcile"])
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("98765") && said.contains("goes on from here"),
        "{said}"
    );
    pipeline.simulator.clear_faults(None);
    // A row of the first page is gone by now: who begins again does not see it.
    let first = pipeline.simulator.rows(1);
    pipeline.simulator.delete_rows(first[0]["_id"].as_str());
    for (run, rows) in [("goes on", 320), ("begins again", 319)] {
        let output = pipeline
            .tool_output(Service::Loader, &["reconcile", "--json"])
            .await
            .unwrap();
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&found["rows"], &found["missing"]["count"]),
            (&rows.into(), &1.into()),
            "{run}: {found}"
        );
    }
}

#[tokio::test]
async fn a_read_that_is_refused_is_named_where_operators_look() {
    for endpoint in ["widgets", "list"] {
        let (mut pipeline, feed) = started(5, 152).await;
        let refusing = pipeline.simulator.fault(refused(endpoint));
        let loader = pipeline.run(Service::Loader);
        feed.put_all(&pipeline).await;
        pipeline[loader].pauses_for("98765").await;
        eventually(LIMIT, "the status page names it", async || {
            let (_, status) = pipeline[loader]
                .get("/status")
                .await
                .map_err(|error| error.to_string())?;
            expect(
                status.contains("98765") && status.contains("not in this way"),
                || status,
            )
        })
        .await;
        let output = pipeline.tool_output(Service::Loader, &["check"]).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if endpoint == "widgets" {
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(
                said.contains("98765") && said.contains("then try again"),
                "{said}"
            );
        }
        assert_eq!(pipeline.simulator.form_rows(), 0);
        pipeline.simulator.clear_faults(Some(refusing));
        pipeline.until_equal(LIMIT).await;
        pipeline.drain().await;
    }
}

/// The vendor's own time-outs would let an operator wait for ten minutes.
#[tokio::test]
async fn check_says_soon_that_the_vendor_cannot_be_reached() {
    let (mut pipeline, _feed) = started(1, 153).await;
    // Far more than the command has; more than a minute would not fit into the vendor's hour.
    pipeline.set_for(Service::Loader, "JDY_TIMEOUT", "1m");
    pipeline.set_for(Service::Loader, "HTTP_CONNECT_TIMEOUT", "10m");
    let hanging = Fault::on(Vendor::Jdy, "*", FaultKind::Hang { commit: false });
    pipeline.simulator.fault(hanging);
    let hanging = pipeline.settings(Service::Loader)["JDY_BASE_URL"].clone();
    let nobody = "http://127.0.0.1:9".to_owned();
    for (words, address) in [("no answer within 8s", hanging), ("does not answer", nobody)] {
        pipeline.set_for(Service::Loader, "JDY_BASE_URL", address);
        let output = pipeline.tool_output(Service::Loader, &["check"]);
        let output = tokio::time::timeout(LIMIT, output)
            .await
            .expect("answers soon")
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(words) && said.contains("check JDY_BASE_URL"),
            "{said}"
        );
    }
}
