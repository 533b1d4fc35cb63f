//! A message on its way to a queue.

use super::{Envelope, FILLER, Subject};
use crate::{stage::Stage, telemetry::trace};
use bytes::Bytes;
use lapin::BasicProperties;
use prost::Message;
use std::time::Duration;

/// A message on its way to a queue.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub(crate) queue: Target,
    pub(crate) envelope: Envelope,
    pub(crate) body: Bytes,
    /// Records that it carries.
    pub(crate) records: usize,
    /// After this time in the queue the broker drops the message of an archive, and gives one of a retry queue back.
    expires: Option<Duration>,
}

/// Where a message goes; stages are resolved by the publisher, which knows the namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Stage(Stage),
    Queue(String),
}

impl Outgoing {
    /// Bytes of the body.
    pub(crate) fn size(&self) -> usize {
        self.body.len()
    }

    /// A message for the work queue of a stage; id, type and headers are derived from the message.
    pub fn to<M: Message + Subject>(stage: Stage, message: &M) -> Self {
        let now = jiff::Timestamp::now().as_millisecond();
        let mut envelope = Envelope::new(message, now);
        if stage == Stage::Extract {
            envelope.traceparent = trace::listed(envelope.ids());
        }
        Self {
            queue: Target::Stage(stage),
            envelope,
            body: message.encode_to_vec().into(),
            records: 1,
            expires: None,
        }
    }

    /// Continues the trace of the message that caused this one.
    #[must_use]
    pub fn with_trace(mut self, traceparent: Option<String>) -> Self {
        self.envelope.traceparent = traceparent;
        self
    }

    /// Travels with this envelope instead of its own.
    #[must_use]
    pub fn with_envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = envelope;
        self
    }

    /// Keeps the replay tag of the message that caused this one, so that its outcome can be reported.
    #[must_use]
    pub fn with_replay(mut self, replay: Option<String>) -> Self {
        self.envelope.replay = replay;
        self
    }

    /// A message of any kind for any queue.
    #[must_use]
    pub fn raw(queue: String, envelope: Envelope, body: Bytes) -> Self {
        Self {
            queue: Target::Queue(queue),
            envelope,
            body,
            records: 1,
            expires: None,
        }
    }

    /// Another message on the same way, with so many records.
    pub(super) fn in_place_of(&self, envelope: Envelope, body: Bytes, records: usize) -> Self {
        Self {
            queue: self.queue.clone(),
            envelope,
            body,
            records,
            expires: None,
        }
    }

    /// A message without content that the receiving consumer settles unseen.
    pub(crate) fn filler(queue: String) -> Self {
        let envelope = Envelope {
            kind: FILLER.to_owned(),
            ..Envelope::default()
        };
        Self::raw(queue, envelope, Bytes::new())
    }

    /// Lets the broker take the message out of its queue after this time.
    #[must_use]
    pub fn expiring(mut self, after: Duration) -> Self {
        self.expires = Some(after);
        self
    }

    /// Keeps the lane of the message that caused this one, where it overrides the body's.
    #[must_use]
    pub fn with_lane(mut self, lane: Option<String>) -> Self {
        self.envelope.lane = lane;
        self
    }

    /// How long it waits in a retry queue, or in the archive.
    pub(crate) fn waits(&self) -> Option<Duration> {
        self.expires
    }

    /// What travels beside the body.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The body, byte for byte.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn properties(&self) -> BasicProperties {
        let properties = self.envelope.write();
        match self.expires {
            None => properties,
            Some(after) => properties.with_expiration(after.as_millis().to_string().into()),
        }
    }
}
