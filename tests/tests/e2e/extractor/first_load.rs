//! The first full load stays behind live changes, and what of it waits is bounded, whatever the account holds.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::Value;

use super::sink::{Sink, calls, redis, redis_at};

const LIMIT: Duration = Duration::from_secs(120);

async fn status(pipeline: &PipelineUnderTest) -> Value {
    let printed = pipeline
        .tool(Service::Extractor, &["status", "--json", "--runs", "500"])
        .await
        .unwrap();
    serde_json::from_str(&printed).unwrap()
}

/// The unfinished first load, if there is one.
async fn first(pipeline: &PipelineUnderTest) -> Option<Value> {
    let status = status(pipeline).await;
    let running = status["running"].as_array().cloned().unwrap_or_default();
    running.into_iter().find(|run| run["job"] == "first")
}

#[tokio::test]
async fn a_change_does_not_wait_behind_the_first_load() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(400)
        .seed(101)
        .set("OKKI_RATE", "20")
        .set("BACKFILL_AHEAD", "20")
        .start()
        .await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(LIMIT, "the first load is at work", async || {
        let calls = calls(&pipeline, "info");
        expect(calls >= 40, || format!("{calls}"))
    })
    .await;
    let before = jiff::Timestamp::now().as_second();
    let changed = pipeline.simulator.change(1)[0].to_string();
    eventually(LIMIT, "the change is seen", async || {
        let seen = sink.seen().get(&changed).cloned();
        expect(
            seen.as_ref().is_some_and(|seen| seen.update_time >= before),
            || format!("{seen:?}"),
        )
    })
    .await;
    let run = first(&pipeline).await.expect("the first load goes on");
    assert!(run["start"].is_null(), "{run}");
    // A page holds 200 rows; what waits is two portions at most, in the queue and in Redis.
    let waiting = run["pending"].as_u64().unwrap();
    assert!(waiting <= 40, "{waiting} wait");
    let queued = pipeline.queues.waiting(Stage::Extract).await.unwrap();
    assert!(
        queued.is_none_or(|queued| queued <= 45),
        "{queued:?} refs are queued"
    );
    // Its successor goes on with it, however often leaders die.
    pipeline[extractor].kill9();
    pipeline.run(Service::Extractor);
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 400);
    eventually(LIMIT, "the first load is over", async || {
        let left = first(&pipeline).await;
        expect(left.is_none(), || format!("{left:?}"))
    })
    .await;
    let wanted: Option<String> =
        redis::from_redis_value(redis(&pipeline, "HGET", "extract:job:first", &["wanted"]).await).unwrap();
    assert_eq!(wanted, None);
    pipeline.drain().await;
}

#[tokio::test]
async fn the_lag_is_that_of_changes_and_not_of_the_first_load() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(40)
        .seed(102)
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    let counted = async |pipeline: &PipelineUnderTest| {
        pipeline
            .metric("okki_end_to_end_lag_seconds_count", Service::Loader)
            .await
    };
    // Customers that changed within the overlap of the first live window are changes.
    let before = counted(&pipeline).await;
    assert!(
        before < 20,
        "{before} of 40 customers of the first load have a lag"
    );
    pipeline.simulator.change(1);
    eventually(LIMIT, "the change has a lag", async || {
        let now = counted(&pipeline).await;
        expect(now == before + 1, || format!("{now}, before {before}"))
    })
    .await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_changed_filter_is_noticed_and_lists_everything_again_on_demand() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(103)
        .set_for(Service::Extractor, "OKKI_GROUP_ID", "101")
        .start()
        .await;
    let sink_of_some = async |pipeline: &mut PipelineUnderTest| {
        let extractor = pipeline.run(Service::Extractor);
        let sink = Sink::open(pipeline).await;
        eventually(LIMIT, "the first load is over", async || {
            let status = status(pipeline).await;
            let runs = status["finished"].as_array().cloned().unwrap_or_default();
            expect(runs.iter().any(|run| run["job"] == "first"), || {
                status.to_string()
            })
        })
        .await;
        pipeline.quiet(LIMIT, 0).await;
        pipeline[extractor].kill9();
        sink
    };
    let sink = sink_of_some(&mut pipeline).await;
    let some = sink.seen().len();
    assert!(some > 0 && some < 60, "{some} of 60 are in the group");

    // Without the group nobody enters by itself; a person is told, and asks for everything.
    pipeline.unset_for(Service::Extractor, "OKKI_GROUP_ID");
    let told = pipeline.run(Service::Extractor);
    eventually(LIMIT, "the change is noticed", async || {
        let log = pipeline[told].log();
        expect(log.contains("filter of the listing has changed"), || log.clone())
    })
    .await;
    assert_eq!(sink.seen().len(), some);
    pipeline
        .tool(Service::Extractor, &["sync", "--full"])
        .await
        .unwrap();
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 60);
    pipeline[told].kill9();

    // The other way round, and back, it needs nobody.
    pipeline.set_for(Service::Extractor, "OKKI_GROUP_ID", "101");
    pipeline.set_for(Service::Extractor, "BACKFILL_ON_CHANGE", "true");
    let before = status(&pipeline).await;
    let loads = |status: &Value| {
        let runs = status["finished"].as_array().cloned().unwrap_or_default();
        runs.iter().filter(|run| run["job"] == "first").count()
    };
    pipeline.run(Service::Extractor);
    eventually(LIMIT, "another first load", async || {
        let now = status(&pipeline).await;
        expect(loads(&now) > loads(&before), || now.to_string())
    })
    .await;
    pipeline.drain().await;
}

/// Everything that is known of the account is gone, and the queue is not.
#[tokio::test]
async fn a_first_load_begins_anew_when_redis_is_emptied_meanwhile() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(300)
        .seed(265)
        .set("OKKI_RATE", "20")
        .set("BACKFILL_AHEAD", "20")
        .start()
        .await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    eventually(LIMIT, "the first load is at work", async || {
        let calls = calls(&pipeline, "info");
        expect(calls >= 60, || format!("{calls}"))
    })
    .await;
    assert!(first(&pipeline).await.is_some());
    let keys = redis_at(&pipeline, "KEYS", &format!("{{{}}}*", pipeline.namespace), &[]).await;
    let keys: Vec<String> = redis::from_redis_value(keys).unwrap();
    assert!(keys.len() > 10, "{keys:?}");
    for key in &keys {
        redis_at(&pipeline, "DEL", key, &[]).await;
    }
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 300);
    eventually(LIMIT, "the first load is over", async || {
        let left = first(&pipeline).await;
        expect(left.is_none(), || format!("{left:?}"))
    })
    .await;
    pipeline.drain().await;
}
