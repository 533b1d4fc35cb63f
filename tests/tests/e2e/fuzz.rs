//! A message that is not the expected protobuf rests in the dead-letter queue as it was; the next one is worked on.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};

/// Field 1 with a length that the message does not have.
const NONSENSE: &[u8] = b"\x0a\xff\xff\x03not protobuf";

#[tokio::test]
async fn nonsense_dies_intact_with_a_reason_and_alone() {
    let mut pipeline = PipelineUnderTest::for_test().customers(40).seed(41).start().await;
    let replicas = pipeline.run_all();
    for id in replicas {
        pipeline[id].ready().await;
    }
    for service in Service::ALL {
        pipeline.queues.put(service.stage(), NONSENSE).await.unwrap();
    }
    pipeline.simulator.change(10);
    pipeline.until_equal(Duration::from_secs(60)).await;
    pipeline.quiet(Duration::from_secs(60), 3).await;
    pipeline.drain().await;

    for service in Service::ALL {
        let letter = pipeline
            .queues
            .take_dead(service.stage())
            .await
            .unwrap()
            .expect("a dead letter");
        assert_eq!(letter.body, NONSENSE, "{}", service.name());
        let reason = letter.headers.values().any(|value| value.contains("undecodable"));
        assert!(reason, "{}: no reason in {:?}", service.name(), letter.headers);
    }
}
