//! A broker that takes no messages: the stage pauses, and a prober that nobody else has to feed ends the pause.

use kit::{
    config,
    services::Services,
    wait::{eventually, expect},
    workbench::{OPTIONS, Workbench, foreign, reference},
};
use lapin::{Connection, ConnectionProperties, options::QueueDeclareOptions, types::FieldTable};
use pipeline::{
    gate::{Gate, Pause},
    handler::Outcome,
    message::Outgoing,
    service::Runtime,
    shutdown::Shutdown,
    stage::Stage,
};
use std::time::Duration;

use super::first_record;

const LIMIT: Duration = Duration::from_secs(90);

/// The watcher of the blocked connection dies with the broker, and a paused stage publishes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_ends_with_a_restart_pauses_nobody_for_ever() {
    let mut common = config::common("t");
    let mut services = Services::with_own_broker(&mut common).await.unwrap();
    let broker = services.broker().unwrap();
    broker
        .restart_with("{vm_memory_high_watermark, {absolute, 1000}}")
        .await
        .unwrap();
    let rt = Runtime::assemble("alarm", &common, Shutdown::manual(Duration::from_secs(1))).unwrap();
    rt.declare(Stage::Extract).await.unwrap();
    let publisher = rt.publisher.clone();
    let publish = tokio::spawn(async move {
        let message = Outgoing::to(Stage::Extract, &reference(1));
        publisher.publish(vec![message]).await
    });
    paused(&rt.gate, "blocks publishing").await;
    broker.kill().unwrap();
    assert!(publish.await.unwrap().is_err(), "nobody confirms");
    assert!(!rt.gate.is_open(), "nothing says that the alarm is over");
    broker.restart_with("").await.unwrap();
    tokio::time::timeout(LIMIT, rt.gate.opened()).await.unwrap();
}

/// Returned messages would be counted as if they had killed their consumers, and the next outage would bury them.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_missing_queue_refuses_is_kept_until_the_queue_is_there() {
    let bench = Workbench::new().await;
    let missing = format!("{}.elsewhere", bench.namespace);
    bench.publish(0..3).await;
    let target = missing.clone();
    let running = bench.consume(OPTIONS, move |_, job| {
        assert!(!job.meta.redelivered);
        Outcome::forward(vec![foreign(&target, b"x")], None)
    });
    paused(&running.gate, "no queue").await;
    let url = config::common("t").amqp.url.expose().to_owned();
    let connection = Connection::connect(&url, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions::durable();
    channel
        .queue_declare(missing.as_str().into(), options, FieldTable::default())
        .await
        .unwrap();
    bench.until_depth(&missing, 3).await;
    running.stop().await;
    assert_eq!(bench.depth(&bench.queue(Stage::Extract)).await, 0);
    channel
        .queue_delete(
            missing.as_str().into(),
            lapin::options::QueueDeleteOptions::default(),
        )
        .await
        .unwrap();
}

async fn paused(gate: &Gate, cause: &str) {
    eventually(LIMIT, "a pause", async || {
        let pauses = gate.pauses();
        let told = pauses
            .iter()
            .any(|pause| pause.reason == Pause::Broker && pause.detail.contains(cause));
        expect(told, || format!("{pauses:?}"))
    })
    .await;
}

/// It would be refused for ever, and each time its batch would come again, until "every consumer died".
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_the_broker_is_a_dead_letter_that_says_so() {
    let mut common = config::common("t");
    let mut services = Services::with_own_broker(&mut common).await.unwrap();
    let broker = services.broker().unwrap();
    broker.restart_with("{max_message_size, 2000}").await.unwrap();
    let bench = Workbench::with(common).await;
    bench.publish(0..30).await;
    let running = bench.consume(OPTIONS, |rt, job| {
        assert!(!job.meta.redelivered);
        let size = if job.message.company_id == "7" { 2_100 } else { 100 };
        Outcome::forward(
            vec![foreign(&rt.namespace.queue(Stage::Transform), &vec![b'x'; size])],
            None,
        )
    });
    bench.until_depth(&bench.dead(), 1).await;
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    running.stop().await;
    // What was published together with it may have come before the channel was closed, and again after that.
    let forwarded = bench.depth(&bench.queue(Stage::Transform)).await;
    assert!(forwarded >= 29, "{forwarded} of 29");
    let record = first_record(&bench).await;
    assert_eq!(record.code, "message-too-large");
    assert!(
        record.message.contains("2000") && record.message.contains("2100"),
        "{record:?}"
    );
}
