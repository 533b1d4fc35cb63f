//! The physical limits: a bare relay on the same broker, and the simulator alone.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::json;

use super::fixture::Fixture;
use kit::services::Services;
use kit::simulator::{APP_ID, ENTRY_ID, KEY_WIDGET};

/// Deliveries that the relay may hold, as many as a transformer may.
const WINDOW: u16 = 500;
/// Deliveries settled by one acknowledgement.
const ACKED_TOGETHER: usize = 50;
const FROM: &str = "bench.relay.from";
const TO: &str = "bench.relay.to";

/// Messages a second that a relay moves which does nothing but consume, publish, await the confirm and acknowledge.
pub(crate) async fn relay(services: &Services, body: &[u8], messages: usize) -> anyhow::Result<f64> {
    let publishing = connect(services).await?;
    let consuming = connect(services).await?;
    let out = publishing.create_channel().await.context("open a channel")?;
    out.confirm_select(ConfirmSelectOptions::default())
        .await
        .context("ask for confirms")?;
    for queue in [FROM, TO] {
        declare(&out, queue).await?;
    }
    let mut confirms = VecDeque::new();
    for _ in 0..messages {
        confirms.push_back(publish(&out, FROM, body).await?);
    }
    for confirm in confirms.drain(..) {
        confirm.await.context("a confirm")?;
    }

    let channel = consuming.create_channel().await.context("open a channel")?;
    channel
        .basic_qos(WINDOW, BasicQosOptions::default())
        .await
        .context("set the prefetch")?;
    let start = Instant::now();
    let mut deliveries = channel
        .basic_consume(
            FROM.into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
        .context("consume")?;
    let mut moved = 0;
    let mut under_way = futures::stream::FuturesOrdered::new();
    let mut unsettled = 0;
    while moved < messages {
        tokio::select! {
            Some(delivery) = deliveries.next() => {
                let delivery = delivery.context("a delivery")?;
                let confirm = publish(&out, TO, &delivery.data).await?;
                under_way.push_back(async move { (confirm.await, delivery.acker) });
            }
            Some((confirm, acker)) = under_way.next(), if !under_way.is_empty() => {
                confirm.context("a confirm")?;
                (moved, unsettled) = (moved + 1, unsettled + 1);
                if unsettled >= ACKED_TOGETHER || under_way.is_empty() || moved == messages {
                    acker.ack(BasicAckOptions { multiple: true }).await.context("acknowledge")?;
                    unsettled = 0;
                }
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    for queue in [FROM, TO] {
        out.queue_delete(queue.into(), QueueDeleteOptions::default())
            .await
            .context("delete a queue")?;
    }
    for connection in [publishing, consuming] {
        connection
            .close(200, "done".into())
            .await
            .context("close a connection")?;
    }
    Ok(messages as f64 / seconds)
}

async fn connect(services: &Services) -> anyhow::Result<Connection> {
    Connection::connect(services.amqp_url(), ConnectionProperties::default())
        .await
        .context("connect to the broker")
}

async fn declare(channel: &Channel, queue: &str) -> anyhow::Result<()> {
    let mut arguments = FieldTable::default();
    arguments.insert(
        "x-queue-type".into(),
        AMQPValue::LongString(LongString::from("quorum")),
    );
    channel
        .queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments)
        .await
        .map(drop)
        .with_context(|| format!("declare {queue}"))
}

async fn publish(channel: &Channel, queue: &str, body: &[u8]) -> anyhow::Result<lapin::PublisherConfirm> {
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = BasicProperties::default().with_delivery_mode(2);
    channel
        .basic_publish("".into(), queue.into(), options, body, properties)
        .await
        .context("publish")
}

/// What the simulator serves by itself: details, and rows in batches of 100, a second.
pub(crate) async fn simulator(services: &Services, seconds: Duration) -> anyhow::Result<(f64, f64)> {
    let fixture = Fixture::new(services, 1_000, |_| {}).await?;
    let http = kit::http::client();
    let url = fixture.pipeline.simulator.url();
    let grant = json!({"grant_type": "client_credentials", "client_id": "sim-okki-client",
                       "client_secret": "sim-okki-secret", "scope": "company"});
    let token: serde_json::Value = http
        .post(format!("{url}/v1/oauth2/access_token"))
        .json(&grant)
        .send()
        .await?
        .json()
        .await?;
    let token = token["access_token"].as_str().context("a token")?.to_owned();
    let ids = fixture.pipeline.simulator.company_ids();
    let details = load(seconds, |nth| {
        let id = ids[nth % ids.len()];
        http.get(format!("{url}/v1/company/info?company_id={id}"))
            .bearer_auth(&token)
    })
    .await?;
    let row = json!({KEY_WIDGET: {"value": "1"}});
    let rows: Vec<_> = (0..100).map(|_| row.clone()).collect();
    let batches = load(seconds, |nth| {
        let body = json!({"app_id": APP_ID, "entry_id": ENTRY_ID, "data_list": rows,
                          "transaction_id": format!("bench-{nth}")});
        http.post(format!("{url}/api/v5/app/entry/data/batch_create"))
            .bearer_auth("sim-jdy-key")
            .json(&body)
    })
    .await?;
    Ok((details, batches * 100.0))
}

/// Calls a second, 16 at a time.
async fn load(seconds: Duration, call: impl Fn(usize) -> reqwest::RequestBuilder) -> anyhow::Result<f64> {
    let start = Instant::now();
    let requests = futures::stream::iter((0..).map(&call)).map(|request| async {
        let answer = request.send().await.context("ask the simulator")?;
        ensure!(answer.status().is_success(), "the simulator: {}", answer.status());
        answer.bytes().await.context("the simulator's answer").map(drop)
    });
    let mut answers = requests.buffer_unordered(16);
    let mut count = 0;
    while start.elapsed() < seconds {
        answers.next().await.context("an answer")??;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
