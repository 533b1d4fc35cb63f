//! A broker of several nodes, of which some are down: another address is used, and a queue that no node can read is named
//! with what a person has to do.

use std::time::Duration;

use kit::config;
use kit::services::Services;
use kit::wait::{eventually, expect};
use kit::workbench::{OPTIONS, Workbench, runtime};
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use pipeline::{disposition::Disposition, gate::Pause, handler::Outcome, setting::Secret, stage::Stage};

const LIMIT: Duration = Duration::from_secs(90);

/// The address with a node before it on which nobody listens.
fn behind_a_dead_node(url: &str) -> Secret {
    Secret::new(url.replacen('@', "@127.0.0.1:1,", 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_address_is_used_when_one_does_not_answer() {
    let mut common = config::common("t");
    let whole = common.amqp.url.expose().to_owned();
    common.amqp.url = behind_a_dead_node(&whole);
    let bench = Workbench::with(common.clone()).await;
    bench.publish(0..10).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::done(Disposition::Skipped));
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    assert_eq!(running.stop().await.seen.lock().unwrap().len(), 10);

    // Whole addresses, each with its own user.
    common.amqp.url = Secret::new(format!("amqp://nobody:no@127.0.0.1:1/none,{whole}"));
    let rt = runtime(&common);
    rt.broker.depth(&bench.queue(Stage::Extract)).await.unwrap();

    common.amqp.url = Secret::new("amqp://me:s3cret@127.0.0.1:1,127.0.0.1:2/v");
    let error = runtime(&common).broker.depth("x").await.unwrap_err().to_string();
    for told in ["127.0.0.1:1: ", "127.0.0.1:2: "] {
        assert!(error.contains(told) && !error.contains("s3cret"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_queue_is_named_with_its_remedy_and_declared_anew() {
    let mut common = config::common("t");
    let mut services = Services::with_own_broker(&mut common).await.unwrap();
    let bench = Workbench::with(common.clone()).await;
    let queue = bench.queue(Stage::Extract);
    let broker = services.broker().unwrap();
    eventually(LIMIT, "a queue on disk", async || {
        expect(broker.has_on_disk(&queue), || "not yet".into())
    })
    .await;
    broker.restart_without_queues().await.unwrap();

    let running = bench.consume(OPTIONS, |_, _| Outcome::done(Disposition::Skipped));
    eventually(LIMIT, "a pause that names the queue", async || {
        let pauses = running.gate.pauses();
        let told = pauses.iter().any(|pause| {
            pause.reason == Pause::Broker
                && pause.detail.contains(&bench.namespace)
                && pause.detail.contains("delete_queue")
        });
        expect(told, || format!("{pauses:?}"))
    })
    .await;

    // RabbitMQ 4.0 does not delete a queue without a leader (docs/failover.md §5).
    if config::broker_root().is_some() {
        return;
    }
    // What the remedy says, for each queue that is named.
    let url = common.amqp.url.expose();
    eventually(LIMIT, "a stage that works again", async || {
        let detail = running.gate.pauses().first().map(|pause| pause.detail.clone());
        let Some(detail) = detail else { return Ok(()) };
        if let Some((_, rest)) = detail.split_once("lost queue `") {
            let lost = rest.split('`').next().unwrap();
            let connection = Connection::connect(url, ConnectionProperties::default())
                .await
                .unwrap();
            let channel = connection.create_channel().await.unwrap();
            drop(
                channel
                    .queue_delete(lost.into(), QueueDeleteOptions::default())
                    .await,
            );
        }
        Err(detail)
    })
    .await;
    bench.publish(0..10).await;
    bench.until_depth(&queue, 0).await;
    running.stop().await;
}
