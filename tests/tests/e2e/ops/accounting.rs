//! I9: what was listed is loaded, dead or under way, also after `kill -9`, and the total says so.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::refuse_row;

async fn accounting(pipeline: &PipelineUnderTest) -> Value {
    let printed = pipeline
        .tool(Service::Loader, &["books", "--json"])
        .await
        .expect("the account balances");
    serde_json::from_str(&printed).unwrap()
}

#[tokio::test]
async fn the_account_balances_after_kills_and_dead_letters() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(300)
        .seed(71)
        .simulator(|options| options.settings.jdy.latency_ms = 100)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..3] {
        pipeline.simulator.fault(refuse_row(&id.to_string()));
    }
    let [_, transformer, loader] = pipeline.run_all();
    pipeline.rows(Duration::from_secs(60), 50).await;
    pipeline[transformer].kill9();
    pipeline[loader].kill9();
    pipeline.run(Service::Transformer);
    pipeline.run(Service::Loader);
    pipeline.rows(Duration::from_secs(90), 297).await;
    pipeline.quiet(Duration::from_secs(60), 3).await;

    let total = eventually(
        Duration::from_secs(60),
        "every record has its disposition",
        async || {
            let account = accounting(&pipeline).await;
            let total = account["total"].clone();
            expect(total["in_flight"] == 0, || total.to_string())?;
            Ok(total)
        },
    )
    .await;
    assert_eq!(total["dead"], 3, "{total}");
    let parts = [
        "loaded",
        "unchanged",
        "skipped",
        "filtered",
        "superseded",
        "discarded",
        "dead",
        "in_flight",
    ];
    let sum: u64 = parts.iter().map(|part| total[*part].as_u64().unwrap()).sum();
    assert_eq!(total["listed"].as_u64().unwrap(), sum, "{total}");
    assert!(sum >= 300, "{total}");
    pipeline.drain().await;
}

#[tokio::test]
async fn customers_without_a_message_are_asked_for_again() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(72)
        .set_for(Service::Extractor, "ASK_AGAIN_AFTER", "1s")
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(Duration::from_secs(60)).await;
    pipeline.quiet(Duration::from_secs(60), 0).await;

    // As a Redis leaves them that came back without its last second: listed, and no word of what became of them.
    let id = pipeline.simulator.company_ids()[0].to_string();
    let url = pipeline.settings(Service::Loader)["REDIS_URL"].clone();
    let mut redis = kit::redis_client::connect(&url).await.unwrap();
    let listed = jiff::Timestamp::now().as_millisecond() - 2_000;
    let keys = pipeline.namespace.run_keys("lost");
    redis::pipe()
        .zadd(keys.open, &id, listed)
        .hset(keys.counters, "listed", 1)
        .hincr(pipeline.namespace.total_key(), "listed", 1)
        .zadd(pipeline.namespace.active_runs_key(), "lost", 1)
        .query_async::<()>(&mut redis)
        .await
        .unwrap();

    let total = eventually(
        Duration::from_secs(60),
        "the lost customer has a disposition",
        async || {
            let total = accounting(&pipeline).await["total"].clone();
            expect(total["in_flight"] == 0, || total.to_string())?;
            Ok(total)
        },
    )
    .await;
    assert_eq!(
        (&total["listed"], &total["unchanged"]),
        (&21.into(), &1.into()),
        "{total}"
    );
    assert_eq!(pipeline.simulator.judge().await.form_rows, 20);
    pipeline.drain().await;
}
