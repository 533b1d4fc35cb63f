//! The loader dies at every named point of the write path, and another one finishes: nothing missing, nothing doubled.

use std::time::Duration;

use futures::future::join_all;
use kit::config::ServicesArgs;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::services::{Services, shared};
use kit::simulator::{Fault, FaultKind, Poison, Vendor};

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(120);
/// Pipelines at a time; each waits for leases most of the time.
const AT_ONCE: usize = 7;

/// What Redis goes through while the first loader is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redis {
    Kept,
    Emptied,
    /// Restarted without what was written since shortly before the first loader died.
    Forgetful,
}

const POINTS: [&str; 31] = [
    "handle-begin",
    "claim-before",
    "claim-after",
    "http-send",
    "http-answered",
    "create-answered",
    "lookup-before",
    "lookup-after",
    "commit-before",
    "commit-after",
    "regroup-before",
    "regroup-after",
    "update-before",
    "update-answered",
    "remove-before",
    "remove-answered",
    "takeover-before",
    "takeover-after",
    "handle-end",
    "marks-before",
    "marks-after",
    "verify-popped",
    "verify-judged",
    "unseen-before",
    "unseen-read",
    "unseen-learned",
    "index-begin",
    "index-page",
    "index-learned",
    "index-ready-before",
    "index-ready-after",
];

/// What happens only to an index that is just being filled.
fn from_nothing(point: &str) -> bool {
    point.starts_with("index") || point.starts_with("unseen")
}

/// 60 customers of whom half are in the form; changes, removals, a row that is refused at first, lost answers.
async fn die_at(point: &'static str, redis: Redis) {
    let amqp = shared().await.unwrap().amqp_url.clone();
    let mut own = match redis {
        Redis::Forgetful => Some(own_redis(&amqp).await),
        _ => None,
    };
    let mut builder = PipelineUnderTest::for_test();
    if let Some(own) = &own {
        builder = builder.services(&amqp, own.redis_url());
    }
    let mut pipeline = builder
        .customers(60)
        .seed(51)
        // The form is not read to its end before: rows are looked up only until then.
        .set(
            "INDEX_SETTLE",
            if point.starts_with("unseen") { "30s" } else { "5s" },
        )
        .set("JDY_TIMEOUT", "1s")
        .set("LATE_WRITES", "3s")
        .set("LEASE", "3s")
        .set_for(Service::Loader, "ON_REMOVAL", "delete")
        .simulator(|options| {
            options.settings.jdy.poison = vec![Poison {
                marker: "POISON".into(),
                code: 3005,
            }];
        })
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    // A new index does not trust what was fetched before it was begun.
    let fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    let first = pipeline.run(Service::Loader);
    feed.put(&feed.records(&pipeline, &ids[..30])).await;
    pipeline.rows(LIMIT, 30).await;
    pipeline.quiet(LIMIT, 0).await;
    drop(fetching);
    pipeline[first].process().stop(LIMIT).await.unwrap();
    if from_nothing(point) {
        // Rows that are there whenever the index is read.
        feed.empty_redis().await;
    }

    for operation in ["batch_create", "update"] {
        pipeline
            .simulator
            .fault(Fault::on(Vendor::Jdy, operation, FaultKind::Hang { commit: true }).nth(1));
    }
    let mut records = Vec::new();
    if !from_nothing(point) {
        for id in &ids[..10] {
            pipeline.simulator.change_one(*id, None).unwrap();
        }
        for id in &ids[10..13] {
            records.push(feed.removal(&pipeline, *id));
            pipeline.simulator.remove_one(*id).unwrap();
        }
        records.extend(feed.records(&pipeline, &ids[..10]));
    }
    records.extend(feed.records(&pipeline, &ids[30..]));
    let mut bad = feed.record(&pipeline, ids[0]);
    bad.company_id = "999999".to_owned();
    if let Some(field) = bad.fields.first_mut() {
        field.value = Some(proto::v1::field_value::Value::Text("POISON".into()));
    }
    records.push(bad.clone());
    if from_nothing(point) {
        // First those that have rows.
        records.splice(..0, feed.records(&pipeline, &ids[..30]));
    }
    feed.put(&records).await;

    if point.starts_with("takeover") {
        let first = pipeline.run_with(Service::Loader, &[("FAILPOINT", "create-answered:abort")]);
        pipeline[first].process().wait(LIMIT).await.unwrap();
        pipeline[first].kill9();
    }
    if let Some(own) = &mut own {
        own.redis().unwrap().remember().unwrap();
    }
    // The first calls only read the form.
    let time = if point.starts_with("http") { 4 } else { 1 };
    let armed = format!("{point}:abort:{time}");
    let victim = pipeline.run_with(Service::Loader, &[("FAILPOINT", &armed)]);
    pipeline[victim].process().wait(LIMIT).await.unwrap();
    pipeline[victim].kill9();
    if redis == Redis::Emptied {
        feed.empty_redis().await;
    }
    if let Some(own) = &mut own {
        own.redis().unwrap().restart_as_remembered().await.unwrap();
    }
    // With a Redis that has forgotten something, records that may be older than the form are fetched again.
    let fetching = feed.answer_references(&pipeline, &bad);
    let heir = pipeline.run(Service::Loader);
    let report = pipeline.until_equal(LIMIT).await;
    assert_eq!(
        (report.duplicates, report.missing, report.stale),
        (0, 0, 0),
        "{point}: {report:?}"
    );
    // Who dies after the dead letter, or the copy that is parked, is confirmed and before its message is acknowledged (the
    // marks are written there, and rows are verified and the form is read at any time) leaves it to be judged again:
    // a second copy of a letter is the price of losing none, and putting back both does no harm.
    let at_any_time = ["marks", "verify", "index", "unseen"];
    let copies = if at_any_time.iter().any(|those| point.starts_with(those)) {
        2
    } else {
        1
    };
    pipeline.quiet_with(LIMIT, 1..=copies).await;
    let report = pipeline.simulator.judge().await;
    assert!(report.is_equal(), "{point}: {report:?}");
    pipeline[heir].process().stop(LIMIT).await.unwrap();
    drop(fetching);
    println!("{point} {redis:?}: finished");
}

/// A Redis that this test may stop, beside the shared broker.
async fn own_redis(amqp: &str) -> Services {
    let amqp_url = Some(amqp.to_owned());
    Services::obtain(&ServicesArgs {
        amqp_url,
        redis_url: None,
    })
    .await
    .unwrap()
}

async fn die_everywhere(redis: Redis) {
    for points in POINTS.chunks(AT_ONCE) {
        join_all(points.iter().map(|point| die_at(point, redis))).await;
    }
}

#[tokio::test]
async fn a_loader_that_dies_at_any_point_is_finished_by_another() {
    die_everywhere(Redis::Kept).await;
}

#[tokio::test]
async fn so_it_is_when_redis_is_emptied_meanwhile() {
    die_everywhere(Redis::Emptied).await;
}

#[tokio::test]
async fn so_it_is_when_redis_is_restarted_without_its_last_second() {
    die_everywhere(Redis::Forgetful).await;
}
