//! The private services themselves: what the tests of crashes rely on must be true first.

use std::time::Duration;

use kit::queues::Queues;
use kit::services::Services;
use kit::wait::{eventually, expect};
use pipeline::names::Namespace;
use pipeline::stage::Stage;
use redis::AsyncCommands;

#[tokio::test]
async fn killed_services_come_back_where_they_were_with_what_was_durable() {
    let mut services = Services::private().await.unwrap();
    let namespace: Namespace = "services".parse().unwrap();
    let queues = Queues::new(
        services.amqp_url(),
        namespace.clone(),
        vec![Duration::from_secs(1)],
    );
    declare(services.amqp_url(), &namespace.queue(Stage::Load)).await;
    queues.put(Stage::Load, b"kept").await.unwrap();
    set(services.redis_url(), "kept").await;

    let broker = services.broker().unwrap();
    let queue = namespace.queue(Stage::Load);
    eventually(Duration::from_secs(60), "the queue would survive", async || {
        expect(broker.has_on_disk(&queue), || {
            "only in the broker's memory".into()
        })
    })
    .await;
    broker.kill().unwrap();
    assert!(
        queues.waiting(Stage::Load).await.is_err(),
        "a killed broker must not answer"
    );
    services.broker().unwrap().restart().await.unwrap();
    // A quorum queue elects its leader after the node answers.
    eventually(
        Duration::from_secs(60),
        "the durable message is back",
        async || {
            let seen = queues.waiting(Stage::Load).await;
            expect(matches!(seen, Ok(Some(1))), || format!("{seen:?}"))
        },
    )
    .await;

    services.redis().unwrap().restart_empty().await.unwrap();
    assert_eq!(
        get(services.redis_url()).await,
        None,
        "an emptied Redis must not remember"
    );

    queues.delete_all().await.unwrap();
    assert_eq!(queues.waiting(Stage::Load).await.unwrap(), None);
}

async fn declare(url: &str, queue: &str) {
    use lapin::options::QueueDeclareOptions;
    use lapin::types::{AMQPValue, FieldTable};
    let connection = lapin::Connection::connect(url, lapin::ConnectionProperties::default())
        .await
        .unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let channel = connection.create_channel().await.unwrap();
    channel
        .queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments)
        .await
        .unwrap();
}

async fn set(url: &str, value: &str) {
    let mut connection = kit::redis_client::connect(url).await.unwrap();
    connection.set::<_, _, ()>("key", value).await.unwrap();
}

async fn get(url: &str) -> Option<String> {
    let mut connection = kit::redis_client::connect(url).await.unwrap();
    connection.get("key").await.unwrap()
}
