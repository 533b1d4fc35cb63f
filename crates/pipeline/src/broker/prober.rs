//! What takes each trouble with the broker away.
//!
//! Consuming is its own probe, for the consumer goes on connecting behind a closed gate. Publishing is not: nothing is
//! published while the stage is paused, and whoever watched the blocked connection dies with it. So a prober publishes.

use super::{
    call::{answered, depth, within},
    connection::Broker,
    error::{Error, PublishError},
};
use crate::{
    cause::{chain, logged},
    retry::Backoff,
};
use lapin::{
    BasicProperties, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use tokio_util::task::AbortOnDropHandle;

impl Broker {
    /// The consumer has lost its connection, or with `None` has one again; it goes on trying by itself.
    pub(crate) fn consuming(&self, trouble: Option<String>) {
        self.troubles().consuming(trouble);
    }

    /// The broker says that it takes messages again, on the connection that it blocked.
    pub(super) fn publishes_again(&self) {
        self.troubles().publishes(None);
    }

    /// The broker takes no messages; a prober publishes until it does.
    pub(super) fn blocks_publishing(&self, reason: &str) {
        self.cannot_publish(words::tr!("the broker blocks publishing: {reason}"), None);
    }

    /// What a batch caused was not taken. A prober finds out when it would be, so that no batch is handled in vain.
    pub(crate) fn refused_publish(&self, error: &PublishError) {
        let missing = match error {
            PublishError::Unroutable(queue) => Some(queue.clone()),
            PublishError::Unconfirmed(_) | PublishError::Refused(_) | PublishError::TooLarge { .. } => None,
        };
        self.cannot_publish(chain(error), missing);
    }

    fn cannot_publish(&self, detail: String, missing: Option<String>) {
        let broker = self.clone();
        self.troubles().publishing(detail, |backoff| {
            AbortOnDropHandle::new(tokio::spawn(probe(broker, missing, backoff)))
        });
    }
}

/// Until a message was confirmed, or the process ends.
async fn probe(broker: Broker, missing: Option<String>, mut backoff: Backoff) {
    loop {
        if !broker.shutdown().sleep(backoff.next_delay()).await {
            return;
        }
        match publish_once(&broker, missing.as_deref()).await {
            Ok(()) => return broker.troubles().publishes(Some(backoff)),
            Err(error) => tracing::debug!(error = logged(&error), "the broker takes no message yet"),
        }
    }
}

/// A message that the broker confirms and drops, for no queue has that name; under an alarm the confirm comes when it is
/// over, so one connection waits for it instead of many.
async fn publish_once(broker: &Broker, missing: Option<&str>) -> Result<(), Error> {
    let connection = broker.connect("probe").await?;
    let channel = within(connection.create_channel()).await?;
    answered(&channel, channel.confirm_select(ConfirmSelectOptions::default())).await?;
    let nowhere = broker.namespace().probe_queue();
    let publish = async {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let sent = channel.basic_publish("".into(), nowhere.as_str().into(), options, &[], properties);
        sent.await?.await
    };
    let confirmed = answered(&channel, publish).await?;
    if !matches!(confirmed, Confirmation::Ack(None)) {
        return Err(Error::Ended);
    }
    if let Some(queue) = missing {
        depth(&channel, queue).await?;
    }
    within(connection.close(200, "it takes messages".into())).await
}
