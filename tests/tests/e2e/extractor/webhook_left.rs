//! Events that are left to the listing, and counted: those of a push that is too long, and all while the queues behind are
//! deep.

use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::sink::Sink;
use super::webhook::{Hooked, LIMIT};

/// So many customers of whom nothing is known are fetched within a minute.
const UNKNOWN_A_MINUTE: u64 = 60;

#[tokio::test]
async fn events_beyond_the_longest_push_are_counted() {
    let mut hooked = Hooked::start(5, 251, false, &[]).await;
    hooked.pipeline[hooked.extractor].ready().await;
    let events: Vec<Value> = (0..700).map(|n| json!({"company_id": 77_000_000 + n})).collect();
    let answer = hooked.post(&hooked.url, &json!(events)).await;
    assert_eq!(answer.status(), 200);
    hooked.counted("sent", UNKNOWN_A_MINUTE).await;
    hooked.counted("left", 700 - UNKNOWN_A_MINUTE).await;
    hooked.pipeline.drain().await;
}

#[tokio::test]
async fn events_wait_with_the_listing_while_a_queue_is_deep() {
    let mut hooked = Hooked::start(30, 252, false, &[("LISTING_QUEUE_LIMIT", "25")]).await;
    hooked.pipeline[hooked.extractor].ready().await;
    let ids = hooked.pipeline.simulator.company_ids();
    // Nobody maps, so that all snapshots wait.
    let event = |id: i64| json!({"company_id": id});
    eventually(LIMIT, "an event is left", async || {
        hooked.post(&hooked.url, &event(ids[0])).await;
        let left = hooked.count("left").await;
        expect(left > 0, || format!("{left}"))
    })
    .await;
    let (sent, left) = (hooked.count("sent").await, hooked.count("left").await);
    for id in &ids[1..11] {
        assert_eq!(hooked.post(&hooked.url, &event(*id)).await.status(), 200);
    }
    hooked.counted("left", left + 10).await;
    assert_eq!(hooked.count("sent").await, sent, "published into a deep queue");
    // They go on as soon as it is shorter.
    let sink = Sink::open(&hooked.pipeline).await;
    eventually(LIMIT, "an event is sent", async || {
        hooked.post(&hooked.url, &event(ids[20])).await;
        let now = hooked.count("sent").await;
        expect(now > sent, || format!("{now}"))
    })
    .await;
    drop(sink);
    hooked.pipeline.drain().await;
}
