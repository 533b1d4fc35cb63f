//! What stops every replica: a day's calls that are used up, a token without the scope, another replica that lists. Each is
//! said where operators read it, makes no dead letter, and ends by itself.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::sink::{Sink, calls, next_day};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_daily_quota_is_shared_and_the_next_day_goes_on() {
    const DAILY: u64 = 50;
    // A replica that has nothing to call for is not paused; listing every two seconds gives each something.
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(81)
        .set("OKKI_DAILY", DAILY.to_string())
        .set("OKKI_BACKFILL_SHARE", "100")
        .set("EVERY", "2s")
        .start()
        .await;
    let replicas: Vec<ReplicaId> = (0..2).map(|_| pipeline.run(Service::Extractor)).collect();
    let sink = Sink::open(&pipeline).await;
    for replica in &replicas {
        pipeline[*replica]
            .pauses_for("daily quota of okki is used up until")
            .await;
        let (_, status) = pipeline[*replica].get("/status").await.unwrap();
        let status: Value = serde_json::from_str(&status).unwrap();
        assert!(
            status.to_string().contains("daily quota of okki is used up"),
            "{status}"
        );
    }
    // A replica pauses when no permit is left; the last call that was permitted may still be on its way to the vendor.
    eventually(LIMIT, "all replicas together use up the day", async || {
        let made = pipeline.simulator.stats().okki.total_calls;
        assert!(made <= DAILY, "{made} calls of {DAILY}");
        expect(made == DAILY, || format!("{made}"))
    })
    .await;
    assert!(sink.seen().len() < 60);
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);

    next_day(&pipeline).await;
    eventually(LIMIT, "the rest of the customers", async || {
        let seen = sink.seen().len();
        expect(seen == 60, || format!("{seen}"))
    })
    .await;
    for replica in &replicas {
        pipeline[*replica].ready().await;
    }
    let made = pipeline.simulator.stats().okki.total_calls;
    assert!(made <= 2 * DAILY, "{made} calls in two days");
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn sync_ends_with_the_reason_when_the_day_is_used_up() {
    let pipeline = PipelineUnderTest::for_test()
        .customers(10)
        .seed(82)
        .set("OKKI_DAILY", "1")
        .start()
        .await;
    let refused = pipeline.tool(Service::Extractor, &["sync"]).await.unwrap_err();
    let said = format!("{refused:#}");
    assert!(said.contains("daily quota of okki is used up until"), "{said}");
}

#[tokio::test]
async fn a_token_without_the_company_scope_pauses_until_it_is_granted() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(10)
        .seed(83)
        .simulator(|options| options.settings.okki.scopes = vec!["product".into()])
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for("scope `company`").await;
    let log = pipeline[extractor].log();
    let errors: Vec<_> = log
        .lines()
        .filter(|line| line.contains(r#""level":"ERROR""#))
        .collect();
    assert!(
        errors.len() == 1 && errors[0].contains("invalid_scope"),
        "{errors:?}"
    );

    let scopes = vec!["company".into(), "product".into()];
    pipeline.simulator.set(|settings| settings.okki.scopes = scopes);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 10);
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_token_that_is_granted_but_lacks_the_module_pauses_as_well() {
    let mut pipeline = PipelineUnderTest::for_test().customers(10).seed(84).start().await;
    let lacking = FaultKind::Code {
        code: 403,
        message: "no permission company scopes".into(),
        status: None,
    };
    let fault = pipeline.simulator.fault(Fault::on(Vendor::Okki, "info", lacking));
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor]
        .pauses_for("no permission company scopes (enable the customer module")
        .await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    pipeline.simulator.clear_faults(Some(fault));
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 10);
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn once_leaves_a_busy_leader_alone() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(200)
        .seed(85)
        .simulator(|options| {
            options.settings.okki.count_cap = 5;
            // The leader lists for as long as two commands take on a busy machine, and keeps its lease meanwhile.
            options.settings.okki.latency_ms = 3_000;
        })
        .set("LEASE_TTL", "10s")
        .start()
        .await;
    let leader = pipeline.run(Service::Extractor);
    eventually(LIMIT, "the leader lists", async || {
        let pages = calls(&pipeline, "list");
        expect(pages >= 3, || format!("{pages}"))
    })
    .await;
    let said = pipeline.tool(Service::Extractor, &["once"]).await.unwrap();
    assert!(said.contains("another replica lists; nothing to do"), "{said}");
    let said = pipeline
        .tool(Service::Extractor, &["once", "--json"])
        .await
        .unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["busy"], true, "{said}");
    assert!(
        said["leader"].as_str().is_some_and(|leader| !leader.is_empty()),
        "{said}"
    );

    // A leader that is frozen beyond its lease is not waited for: the run is taken up where it stands.
    pipeline[leader].process().sigstop().unwrap();
    pipeline.simulator.set(|settings| settings.okki.latency_ms = 0);
    let limit = Duration::from_secs(90);
    let report = eventually(limit, "the lease runs out", async || {
        let said = pipeline
            .tool(Service::Extractor, &["once", "--json"])
            .await
            .unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        if said["busy"] == true {
            Err("busy".to_owned())
        } else {
            Ok(said)
        }
    })
    .await;
    assert_eq!(report["listed"], 200, "{report}");
    pipeline[leader].process().sigcont().unwrap();
    pipeline.drain().await;
}
