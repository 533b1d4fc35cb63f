//! The dead letters of a stage, or its archive, as letters; how a queue is browsed stands in [`pipeline::broker`].

use crate::letter::Letter;
use pipeline::{
    broker::{self, Broker, Handle},
    stage::Stage,
};

/// Browses the letters that were there when it was opened. Dropping it returns everything not removed.
pub struct Browser {
    stage: Stage,
    home: String,
    queue: broker::Browser,
}

/// A letter that the browser has taken.
pub struct Taken {
    /// The letter.
    pub letter: Letter,
    handle: Handle,
}

impl Taken {
    /// Takes the letter out of the queue for good; `false` when the channel is gone and it is still there.
    pub async fn remove(&self) -> bool {
        self.handle.remove().await
    }
}

/// Takes letters out of the queue for good, as [`Taken::remove`].
pub(crate) async fn remove_all(letters: &[Taken]) {
    let handles: Vec<_> = letters.iter().map(|taken| &taken.handle).collect();
    Handle::remove_all(&handles).await;
}

impl Browser {
    /// Opens the stage's dead letters.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn open(broker: &Broker, stage: Stage) -> Result<Self, broker::Error> {
        broker.declare(stage).await?;
        Self::open_queue(broker, stage, broker.namespace().dead_queue(stage)).await
    }

    /// Opens the stage's archive.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn open_archive(broker: &Broker, stage: Stage) -> Result<Self, broker::Error> {
        broker.declare_archive(stage).await?;
        Self::open_queue(broker, stage, broker.namespace().archive_queue(stage)).await
    }

    async fn open_queue(broker: &Broker, stage: Stage, queue: String) -> Result<Self, broker::Error> {
        Ok(Self {
            stage,
            home: broker.namespace().queue(stage),
            queue: broker::Browser::open(broker, queue).await?,
        })
    }

    /// As [`broker::Browser::with_pages_of`].
    #[must_use]
    pub fn with_pages_of(mut self, letters: u32) -> Self {
        self.queue = self.queue.with_pages_of(letters);
        self
    }

    /// Letters that were there at the beginning and have not been taken yet.
    #[must_use]
    pub fn unseen(&self) -> u32 {
        self.queue.unseen()
    }

    /// As [`broker::Browser::held_elsewhere`].
    pub(crate) fn held_elsewhere(&self) -> bool {
        self.queue.held_elsewhere()
    }

    /// As [`broker::Browser::want`].
    pub(crate) fn want(&mut self, letters: u64) {
        self.queue.want(u32::try_from(letters).unwrap_or(u32::MAX));
    }

    /// As [`broker::Browser::keep`].
    pub(crate) fn keep(&mut self, bytes: usize) {
        self.queue.keep(bytes);
    }

    /// As [`broker::Browser::rewind`].
    pub(crate) fn rewind(&mut self) -> bool {
        self.queue.rewind()
    }

    /// As [`broker::Browser::held`].
    pub(crate) fn held(&self) -> u32 {
        self.queue.held()
    }

    /// The next letter in queue order, or `None` when all that were there at the beginning have been seen.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn next(&mut self) -> Result<Option<Taken>, broker::Error> {
        let Some(received) = self.queue.next().await? else {
            return Ok(None);
        };
        let (envelope, death) = (received.envelope, &received.death);
        Ok(Some(Taken {
            letter: Letter::read(self.stage, &self.home, envelope, death, received.body),
            handle: received.handle,
        }))
    }

    /// Waits until the broker has seen every removal so far.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn flush(&self) -> Result<(), broker::Error> {
        self.queue.flush().await
    }

    /// Returns what was taken and not removed, in its old order.
    ///
    /// # Errors
    /// When the broker goes away; it returns the letters all the same.
    pub async fn close(self) -> Result<(), broker::Error> {
        self.queue.close().await
    }
}
