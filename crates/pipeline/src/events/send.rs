//! From messages to the broker's confirms: the stream is made when it is missing, and what is too large is divided.

use super::{
    pack::{self, MARKER},
    trouble::{EventsRefused, Trouble},
    writer::EventWriter,
};
use crate::{
    broker::{PublishError, stream::Declared},
    cause::chain,
    message::Outgoing,
    telemetry::names,
};
use std::time::Duration;
use tokio::time::timeout;

/// How long a batch waits for the stream alone.
const PATIENCE: Duration = Duration::from_secs(10);

impl EventWriter {
    /// Whether the broker takes anything, by a message that says nothing: what an alarm keeps on its way arrives when the
    /// alarm is over, as often as it was sent.
    pub(super) async fn probe(&self) -> Result<(), Trouble> {
        let stream = self.0.broker.namespace().event_stream();
        self.send(&[pack::marker(stream, format!("{MARKER}probe"))]).await
    }

    /// Publishes, and makes the stream when it is missing.
    pub(super) async fn send(&self, messages: &[Outgoing]) -> Result<(), Trouble> {
        let sent = async {
            let declared = self.state().declared;
            if !declared {
                self.declare().await?;
            }
            match self.0.publisher.publish_all(messages).await {
                Err(PublishError::Unroutable(stream)) => {
                    tracing::warn!(stream, "the stream of events is gone and is made anew");
                    self.declare().await?;
                    self.0.publisher.publish_all(messages).await?;
                }
                Err(PublishError::TooLarge { limit, .. }) => {
                    self.0
                        .publisher
                        .publish_all(&self.smaller(messages, limit))
                        .await?;
                }
                other => other?,
            }
            Ok(())
        };
        match timeout(PATIENCE, sent).await {
            Ok(sent) => sent,
            Err(_) => {
                // What the old connection still owes would only be counted against the new messages.
                self.0.publisher.reset().await;
                Err(Trouble::Silent)
            }
        }
    }

    fn smaller(&self, messages: &[Outgoing], limit: usize) -> Vec<Outgoing> {
        let stream = self.0.broker.namespace().event_stream();
        let mut all = Vec::with_capacity(messages.len() * 2);
        for message in messages {
            let (parts, left_out) = match message.size() > limit {
                true => pack::smaller(&stream, message, limit),
                false => (vec![message.clone()], 0),
            };
            if left_out > 0 {
                metrics::counter!(names::EVENTS_LOST).increment(left_out as u64);
                tracing::error!(
                    limit,
                    "an event is too large for the broker; raise its max_message_size"
                );
            }
            all.extend(parts);
        }
        all
    }

    async fn declare(&self) -> Result<(), Trouble> {
        match self.0.broker.declare_stream().await? {
            Declared::Ready => {}
            Declared::Differs(words) => tracing::warn!(
                words,
                "the stream of events keeps more or less than EVENTS_MAX_AGE and EVENTS_MAX_BYTES say; a policy of the broker \
                 can keep less of it, for more delete the stream, and it is made anew"
            ),
            Declared::Impossible(words) => return Err(Trouble::Impossible(words)),
        }
        let was_impossible = {
            let mut state = self.state();
            state.declared = true;
            state.impossible.take().is_some()
        };
        if was_impossible {
            self.taken_again();
        }
        Ok(())
    }

    /// Tells it until [`Self::taken_again`].
    pub(super) fn refuse(&self, trouble: &Trouble) {
        let why = chain(trouble);
        self.0.alerts.events(Some(&why));
        let since_ms = jiff::Timestamp::now().as_millisecond();
        let refused = &mut self.state().refused;
        let since_ms = refused.as_ref().map_or(since_ms, |refused| refused.since_ms);
        *refused = Some(EventsRefused { since_ms, why });
    }

    pub(super) fn taken_again(&self) {
        self.state().refused = None;
        self.0.alerts.events(None);
    }
}
