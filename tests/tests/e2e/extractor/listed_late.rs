//! A listing that shows changes later than windows overlap: the checkpoint has passed over them, and a look back finds them.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::sink::{Sink, redis};

const LIMIT: Duration = Duration::from_secs(120);
/// So far behind the listing shows nothing that happens within a test.
const BEHIND_S: i64 = 3_600;

async fn status(pipeline: &PipelineUnderTest) -> Value {
    let printed = pipeline
        .tool_output(Service::Extractor, &["status", "--json"])
        .await
        .unwrap();
    serde_json::from_slice(&printed.stdout).unwrap()
}

async fn field(pipeline: &PipelineUnderTest, job: &str, field: &str) -> Option<String> {
    redis::from_redis_value(redis(pipeline, "HGET", &format!("extract:job:{job}"), &[field]).await).unwrap()
}

/// Waits until live windows will not list again what changes now.
async fn passed_over(pipeline: &PipelineUnderTest) {
    let now = jiff::Timestamp::now().as_second();
    eventually(LIMIT, "the checkpoint has passed over the changes", async || {
        let checkpoint = field(pipeline, "live", "checkpoint").await;
        let checkpoint: i64 = checkpoint.as_deref().unwrap_or("0").parse().unwrap();
        expect(checkpoint > now + 3, || format!("{checkpoint}, {now}"))
    })
    .await;
}

fn with_looks(seed: u64) -> kit::pipeline::Builder {
    PipelineUnderTest::for_test()
        .customers(20)
        .seed(seed)
        .set_for(Service::Extractor, "OVERLAP", "1s")
        .set_for(Service::Extractor, "LOOK_BACK", "2s")
        .set_for(Service::Extractor, "REMOVALS", "true")
}

#[tokio::test]
async fn a_listing_that_is_behind_for_longer_than_windows_overlap_loses_nothing() {
    let mut pipeline = with_looks(711).start().await;
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    sink.complete(&pipeline, LIMIT).await;
    eventually(LIMIT, "the first look back", async || {
        let wide = field(&pipeline, "look-back", "wide_s").await;
        expect(wide.is_some(), || "none".to_owned())
    })
    .await;
    let before = sink.seen();

    pipeline
        .simulator
        .set(|settings| settings.okki.listing.lag_s = BEHIND_S);
    let changed: Vec<String> = pipeline.simulator.change(3).iter().map(i64::to_string).collect();
    let removed = pipeline.simulator.remove(1)[0].to_string();
    passed_over(&pipeline).await;
    pipeline.simulator.set(|settings| settings.okki.listing.lag_s = 0);

    eventually(LIMIT, "the changes and the removal arrive", async || {
        let seen = sink.seen();
        let is_newer = |id: &String| seen[id].update_time > before[id].update_time;
        let late = changed.iter().filter(|id| **id != removed);
        let all = late.clone().all(is_newer) && seen[&removed].removed;
        expect(all, || format!("{seen:?}"))
    })
    .await;
    let late = changed.iter().filter(|id| **id != removed).count() + 1;
    eventually(LIMIT, "it is told", async || {
        let status = status(&pipeline).await;
        let findings = status["findings"].to_string();
        expect(findings.contains("changes late, found"), || status.to_string())
    })
    .await;
    // More than one look when the listing caught up in the middle of one.
    eventually(LIMIT, "each is counted once", async || {
        let counted = pipeline
            .metric("okki_extractor_late_changes_total", Service::Extractor)
            .await;
        expect(counted == late as u64, || format!("{counted}, not {late}"))
    })
    .await;
    // The next looks publish nobody again.
    let looked = field(&pipeline, "look-back", "started_ms").await;
    eventually(LIMIT, "two more looks", async || {
        let again = field(&pipeline, "look-back", "started_ms").await;
        let since = |text: &Option<String>| text.as_deref().unwrap_or("0").parse::<i64>().unwrap();
        expect(since(&again) > since(&looked) + 2_500, || format!("{again:?}"))
    })
    .await;
    let seen = sink.seen();
    let untouched = before
        .iter()
        .filter(|(id, _)| !changed.contains(id) && **id != removed);
    for (id, before) in untouched {
        assert_eq!(seen[id].copies, before.copies, "{id}");
    }
    pipeline.drain().await;
}

#[tokio::test]
async fn who_only_lists_by_a_schedule_of_others_looks_back_as_well() {
    let pipeline = with_looks(712)
        .set_for(Service::Extractor, "LOOK_BACK", "1s")
        .start()
        .await;
    let sync = async || pipeline.tool(Service::Extractor, &["sync"]).await.unwrap();
    let passed_over = async || {
        let now = jiff::Timestamp::now().as_second();
        eventually(LIMIT, "the checkpoint has passed over it", async || {
            sync().await;
            let checkpoint = field(&pipeline, "live", "checkpoint").await;
            let checkpoint: i64 = checkpoint.as_deref().unwrap_or("0").parse().unwrap();
            expect(checkpoint > now + 3, || format!("{checkpoint}, {now}"))
        })
        .await;
    };
    sync().await;
    let sink = Sink::open(&pipeline).await;
    sink.complete(&pipeline, LIMIT).await;
    // The first look of all has been made.
    passed_over().await;
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.lag_s = BEHIND_S);
    pipeline.simulator.change(2);
    passed_over().await;
    pipeline.simulator.set(|settings| settings.okki.listing.lag_s = 0);
    eventually(LIMIT, "a look finds them", async || {
        sync().await;
        let late = field(&pipeline, "look-back", "late").await;
        expect(late.is_some_and(|late| late.contains("\"late\":2")), || {
            "none".to_owned()
        })
    })
    .await;
    sink.complete(&pipeline, LIMIT).await;
}
