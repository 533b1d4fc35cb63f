//! A message that a browser has taken out of a queue, and its place there.

use crate::message::{Death, Envelope, bundle};
use bytes::Bytes;
use lapin::{Acker, options::BasicAckOptions};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// A message that the browser has taken.
pub struct Received {
    /// Everything beside the body.
    pub envelope: Envelope,
    /// The body, byte for byte.
    pub body: Bytes,
    /// What the broker says of it.
    pub death: Death,
    /// Removes it.
    pub handle: Handle,
}

impl Received {
    /// What it carries: many records, or one. What cannot be read carries nothing.
    #[must_use]
    pub fn records(&self) -> Vec<(Envelope, Bytes)> {
        match self.envelope.kind.as_str() {
            bundle::TYPE => bundle::unpack(&self.envelope, self.body.clone()).unwrap_or_default(),
            _ => vec![(self.envelope.clone(), self.body.clone())],
        }
    }
}

/// The place of a message in its queue, to which it returns unless it is removed.
pub struct Handle {
    pub(super) acker: Acker,
    pub(super) removed: Arc<AtomicU32>,
}

impl Handle {
    /// Takes the message out of the queue for good; `false` when the channel is gone and it is still there.
    pub async fn remove(&self) -> bool {
        let removed = matches!(self.acker.ack(BasicAckOptions::default()).await, Ok(true));
        if removed {
            self.removed.fetch_add(1, Ordering::Relaxed);
        }
        removed
    }
}
