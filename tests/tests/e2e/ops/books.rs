//! I9: what was listed is loaded, dead or under way, also after `kill -9`, and the total says so.

use std::time::Duration;

use serde_json::Value;
use tests::harness::{Pipeline, Service, eventually, expect};

use super::refuse_row;

async fn books(pipeline: &Pipeline) -> Value {
    let printed = pipeline
        .tool(Service::Loader, &["books", "--json"])
        .await
        .expect("the books balance");
    serde_json::from_str(&printed).unwrap()
}

#[tokio::test]
async fn the_books_balance_after_kills_and_dead_letters() {
    let mut pipeline = Pipeline::builder()
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

    let total = eventually(Duration::from_secs(30), "everything is settled", async || {
        let books = books(&pipeline).await;
        let total = books["total"].clone();
        expect(total["in_flight"] == 0, || total.to_string())?;
        Ok(total)
    })
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
