//! What is kept of each customer: encrypted, the newest state only, and nothing unless it is wanted.

use super::{KEY, LIMIT, OTHER_KEY, cells, deploy, document, loaded, mapping, refused, settled};
use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::{eventually, expect};
use serde_json::json;

#[tokio::test]
async fn another_key_is_said_and_an_earlier_one_still_opens() {
    let folder = tempfile::tempdir().unwrap();
    let document = document(folder.path(), "one", "fixed", "");
    let (mut pipeline, _) = loaded(3, 812, &document, &[]).await;
    let plan = ["mapping", "plan", document.as_str()];
    let again = ["mapping", "again", "--reason", "a test"];

    pipeline.set("SNAPSHOT_KEY", OTHER_KEY);
    for arguments in [&plan[..], &again[..]] {
        let text = refused(&pipeline, Service::Transformer, arguments).await;
        assert!(text.contains("sealed with another key"), "{text}");
        assert!(
            text.contains("SNAPSHOT_KEY") && !text.contains(OTHER_KEY),
            "{text}"
        );
    }
    for service in Service::ALL {
        pipeline.unset_for(service, "SNAPSHOT_KEY");
    }
    let text = refused(&pipeline, Service::Transformer, &plan).await;
    assert!(text.contains("SNAPSHOT_KEY is not set"), "{text}");

    pipeline.set("SNAPSHOT_KEY", "hunter2");
    let text = refused(&pipeline, Service::Transformer, &plan).await;
    assert!(
        text.contains("32 bytes in Base64") && !text.contains("hunter2"),
        "{text}"
    );
    pipeline.set("SNAPSHOT_KEY", format!("{OTHER_KEY},{KEY}"));
    let planned = mapping(&pipeline, &plan[1..]).await;
    assert_eq!(planned["rows"]["unchanged"], 3, "{planned}");
    pipeline.drain().await;
}

#[tokio::test]
async fn a_newer_state_is_kept_and_who_is_gone_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = document(folder.path(), "one", "{name}", "");
    let (mut pipeline, [extractor, transformer, _]) = loaded(4, 813, &first, &[]).await;
    pipeline.restart(extractor).unwrap();
    let ids = pipeline.simulator.company_ids();
    let name = json!({"name": "Newer Name"});
    pipeline.simulator.change_one(ids[0], Some(name)).unwrap();
    pipeline.simulator.remove_one(ids[1]).unwrap();
    eventually(LIMIT, "both have arrived", async || {
        let cells = cells(&pipeline);
        let is_newer = cells.get(&ids[0].to_string()).map(String::as_str) == Some("Newer Name");
        expect(is_newer && cells.len() == 3, || format!("{cells:?}"))
    })
    .await;
    settled(&mut pipeline, 0).await;
    let plan = mapping(&pipeline, &["plan", &first]).await;
    assert_eq!(
        (&plan["kept"], &plan["rows"]["unchanged"]),
        (&json!(3), &json!(3)),
        "{plan}"
    );
    assert_eq!(plan["not_kept"], 0, "who is gone is not missed: {plan}");

    // Mapped again it is the newer state that is mapped, and nobody comes back.
    let second = document(folder.path(), "two", "again {name}", "");
    deploy(&mut pipeline, transformer, &second, None).await;
    mapping(&pipeline, &["again", "--reason", "a test"]).await;
    settled(&mut pipeline, 0).await;
    let cells = cells(&pipeline);
    assert_eq!(cells.len(), 3, "{cells:?}");
    assert_eq!(cells[&ids[0].to_string()], "again Newer Name", "{cells:?}");
    pipeline.drain().await;
}

/// What the kept snapshots take in Redis.
pub(super) async fn kept_bytes(pipeline: &PipelineUnderTest) -> u64 {
    let url = pipeline.settings(Service::Transformer)["REDIS_URL"].clone();
    let mut redis = kit::redis_client::connect(&url).await.unwrap();
    let mut sum = 0;
    for shard in 0..64 {
        let key = format!("{{{}}}:snapshots:{shard}", pipeline.namespace);
        let bytes: Option<u64> = redis::cmd("MEMORY")
            .arg("USAGE")
            .arg(key)
            .query_async(&mut redis)
            .await
            .unwrap();
        sum += bytes.unwrap_or_default();
    }
    sum
}

/// Without keeping, nothing changes, and the commands say what to do.
#[tokio::test]
async fn nothing_is_kept_unless_it_is_wanted() {
    let mut pipeline = PipelineUnderTest::for_test().customers(3).seed(816).start().await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let document = mapping_document();
    for arguments in [&["plan", document.as_str()][..], &["again", "--reason", "a test"]] {
        let arguments = [&["mapping"], arguments].concat();
        let text = refused(&pipeline, Service::Transformer, &arguments).await;
        assert!(
            text.contains("KEEP_SNAPSHOTS") && text.contains("extractor sync --full"),
            "{text}"
        );
    }
    let without = refused(
        &pipeline,
        Service::Transformer,
        &["mapping", "again", "--reason", " "],
    )
    .await;
    assert!(without.contains("--reason"), "{without}");
    pipeline.drain().await;
}
