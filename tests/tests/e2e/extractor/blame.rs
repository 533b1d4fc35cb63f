//! One customer or everybody: whatever OKKI answers for one customer costs that customer; whatever it answers for all of
//! them pauses, kills nobody, and ends by itself.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};

use super::details::seen;
use super::sink::{Sink, okki_quota, quota_number, redis_at};

const LIMIT: Duration = Duration::from_secs(120);

fn code(code: i64, message: &str, status: Option<u16>) -> FaultKind {
    FaultKind::Code {
        code,
        message: message.into(),
        status,
    }
}

fn errors(pipeline: &PipelineUnderTest) -> Vec<String> {
    let mut complaints = super::sink::complaints(pipeline);
    complaints.retain(|line| line.contains(r#""level":"ERROR""#));
    complaints
}

/// One customer of twenty gets this answer for ever.
async fn costs_one(kind: FaultKind, seed: u64) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(seed)
        .set("OKKI_TIMEOUT", "2s")
        .start()
        .await;
    let bad = pipeline.simulator.company_ids()[3].to_string();
    pipeline
        .simulator
        .fault(Fault::on(Vendor::Okki, "info", kind.clone()).containing(&bad));
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 19).await;
    pipeline.quiet(LIMIT, 1).await;
    let dead = pipeline
        .tool(Service::Extractor, &["dead", "list", "--json"])
        .await
        .unwrap();
    assert!(dead.contains(&bad), "{kind:?}: {dead}");
    // Newcomers land, too.
    let new = pipeline.simulator.add(3);
    eventually(LIMIT, "newcomers land", async || {
        let seen = sink.seen();
        let landed = new.iter().filter(|id| seen.contains_key(&id.to_string())).count();
        expect(landed == 3, || format!("{landed} of 3"))
    })
    .await;
    assert_eq!(errors(&pipeline), Vec::<String>::new(), "{kind:?}");
    pipeline.drain().await;
}

#[tokio::test]
async fn one_customer_that_is_forbidden_costs_one() {
    costs_one(code(403, "Forbidden", Some(403)), 151).await;
    costs_one(code(403, "no permission company scopes", None), 152).await;
}

#[tokio::test]
async fn one_customer_that_refuses_the_token_costs_one() {
    costs_one(code(401, "Unauthorized", Some(401)), 153).await;
    costs_one(code(401, "access_denied", None), 154).await;
}

#[tokio::test]
async fn one_customer_that_fails_or_hangs_costs_one() {
    let status = FaultKind::Status {
        status: 500,
        commit: false,
    };
    costs_one(status, 155).await;
    costs_one(FaultKind::Hang { commit: false }, 156).await;
}

/// A stall takes whatever is under way: as many details hang as there are attempts, and the same question is answered
/// right after each.
#[tokio::test]
async fn details_that_are_caught_by_stalls_kill_nobody() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(169)
        .set("OKKI_TIMEOUT", "2s")
        .start()
        .await;
    let caught = pipeline.simulator.company_ids()[3].to_string();
    let stall = Fault::on(Vendor::Okki, "info", FaultKind::Hang { commit: false });
    pipeline.simulator.fault(stall.containing(&caught).times(4));
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 20);
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn one_customer_with_an_unknown_or_empty_answer_costs_one() {
    costs_one(code(-1, "系统繁忙", None), 157).await;
    costs_one(code(429, "Too Many Requests", Some(429)), 158).await;
    let nothing = FaultKind::Member {
        name: "company_id".into(),
        value: serde_json::Value::Null,
    };
    costs_one(nothing, 159).await;
}

/// Every detail gets this answer for a while.
async fn costs_nobody(kind: FaultKind, pause: &str, seed: u64) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(40)
        .seed(seed)
        .start()
        .await;
    let fault = pipeline.simulator.fault(Fault::on(Vendor::Okki, "info", kind));
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for(pause).await;
    let sink = Sink::open(&pipeline).await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    pipeline.simulator.clear_faults(Some(fault));
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 40);
    pipeline.quiet(LIMIT, 0).await;
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}

/// The detail of this customer in the place of another one's, as some cache answers.
fn cached(company_id: i64) -> FaultKind {
    FaultKind::Member {
        name: "company_id".into(),
        value: company_id.into(),
    }
}

/// The one that everybody is shown gets its own detail all the while, and is no witness.
#[tokio::test]
async fn one_answer_for_everybody_kills_nobody() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(141)
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    // The one that was fetched last is the first that others are compared with.
    let ids = pipeline.simulator.company_ids();
    pipeline.simulator.change_one(ids[0], None).unwrap();
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    let fault = Fault::on(Vendor::Okki, "info", cached(ids[0]));
    let fault = pipeline.simulator.fault(fault);
    for id in &ids {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    pipeline[extractor].pauses_for("the answer is about").await;
    // Long enough for every rung of the ladder.
    let asked = super::sink::calls(&pipeline, "info");
    eventually(LIMIT, "it is asked again and again", async || {
        let calls = super::sink::calls(&pipeline, "info");
        expect(calls > asked + 12, || format!("{asked}, {calls}"))
    })
    .await;
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);
    pipeline.simulator.clear_faults(Some(fault));
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    pipeline.quiet(LIMIT, 0).await;
    pipeline[extractor].ready().await;
    pipeline.drain().await;
}

#[tokio::test]
async fn one_customer_that_is_shown_as_another_costs_one() {
    let mut ids = PipelineUnderTest::for_test()
        .customers(20)
        .seed(142)
        .start()
        .await;
    let other = ids.simulator.company_ids()[7];
    ids.drain().await;
    costs_one(cached(other), 142).await;
}

#[tokio::test]
async fn one_customer_that_is_limited_for_hours_costs_one() {
    let kind = FaultKind::RetryLater {
        status: 429,
        after_s: 7_200,
        date: false,
    };
    costs_one(kind, 143).await;
}

/// A throttle of some records: their waits are nobody else's.
#[tokio::test]
async fn some_customers_that_are_limited_alone_cost_themselves() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(144)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[3..8] {
        let kind = FaultKind::RetryLater {
            status: 429,
            after_s: 50,
            date: false,
        };
        let fault = Fault::on(Vendor::Okki, "info", kind).containing(&id.to_string());
        pipeline.simulator.fault(fault);
    }
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 15).await;
    pipeline.quiet(LIMIT, 5).await;
    // Nobody is kept away for as long as they were told to be.
    let held = redis_at(&pipeline, "HEXISTS", &okki_quota(&pipeline), &["hold"]).await;
    if held == redis::Value::Int(1) {
        let left = quota_number(&pipeline, "hold").await - jiff::Timestamp::now().as_microsecond();
        assert!(left < 15_000_000, "{left} us");
    }
    pipeline.drain().await;
}

#[tokio::test]
async fn an_unknown_code_for_everybody_is_an_outage() {
    costs_nobody(code(-1, "系统繁忙", None), "系统繁忙", 161).await;
    costs_nobody(code(10_086, "try again", Some(400)), "10086", 162).await;
}

#[tokio::test]
async fn a_final_code_for_everybody_kills_nobody() {
    costs_nobody(code(400, "Invalid query", None), "Invalid query", 163).await;
    costs_nobody(code(403, "Forbidden", Some(403)), "Forbidden", 164).await;
}

#[tokio::test]
async fn an_unknown_code_of_the_listing_is_an_outage_and_no_work_for_a_person() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(165)
        .start()
        .await;
    let busy = code(-1, "系统繁忙", None);
    let fault = pipeline.simulator.fault(Fault::on(Vendor::Okki, "list", busy));
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].pauses_for("系统繁忙").await;
    let (_, said) = pipeline[extractor].get("/readyz").await.unwrap();
    assert!(
        said.contains("outage") && !said.contains("configuration"),
        "{said}"
    );
    pipeline.simulator.clear_faults(Some(fault));
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    assert_eq!(errors(&pipeline), Vec::<String>::new());
    pipeline.drain().await;
}

#[tokio::test]
async fn a_token_that_is_refused_for_a_second_is_no_error() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(166)
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    for endpoint in ["list", "info"] {
        let refused = code(401, "access_denied", Some(401));
        let fault = Fault::on(Vendor::Okki, endpoint, refused).for_ms(1_000);
        pipeline.simulator.fault(fault);
    }
    pipeline.simulator.revoke_tokens();
    let changed = pipeline.simulator.change(10);
    eventually(LIMIT, "calls are refused", async || {
        let fired: u64 = pipeline.simulator.faults().iter().map(|fault| fault.fired).sum();
        expect(fired >= 2, || format!("{fired}"))
    })
    .await;
    // The second is over when they have come through; the test itself lists only then.
    eventually(LIMIT, "the changes are seen", async || {
        let seen = sink.seen();
        let again = changed
            .iter()
            .filter(|id| seen[&id.to_string()].copies >= 2)
            .count();
        expect(again == 10, || format!("{again} of 10"))
    })
    .await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    assert_eq!(errors(&pipeline), Vec::<String>::new());
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_detail_older_than_its_row_is_tried_again() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(167)
        .start()
        .await;
    let behind = pipeline.simulator.company_ids()[3].to_string();
    let older = FaultKind::Older { by_s: 60 };
    pipeline.simulator.fault(
        Fault::on(Vendor::Okki, "info", older)
            .containing(&behind)
            .times(2),
    );
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 30);
    assert_eq!(sink.seen()[&behind].copies, 1, "the older state was handed on");
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_detail_that_stays_older_than_its_row_is_a_dead_letter() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(168)
        .start()
        .await;
    let behind = pipeline.simulator.company_ids()[3].to_string();
    let older = FaultKind::Older { by_s: 1 };
    let fault = Fault::on(Vendor::Okki, "info", older).containing(&behind);
    pipeline.simulator.fault(fault);
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 29).await;
    pipeline.quiet(LIMIT, 1).await;
    let dead = pipeline
        .tool(Service::Extractor, &["dead", "list", "--json"])
        .await
        .unwrap();
    assert!(
        dead.contains(&behind) && dead.contains("okki-older-detail"),
        "{dead}"
    );
    pipeline.drain().await;
}
