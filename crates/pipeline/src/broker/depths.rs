//! How many messages are ready in which queue, without touching them; needs no management plugin.
//!
//! What a consumer holds unacknowledged is not counted: the broker shows that in its management interface only, so the
//! consumers tell it themselves (`accounting::held`).

use super::{
    call::{declared, within},
    connection::Broker,
    error::Error,
};
use crate::stage::Stage;
use lapin::{Channel, Connection};
use std::collections::BTreeMap;

/// What the broker says of queues.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Ready messages of those that exist.
    pub(crate) ready: BTreeMap<String, u32>,
    /// Consumers of all of them.
    pub(crate) consumers: u32,
}

/// A connection that is kept for counting again and again.
pub(crate) struct Counter {
    connection: Connection,
    channel: Channel,
}

impl Counter {
    pub(crate) async fn open(broker: &Broker) -> Result<Self, Error> {
        let connection = broker.connect("count").await?;
        let channel = within(connection.create_channel()).await?;
        Ok(Self { connection, channel })
    }

    /// Ready messages of the queues that exist.
    pub(crate) async fn count(&mut self, queues: &[String]) -> Result<Counts, Error> {
        let mut counts = Counts::default();
        for queue in queues {
            match declared(&self.channel, queue).await {
                Ok(queue_counts) => {
                    counts.ready.insert(queue.clone(), queue_counts.message_count());
                    counts.consumers += queue_counts.consumer_count();
                }
                // The refusal has closed the channel.
                Err(error) if error.is_missing() => {
                    self.channel = within(self.connection.create_channel()).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(counts)
    }

    pub(crate) async fn close(self) {
        // Counting changes nothing, so it does not matter how its connection ends.
        drop(self.connection.close(200, "counted".into()).await);
    }
}

impl Broker {
    /// Every queue that these stages have: work, retry, dead.
    #[must_use]
    pub fn queues(&self, stages: &[Stage]) -> Vec<String> {
        let namespace = self.namespace();
        let of = |stage: &Stage| {
            let mut queues = vec![namespace.queue(*stage), namespace.dead_queue(*stage)];
            queues.extend(
                self.retry()
                    .ladder()
                    .iter()
                    .map(|delay| namespace.retry_queue(*stage, *delay)),
            );
            queues
        };
        stages.iter().flat_map(of).collect()
    }

    /// Ready messages of these queues; one that does not exist is left out.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn depths(&self, queues: &[String]) -> Result<BTreeMap<String, u32>, Error> {
        Ok(self.counts(queues).await?.ready)
    }

    /// Messages and consumers of these queues; one that does not exist is left out.
    ///
    /// # Errors
    /// When the broker is away.
    pub(crate) async fn counts(&self, queues: &[String]) -> Result<Counts, Error> {
        let mut counter = Counter::open(self).await?;
        let counts = counter.count(queues).await;
        counter.close().await;
        counts
    }
}
