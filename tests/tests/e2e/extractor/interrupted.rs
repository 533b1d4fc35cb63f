//! Redis goes away, or is emptied, in the middle of something: it is waited for, nothing counts twice, and no decision that
//! was made from what is gone is written.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use serde_json::Value;

use super::sink::{Sink, redis, redis_at};

const LIMIT: Duration = Duration::from_secs(120);
const WRITE: &str = include_str!("../../../../extractor/src/state/write_fenced.lua");

/// A run writes only where Redis still holds what it was begun from.
#[tokio::test]
async fn the_end_of_a_run_is_not_written_when_redis_was_emptied_meanwhile() {
    let pipeline = PipelineUnderTest::for_test().customers(1).start().await;
    let keys = ["extract:job:live", "extract:runs"].map(|key| format!("{{{}}}:{key}", pipeline.namespace));
    let write = async |fence: &str, begun: &str, checkpoint: &str, fields: &[&str]| -> i64 {
        let keys = ["2", &keys[0], &keys[1]];
        let arguments = [&keys[..], &[fence, "", begun, checkpoint], fields].concat();
        redis::from_redis_value(redis_at(&pipeline, "EVAL", WRITE, &arguments).await).unwrap()
    };
    let checkpoint = async || -> Option<String> {
        redis::from_redis_value(redis(&pipeline, "HGET", "extract:job:live", &["checkpoint"]).await).unwrap()
    };
    let end = ["run", "", "checkpoint", "200"];
    redis(&pipeline, "HSET", "extract:job:live", &["checkpoint", "100"]).await;
    assert_eq!(write("7", "", "100", &["run", "{}"]).await, 1);
    assert_eq!(write("7", "1", "*", &["run", "{}"]).await, 1, "it goes on");
    redis(&pipeline, "DEL", "extract:job:live", &[]).await;
    assert_eq!(write("7", "1", "*", &["run", "{}"]).await, -1);
    assert_eq!(write("7", "1", "100", &end).await, -1);
    assert_eq!(
        write("7", "", "100", &["run", "{}"]).await,
        -1,
        "nor begun from it"
    );
    assert_eq!(checkpoint().await, None);

    // Restored as it was before, or changed by hand.
    redis(
        &pipeline,
        "HSET",
        "extract:job:live",
        &["checkpoint", "50", "fence", "6"],
    )
    .await;
    assert_eq!(write("7", "1", "50", &end).await, -1);
    redis(&pipeline, "HSET", "extract:job:live", &["fence", "7"]).await;
    assert_eq!(write("7", "1", "100", &end).await, -1);
    assert_eq!(write("7", "1", "50", &end).await, 1);
    assert_eq!(checkpoint().await.as_deref(), Some("200"));
    assert_eq!(write("6", "1", "200", &end).await, 0, "a newer one has written");
}

/// It was never listed up to there: whoever starts like that means changes from then on, or everything.
#[tokio::test]
async fn a_checkpoint_without_one_before_asks_for_a_first_load() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(1804)
        .start()
        .await;
    let ago = (jiff::Timestamp::now() - Duration::from_secs(600)).to_string();
    let set = async |more: &[&str]| -> Value {
        let arguments = [
            &["checkpoint", "set", &ago, "--reason", "start here", "--json"],
            more,
        ]
        .concat();
        let printed = pipeline.tool(Service::Extractor, &arguments).await.unwrap();
        serde_json::from_str(&printed).unwrap()
    };
    let wanted = async || -> Option<String> {
        redis::from_redis_value(redis(&pipeline, "HGET", "extract:job:first", &["wanted"]).await).unwrap()
    };
    let said = set(&["--nothing-earlier"]).await;
    assert!(said["before"].is_null() && said["first_load"] == false, "{said}");
    assert_eq!(wanted().await, None);
    let said = set(&[]).await;
    assert!(
        said["before"].is_string() && said["first_load"] == false,
        "{said}"
    );
    assert_eq!(wanted().await, None, "there was one");
    redis(&pipeline, "DEL", "extract:job:live", &[]).await;
    let said = set(&[]).await;
    assert!(said["before"].is_null() && said["first_load"] == true, "{said}");
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    assert_eq!(sink.complete(&pipeline, LIMIT).await, 60);
    pipeline.drain().await;
}
