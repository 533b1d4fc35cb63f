//! Whose quota it is, and what it is kept for: an account's calls are counted for all its users, the rest of a day belongs to
//! live changes, and what OKKI says is left is all that is asked for.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::queues::Queues;
use kit::simulator::{Allowance, Fault, FaultKind, Limiter, Vendor};
use kit::wait::{eventually, expect};
use pipeline::names::Namespace;
use pipeline::stage::Stage;
use serde_json::{Value, json};

use super::details::seen;
use super::sink::{Sink, calls, next_day, quota_number};

const LIMIT: Duration = Duration::from_secs(120);
const LADDER: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

async fn status(pipeline: &PipelineUnderTest, id: kit::pipeline::ReplicaId) -> Value {
    let (_, status) = pipeline[id].get("/status").await.unwrap();
    serde_json::from_str(&status).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pipelines_of_one_account_share_its_rate_its_day_and_its_token() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(80)
        .seed(101)
        .set("OKKI_RATE", "30")
        .simulator(|options| {
            options.settings.okki.per_second = Some(30.0);
            options.settings.okki.limiter = Limiter::Sliding;
        })
        .start()
        .await;
    let other: Namespace = format!("{}-b", pipeline.namespace).parse().unwrap();
    let amqp_url = pipeline.settings(Service::Extractor)["AMQP_URL"].clone();
    let queues = Queues::new(amqp_url, other.clone(), LADDER.to_vec());
    pipeline.run(Service::Extractor);
    pipeline.run_with(Service::Extractor, &[("NAMESPACE", &other.to_string())]);
    let sink = Sink::open(&pipeline).await;
    eventually(LIMIT, "both have fetched every customer", async || {
        let calls = calls(&pipeline, "info");
        let seen = sink.seen().len();
        expect(calls >= 160 && seen == 80, || format!("{calls}, {seen}"))
    })
    .await;
    pipeline.assert_within_quota();
    assert_eq!(calls(&pipeline, "token"), 1, "one token for the account");

    // Commands are users of the account, too.
    let id = pipeline.simulator.company_ids()[0].to_string();
    for command in [&["check"][..], &["doctor"], &["fetch", &id]] {
        let ended = pipeline.tool_output(Service::Extractor, command).await.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!said.contains("not counted"), "{command:?}: {said}");
    }
    let tokens = calls(&pipeline, "token");
    assert_eq!(
        tokens, 3,
        "two of them try the credentials, and the others take what is there"
    );
    pipeline.drain().await;
    let made = pipeline.simulator.stats().okki.total_calls;
    assert_eq!(
        quota_number(&pipeline, "used").await as u64,
        made,
        "every call is counted"
    );
    queues.delete_all().await.unwrap();
}

#[tokio::test]
async fn a_command_without_redis_works_and_one_whose_redis_is_away_says_so() {
    let mut pipeline = PipelineUnderTest::for_test().customers(5).seed(102).start().await;
    pipeline.set("REDIS_URL", "redis://127.0.0.1:1/");
    let report = pipeline
        .tool(Service::Extractor, &["check", "--json"])
        .await
        .unwrap();
    assert!(report.contains(r#""ok":true"#), "{report}");
}

#[tokio::test]
async fn a_backfill_leaves_a_share_of_the_day_to_live_changes() {
    const CUSTOMERS: usize = 150;
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(CUSTOMERS as u32)
        .seed(103)
        .set("OKKI_DAILY", "1000")
        .set("OKKI_BACKFILL_SHARE", "8")
        .set("EVERY", "2s")
        .set("START", now.to_string())
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    pipeline[extractor].ready().await;
    let sink = Sink::open(&pipeline).await;
    let backfill = pipeline.tool(Service::Extractor, &["sync", "--since", "2020-01-01"]);
    let share = eventually(LIMIT, "the share is used up", async || {
        let status = status(&pipeline, extractor).await;
        expect(!status["backfills_wait_until"].is_null(), || status.to_string())
    });
    // Nobody waits for the command: its customers wait for the next day.
    tokio::select! {
        () = share => {}
        ended = backfill => panic!("{ended:?}"),
    }
    assert!(sink.seen().len() < CUSTOMERS, "all of {CUSTOMERS}");

    let changed = pipeline.simulator.change(3);
    eventually(LIMIT, "live changes arrive", async || {
        let seen = sink.seen();
        let wanted: Vec<_> = changed.iter().map(i64::to_string).collect();
        let now = jiff::Timestamp::now().as_second();
        let fresh = |id: &String| seen.get(id).is_some_and(|seen| seen.update_time > now - 3600);
        expect(wanted.iter().all(fresh), || {
            format!("{wanted:?} in {} seen", seen.len())
        })
    })
    .await;
    pipeline[extractor].ready().await;
    let used = quota_number(&pipeline, "used").await;
    assert!((80..1000).contains(&used), "{used}");
    assert!(sink.seen().len() < CUSTOMERS, "the backfill goes on");
    assert_eq!(pipeline.queues.dead_in_all().await.unwrap(), 0);

    next_day(&pipeline).await;
    eventually(LIMIT, "the rest comes on the next days", async || {
        let seen = sink.seen().len();
        if seen < CUSTOMERS && quota_number(&pipeline, "used").await >= 80 {
            next_day(&pipeline).await;
        }
        expect(seen == CUSTOMERS, || format!("{seen}"))
    })
    .await;
    pipeline.drain().await;
}

#[tokio::test]
async fn what_okki_says_is_left_is_all_that_is_asked_for() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(104)
        // One call after the other: answers then know of every call before.
        .set("OKKI_CONCURRENCY", "1")
        .simulator(|options| {
            options.settings.okki.allowance = Some(Allowance {
                calls: 15,
                seconds: 2,
            });
        })
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(LIMIT, "every customer", async || {
        let seen = sink.seen().len();
        expect(seen == 60, || format!("{seen}"))
    })
    .await;
    let stats = pipeline.simulator.stats().okki;
    let refused: u64 = stats
        .calls
        .values()
        .filter_map(|call| call.answers.get("429"))
        .sum();
    assert_eq!(refused, 0, "{:?}", stats.calls);
    pipeline.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listing_waits_while_a_later_queue_is_deep() {
    const CUSTOMERS: u32 = 40;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(CUSTOMERS)
        .seed(105)
        .start()
        .await;
    // Nobody maps: snapshots wait.
    let before = pipeline.run(Service::Extractor);
    eventually(LIMIT, "every snapshot waits", async || {
        let fetched = pipeline.metric("okki_records_total", Service::Extractor).await;
        expect(fetched == u64::from(CUSTOMERS), || format!("{fetched}"))
    })
    .await;
    // In fewer messages than records: what is limited is records.
    let messages = pipeline.queues.waiting(Stage::Transform).await.unwrap();
    assert!(messages < Some(20), "{messages:?}");
    // In peace, so that no ref comes back to be fetched again.
    pipeline[before].process().stop(LIMIT).await.unwrap();
    let ids = pipeline.simulator.company_ids();
    for id in &ids {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    let extractor = pipeline.run_with(Service::Extractor, &[("LISTING_QUEUE_LIMIT", "20")]);
    eventually(LIMIT, "listing waits", async || {
        let status = status(&pipeline, extractor).await;
        let said = status["listing_slowed"].to_string();
        expect(said.contains("records in"), || status.to_string())
    })
    .await;
    pipeline[extractor].ready().await;
    for (stage, expected) in [(Stage::Extract, Some(0)), (Stage::Transform, messages)] {
        let waiting = pipeline.queues.waiting(stage).await.unwrap();
        assert_eq!(waiting, expected, "{stage:?}: a change was listed");
    }
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, ids.len());
    pipeline.drain().await;
}

/// A person has to look at dead letters; until then listing goes on slowly.
#[tokio::test]
async fn many_dead_letters_slow_listing_down_and_stop_it_not() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(30)
        .seed(262)
        .set_for(Service::Extractor, "LISTING_DEAD_LIMIT", "4")
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..5] {
        let value = json!("soon");
        let name = "update_time".to_owned();
        let odd = Fault::on(Vendor::Okki, "info", FaultKind::Member { name, value });
        pipeline.simulator.fault(odd.containing(&id.to_string()));
    }
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 25).await;
    eventually(LIMIT, "five are dead", async || {
        let dead = pipeline.queues.dead(Stage::Extract).await.unwrap();
        expect(dead == 5, || format!("{dead:?}"))
    })
    .await;
    let id = ids[10].to_string();
    let before = sink.seen()[&id].copies;
    pipeline.simulator.change_one(ids[10], None).unwrap();
    eventually(LIMIT, "listing slows down", async || {
        let status = status(&pipeline, extractor).await;
        let said = status["listing_slowed"].to_string();
        expect(said.contains("dead letters"), || status.to_string())
    })
    .await;
    pipeline[extractor].ready().await;
    eventually(LIMIT, "the change is seen", async || {
        let copies = sink.seen()[&id].copies;
        expect(copies > before, || format!("{before}, {copies}"))
    })
    .await;
    pipeline[extractor].kill9();
}
