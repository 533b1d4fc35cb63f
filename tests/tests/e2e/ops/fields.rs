//! What OKKI sends may change while the pipeline runs: a field that appears or vanishes is counted, and one that the mapping
//! reads is notified, once.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use pipeline::stage::Stage;
use prost::Message;
use proto::v1::{CompanySnapshot, Version};
use serde_json::{Value, json};

use super::notices::hook;

const LIMIT: Duration = Duration::from_secs(180);

/// Customers of one form, put into the transformer's queue until something is so.
struct Feed<'p> {
    pipeline: &'p PipelineUnderTest,
    next: i64,
}

impl Feed<'_> {
    async fn until(&mut self, detail: Value, what: &str, is_so: impl AsyncFn(&PipelineUnderTest) -> bool) {
        let end = tokio::time::Instant::now() + LIMIT;
        while !is_so(self.pipeline).await {
            assert!(
                tokio::time::Instant::now() < end,
                "{what}\n{}",
                self.pipeline.logs(60)
            );
            for _ in 0..20 {
                self.next += 1;
                let snapshot = CompanySnapshot {
                    company_id: self.next.to_string(),
                    version: Some(Version {
                        update_time: 1_700_000_000_000 + self.next,
                        sequence: self.next.unsigned_abs(),
                    }),
                    detail_json: detail.to_string().into_bytes().into(),
                    ..CompanySnapshot::default()
                };
                let body = snapshot.encode_to_vec();
                self.pipeline.queues.put(Stage::Transform, &body).await.unwrap();
            }
        }
    }
}

/// How many customers `mapping fields` knows of, and all that it prints.
async fn fields(pipeline: &PipelineUnderTest) -> (u64, String) {
    let text = pipeline
        .tool(Service::Transformer, &["mapping", "fields"])
        .await
        .unwrap_or_default();
    let count = text.split_whitespace().next().and_then(|word| word.parse().ok());
    (count.unwrap_or(0), text)
}

#[tokio::test]
async fn a_field_that_appears_or_vanishes_is_counted_and_a_mapped_one_is_notified_once() {
    let (url, notices) = hook().await;
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(1)
        .seed(91)
        .set_for(Service::Transformer, "ALERT_URL", url)
        .start()
        .await;
    let replica = pipeline.run(Service::Transformer);
    pipeline[replica].ready().await;
    let mut feed = Feed {
        pipeline: &pipeline,
        next: 1_000,
    };
    let before = json!({"name": "ACME", "short_name": "A", "old": 1});
    feed.until(before, "the usual fields become known", async |pipeline| {
        fields(pipeline).await.0 >= 60
    })
    .await;
    assert_eq!(
        pipeline
            .metric("okki_field_drift_total", Service::Transformer)
            .await,
        0
    );
    let (_, text) = fields(&pipeline).await;
    assert!(text.contains("short_name") && !text.contains("ACME"), "{text}");

    let after = json!({"name": "ACME", "growth": {"level": "A级"}});
    let told = || {
        notices
            .lock()
            .unwrap()
            .iter()
            .filter(|notice| notice["problem"] == "field:short_name")
            .count()
    };
    feed.until(after.clone(), "what vanished is told", async |_| told() > 0)
        .await;
    let (_, text) = fields(&pipeline).await;
    for part in [
        "growth.level",
        "short_name (in no answer any more)",
        "old (in no answer any more)",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    // Two keys appeared and two vanished; nothing of it is told a second time.
    let seen = fields(&pipeline).await.0;
    feed.until(after, "more customers are mapped", async |pipeline| {
        fields(pipeline).await.0 >= seen + 60
    })
    .await;
    assert_eq!(
        pipeline
            .metric("okki_field_drift_total", Service::Transformer)
            .await,
        4
    );
    assert_eq!(told(), 1);
    let others = notices
        .lock()
        .unwrap()
        .iter()
        .filter(|notice| notice["problem"] == "field:old")
        .count();
    assert_eq!(others, 0, "nobody maps it");
}
