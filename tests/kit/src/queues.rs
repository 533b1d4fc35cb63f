//! What a test may know of the broker's queues: how many messages are ready, one of them put in by hand, all gone.

use std::time::Duration;

use crate::bundles::bodies;
use anyhow::Context;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{FieldTable, LongString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use pipeline::names::Namespace;
use pipeline::stage::Stage;

/// The queues of one namespace, seen from outside.
#[derive(Debug, Clone)]
pub struct Queues {
    url: String,
    namespace: Namespace,
    retry_delays: Vec<Duration>,
}

/// A dead letter as it lies in its queue.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its body.
    pub body: Vec<u8>,
    /// Its headers; those that are not texts or numbers are left out.
    pub headers: std::collections::BTreeMap<String, String>,
}

impl Queues {
    /// `retry_delays` are those the services run with: the retry queues are named after them.
    pub fn new(url: impl Into<String>, namespace: Namespace, retry_delays: Vec<Duration>) -> Self {
        Self {
            url: url.into(),
            namespace,
            retry_delays,
        }
    }

    /// Messages ready in the stage's own queue; `None` if it is not declared yet.
    pub async fn waiting(&self, stage: Stage) -> anyhow::Result<Option<u32>> {
        self.count(&self.namespace.queue(stage)).await
    }

    /// Messages in the stage's dead-letter queue.
    pub async fn dead(&self, stage: Stage) -> anyhow::Result<u32> {
        Ok(self.count(&self.namespace.dead_queue(stage)).await?.unwrap_or(0))
    }

    /// Messages in all dead-letter queues.
    pub async fn dead_in_all(&self) -> anyhow::Result<u32> {
        let mut sum = 0;
        for stage in Stage::ALL {
            sum += self.dead(stage).await?;
        }
        Ok(sum)
    }

    /// Messages that wait for work or for another attempt, in all stages. What a consumer holds is not counted.
    pub async fn waiting_in_all(&self) -> anyhow::Result<u32> {
        let mut sum = 0;
        for stage in Stage::ALL {
            for queue in self.work_and_retry(stage) {
                sum += self.count(&queue).await?.unwrap_or(0);
            }
        }
        Ok(sum)
    }

    /// Messages ready in any queue; `None` if it does not exist.
    pub async fn count(&self, queue: &str) -> anyhow::Result<Option<u32>> {
        let connection = self.connect().await?;
        let channel = connection.create_channel().await.context("open a channel")?;
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::durable()
        };
        let count = match channel
            .queue_declare(queue.into(), passive, FieldTable::default())
            .await
        {
            Ok(declared) => Some(declared.message_count()),
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(error).with_context(|| format!("count {queue}")),
        };
        close(connection).await;
        Ok(count)
    }

    /// Puts a body into a stage's queue as any client could, and waits until the broker has it.
    pub async fn put(&self, stage: Stage, body: &[u8]) -> anyhow::Result<()> {
        let connection = self.connect().await?;
        let channel = connection.create_channel().await.context("open a channel")?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .context("ask for confirms")?;
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let properties = BasicProperties::default().with_delivery_mode(2);
        let queue = self.namespace.queue(stage);
        let confirm = channel
            .basic_publish("".into(), queue.as_str().into(), options, body, properties)
            .await
            .context("publish")?
            .await
            .context("wait for the confirm")?;
        anyhow::ensure!(
            matches!(confirm, Confirmation::Ack(None)),
            "{queue} did not take the message: {confirm:?}"
        );
        close(connection).await;
        Ok(())
    }

    /// The body of the oldest record of a queue, which stays there.
    pub async fn peek(&self, queue: &str) -> anyhow::Result<Vec<u8>> {
        let connection = self.connect().await?;
        let channel = connection.create_channel().await.context("open a channel")?;
        let got = channel
            .basic_get(queue.into(), BasicGetOptions::default())
            .await
            .with_context(|| format!("read from {queue}"))?;
        let delivery = got.with_context(|| format!("{queue} is empty"))?.delivery;
        let kind = delivery.properties.kind().as_ref();
        let bodies = bodies(kind.map_or("", |kind| kind.as_str()), &delivery.data)?;
        // Not acknowledged, it goes back with the connection's end.
        close(connection).await;
        bodies.into_iter().next().context("a bundle of nothing")
    }

    /// Of each message of a queue, in its order, whether somebody has taken it and given it back before. They all stay.
    pub async fn were_taken(&self, queue: &str) -> anyhow::Result<Vec<bool>> {
        let connection = self.connect().await?;
        let channel = connection.create_channel().await.context("open a channel")?;
        let mut taken = Vec::new();
        while let Some(message) = channel
            .basic_get(queue.into(), BasicGetOptions::default())
            .await
            .with_context(|| format!("read from {queue}"))?
        {
            taken.push(message.delivery.redelivered);
        }
        close(connection).await;
        Ok(taken)
    }

    /// Takes the oldest message out of a stage's dead-letter queue.
    pub async fn take_dead(&self, stage: Stage) -> anyhow::Result<Option<Letter>> {
        let connection = self.connect().await?;
        let channel = connection.create_channel().await.context("open a channel")?;
        let queue = self.namespace.dead_queue(stage);
        let taken = channel
            .basic_get(queue.as_str().into(), BasicGetOptions { no_ack: true })
            .await
            .with_context(|| format!("take from {queue}"))?;
        let letter = taken.map(|message| Letter {
            body: message.delivery.data.to_vec(),
            headers: message
                .delivery
                .properties
                .headers()
                .as_ref()
                .map(texts)
                .unwrap_or_default(),
        });
        close(connection).await;
        Ok(letter)
    }

    /// Deletes every queue of the namespace with its messages.
    pub async fn delete_all(&self) -> anyhow::Result<()> {
        let connection = self.connect().await?;
        let channel = connection.create_channel().await.context("open a channel")?;
        delete(&channel, &self.namespace.event_stream()).await?;
        for stage in Stage::ALL {
            delete(&channel, &self.namespace.dead_queue(stage)).await?;
            delete(&channel, &self.namespace.archive_queue(stage)).await?;
            for queue in self.work_and_retry(stage) {
                delete(&channel, &queue).await?;
            }
        }
        close(connection).await;
        Ok(())
    }

    fn work_and_retry(&self, stage: Stage) -> Vec<String> {
        let retry = self
            .retry_delays
            .iter()
            .map(|delay| self.namespace.retry_queue(stage, *delay));
        std::iter::once(self.namespace.queue(stage))
            .chain(retry)
            .collect()
    }

    async fn connect(&self) -> anyhow::Result<Connection> {
        Connection::connect(&self.url, ConnectionProperties::default())
            .await
            .context("connect to the broker")
    }
}

async fn delete(channel: &Channel, queue: &str) -> anyhow::Result<()> {
    // Deleting what is not there is no error for the broker.
    channel
        .queue_delete(queue.into(), QueueDeleteOptions::default())
        .await
        .map(drop)
        .with_context(|| format!("delete {queue}"))
}

/// The work is done and confirmed by then; how the connection ends makes no difference to anybody.
async fn close(connection: Connection) {
    drop(connection.close(200, "done".into()).await);
}

fn is_missing(error: &lapin::Error) -> bool {
    matches!(error.kind(), lapin::ErrorKind::ProtocolError(problem) if problem.get_id() == 404)
}

fn texts(table: &FieldTable) -> std::collections::BTreeMap<String, String> {
    use lapin::types::AMQPValue;
    let text = |value: &LongString| String::from_utf8_lossy(value.as_bytes()).into_owned();
    table
        .inner()
        .iter()
        .filter_map(|(name, value)| {
            let value = match value {
                AMQPValue::LongString(value) => text(value),
                AMQPValue::ShortString(value) => value.to_string(),
                AMQPValue::LongInt(value) => value.to_string(),
                AMQPValue::LongUInt(value) => value.to_string(),
                AMQPValue::LongLongInt(value) => value.to_string(),
                AMQPValue::ShortInt(value) => value.to_string(),
                _ => return None,
            };
            Some((name.to_string(), value))
        })
        .collect()
}
