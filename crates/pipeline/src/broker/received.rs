//! A message that a browser has taken out of a queue, and its place there.

use crate::message::{Death, Envelope, bundle};
use bytes::Bytes;
use lapin::{Acker, options::BasicAckOptions};
use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

/// A message that the browser has taken.
#[derive(Clone)]
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
#[derive(Clone)]
pub struct Handle {
    pub(super) acker: Acker,
    /// Its number on its channel; a broker counts them up from one.
    pub(super) tag: u64,
    /// Removed messages of its page.
    pub(super) removed: Arc<AtomicU32>,
    /// Up to which number every message of its channel has been removed.
    pub(super) through: Arc<AtomicU64>,
}

impl Handle {
    /// Takes the message out of the queue for good; `false` when the channel is gone and it is still there.
    pub async fn remove(&self) -> bool {
        Self::remove_all(&[self]).await == 1
    }

    /// Takes messages out of the queue for good; returns how many of them. Those that follow one another from the first one
    /// of their channel on are removed by one command, which costs the broker a fraction of one for each.
    pub async fn remove_all(handles: &[&Self]) -> usize {
        let mut sorted = handles.to_vec();
        sorted.sort_by_key(|handle| (Arc::as_ptr(&handle.through).addr(), handle.tag));
        let mut removed = 0;
        for channel in sorted.chunk_by(|one, next| Arc::ptr_eq(&one.through, &next.through)) {
            let begin = channel[0].through.load(Ordering::Relaxed);
            let follow = |(number, handle): &(u64, &&Self)| handle.tag == begin + number;
            let together = (1..).zip(channel).take_while(follow).count();
            let (together, others) = channel.split_at(together);
            if let Some(last) = together.last()
                && last.acked(true).await
            {
                last.through.store(last.tag, Ordering::Relaxed);
                for handle in together {
                    handle.removed.fetch_add(1, Ordering::Relaxed);
                }
                removed += together.len();
            }
            for handle in others {
                if handle.acked(false).await {
                    handle.removed.fetch_add(1, Ordering::Relaxed);
                    removed += 1;
                }
            }
        }
        removed
    }

    async fn acked(&self, multiple: bool) -> bool {
        matches!(self.acker.ack(BasicAckOptions { multiple }).await, Ok(true))
    }
}
