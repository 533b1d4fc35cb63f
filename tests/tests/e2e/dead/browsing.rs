//! Browsing a hundred times with the real commands: the same letters in the same order, by what the commands print and
//! by the broker's count.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use pipeline::stage::Stage;

use super::{dead, ids, said};

const LETTERS: usize = 30;
/// Three commands each.
const ROUNDS: usize = 34;

#[tokio::test]
async fn browsing_a_hundred_times_changes_nothing() {
    let mut pipeline = PipelineUnderTest::for_test().customers(3).seed(68).start().await;
    let transformer = pipeline.run(Service::Transformer);
    pipeline[transformer].ready().await;
    let bodies: Vec<_> = (0..LETTERS)
        .map(|number| format!("\u{a}\u{7f}this is no protobuf {number}"))
        .collect();
    for (number, body) in bodies.iter().enumerate() {
        pipeline
            .queues
            .put(Stage::Transform, body.as_bytes())
            .await
            .unwrap();
        // One after the other, so that their order is known.
        pipeline
            .quiet(Duration::from_secs(60), u32::try_from(number + 1).unwrap())
            .await;
    }
    pipeline.drain().await;

    let before = ids(&pipeline, Service::Transformer).await;
    assert_eq!(before.len(), LETTERS);
    for round in 0..ROUNDS {
        assert_eq!(ids(&pipeline, Service::Transformer).await, before, "list {round}");
        let groups = dead(&pipeline, Service::Transformer, &["groups", "--json"]).await;
        let counts: Vec<_> = groups
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["count"].as_u64())
            .collect();
        assert_eq!(counts, [Some(LETTERS as u64)], "groups {round}");
        let wanted = &before[round % LETTERS];
        let shown = dead(&pipeline, Service::Transformer, &["show", wanted, "--json"]).await;
        assert_eq!(shown["id"].as_str(), Some(wanted.as_str()), "show {round}");
        assert_eq!(
            pipeline.queues.dead(Stage::Transform).await.unwrap() as usize,
            LETTERS,
            "the broker's count after round {round}"
        );
    }
    assert!(
        said(&pipeline, Service::Transformer, &["list"])
            .await
            .contains("30 of the transform stage")
    );
    // Without the product's commands: what the broker hands out, one by one.
    for body in &bodies {
        let letter = pipeline
            .queues
            .take_dead(Stage::Transform)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(letter.body, body.as_bytes(), "in the order of their deaths");
    }
    assert!(
        pipeline
            .queues
            .take_dead(Stage::Transform)
            .await
            .unwrap()
            .is_none()
    );
}
