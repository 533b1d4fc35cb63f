//! I6 over long times: however long the vendor is away, nothing is given up, and no delivery is held for as long as the
//! broker allows. Minutes are seconds here: `HOLD_AT_MOST` and `PATIENCE` are shortened alike.

use std::time::Duration;

use futures::StreamExt;
use kit::pipeline::{Builder, PipelineUnderTest, Service};
use kit::services::Services;
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use pipeline::stage::Stage;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);
const CUSTOMERS: u32 = 150;

async fn shortened(seed: u64) -> (PipelineUnderTest, Feed) {
    started(PipelineUnderTest::for_test().seed(seed)).await
}

async fn started(builder: Builder) -> (PipelineUnderTest, Feed) {
    let pipeline = builder
        .customers(CUSTOMERS)
        .set("INDEX_SETTLE", "0s")
        .set("JDY_TIMEOUT", "500ms")
        .set("HOLD_AT_MOST", "2s")
        .set_for(Service::Loader, "PATIENCE", "1s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    (pipeline, feed)
}

/// Every message is back in the queue, although a loader runs.
async fn all_given_back(pipeline: &PipelineUnderTest) {
    eventually(LIMIT, "every delivery is given back", async || {
        let waiting = pipeline.queues.waiting(Stage::Load).await.unwrap();
        expect(waiting == Some(CUSTOMERS), || {
            format!("{waiting:?} of {CUSTOMERS}")
        })
    })
    .await;
}

#[tokio::test]
async fn a_long_outage_holds_no_delivery_and_costs_no_letter() {
    let (mut pipeline, feed) = shortened(121).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let outage = pipeline.simulator.outage(Vendor::Jdy);
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("does not answer").await;
    all_given_back(&pipeline).await;
    // And it stays so: a paused loader takes nothing.
    pipeline[loader].pauses_for("does not answer").await;
    pipeline.simulator.clear_faults(Some(outage));
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

fn writes_fail() -> Fault {
    let kind = FaultKind::Status {
        status: 502,
        commit: false,
    };
    Fault::on(Vendor::Jdy, "batch_create", kind)
}

/// It is away in one way after another, and refuses the key at last.
#[tokio::test]
async fn a_pause_names_how_the_vendor_fails_now() {
    let (mut pipeline, feed) = shortened(128).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let status = |status| FaultKind::Status {
        status,
        commit: false,
    };
    let refused = FaultKind::Code {
        code: 17_018,
        message: String::new(),
        status: None,
    };
    let fault = |kind| Fault::on(Vendor::Jdy, "*", kind);
    let mut standing = pipeline.simulator.fault(fault(status(502)));
    feed.put_all(&pipeline).await;
    for (kind, said) in [
        (status(502), "502"),
        (status(504), "504"),
        (refused, "17018"),
        (status(503), "503"),
    ] {
        let next = pipeline.simulator.fault(fault(kind));
        pipeline.simulator.clear_faults(Some(standing));
        standing = next;
        pipeline[loader].pauses_for(said).await;
    }
    pipeline.simulator.clear_faults(Some(standing));
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
}

/// Reading works and writing does not, so that every probe opens the gate and the next write closes it again.
#[tokio::test]
async fn an_outage_of_writing_alone_holds_no_delivery_either() {
    let (mut pipeline, feed) = shortened(122).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let broken = pipeline.simulator.fault(writes_fail());
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("does not answer").await;
    for _ in 0..2 {
        all_given_back(&pipeline).await;
        eventually(LIMIT, "they are taken again", async || {
            let waiting = pipeline.queues.waiting(Stage::Load).await.unwrap();
            expect(waiting < Some(CUSTOMERS), || format!("{waiting:?}"))
        })
        .await;
    }
    pipeline.simulator.clear_faults(Some(broken));
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// The broker's `consumer_timeout` is 30 minutes; here it is as short as the other times are.
const TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_brokers_consumer_timeout_is_never_reached() {
    let mut services = Services::private().await.unwrap();
    let short = format!(
        "{{consumer_timeout, {}}}, {{channel_tick_interval, 1000}}",
        TIMEOUT.as_millis()
    );
    let broker = services.broker().unwrap();
    broker.restart_with(&short).await.unwrap();
    let log = broker.log_path();
    let timed_out = || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.matches("timed out waiting for delivery acknowledgement")
            .count()
    };
    hold_a_delivery_for_ever(services.amqp_url()).await;
    eventually(LIMIT, "the broker says that it means it", async || {
        expect(timed_out() == 1, || std::fs::read_to_string(&log).unwrap())
    })
    .await;

    let builder = PipelineUnderTest::for_test().seed(123);
    let (mut pipeline, feed) = started(builder.services(services.amqp_url(), services.redis_url())).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let broken = pipeline.simulator.fault(writes_fail());
    feed.put_all(&pipeline).await;
    let start = std::time::Instant::now();
    while start.elapsed() < 2 * TIMEOUT {
        pipeline[loader].pauses_for("does not answer").await;
        all_given_back(&pipeline).await;
    }
    assert_eq!(timed_out(), 1, "the loader's channel was never closed");
    pipeline.simulator.clear_faults(Some(broken));
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline.drain().await;
}

/// Returns when the broker has closed the channel.
async fn hold_a_delivery_for_ever(url: &str) {
    let connection = Connection::connect(url, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let queue = channel
        .queue_declare("held".into(), QueueDeclareOptions::default(), Default::default())
        .await
        .unwrap();
    let name = queue.name().clone();
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    channel
        .basic_publish("".into(), name.clone(), options, b"x", properties)
        .await
        .unwrap();
    let mut deliveries = channel
        .basic_consume(
            name,
            "".into(),
            BasicConsumeOptions::default(),
            Default::default(),
        )
        .await
        .unwrap();
    let held = deliveries.next().await.unwrap().unwrap();
    while let Some(Ok(_)) = deliveries.next().await {}
    drop(held);
}
