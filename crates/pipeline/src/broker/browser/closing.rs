//! The end of browsing: what was not removed returns to its place.

use super::{Browser, Page};
use crate::broker::{
    call::{declared, depth},
    error::Error,
};
use lapin::{
    Channel,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use std::time::{Duration, Instant};

/// How often those that have arrived meanwhile are taken as well.
const LATECOMERS: u32 = 4;
/// How long the broker may take to put the messages of a closed page back; other consumers can make the count wrong.
const RETURNED_WITHIN: Duration = Duration::from_secs(2);

impl Browser {
    /// Waits until the broker has seen every removal so far: a close overtakes acknowledgements that are still on
    /// their way, and an answer on the same channel cannot.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn flush(&self) -> Result<(), Error> {
        let channels = if self.shared { 1 } else { self.pages.len() };
        let touched = self.pages.iter().any(|page| page.removed() > 0);
        for page in self.pages.iter().take(channels).filter(|_| touched) {
            depth(&page.channel, &self.queue).await?;
        }
        Ok(())
    }

    /// Returns what was taken and not removed, in its old order.
    ///
    /// # Errors
    /// When the broker goes away; it returns the messages all the same.
    pub async fn close(mut self) -> Result<(), Error> {
        if !self.pages.is_empty() && self.in_hand() == 0 && self.all_is_removed().await? {
            self.connection.close(200, "browsed".into()).await?;
            return Ok(());
        }
        self.take_rest().await?;
        // A shared channel returns every page at once.
        let groups = if self.shared {
            vec![self.pages.as_slice()]
        } else {
            self.pages.chunks(1).collect()
        };
        let removed = |pages: &[Page]| pages.iter().map(Page::removed).sum::<u32>();
        // Before any message is back, since this would take it and return it behind the others.
        for pages in &groups {
            if let Some(first) = pages.first().filter(|_| removed(pages) > 0) {
                self.apply_removals(&first.channel).await?;
            }
        }
        for pages in groups {
            let Some(first) = pages.first() else { continue };
            let removed = removed(pages);
            let before = depth(&self.control, &self.queue).await?;
            first.channel.close(200, "browsed".into()).await?;
            let left = pages.iter().map(|page| page.taken).sum::<u32>() - removed;
            self.returned(before + left).await?;
        }
        self.connection.close(200, "browsed".into()).await?;
        Ok(())
    }

    /// Waits until the queue has applied every removal, where all that was taken is removed; `false` when that cannot be seen,
    /// for somebody else consumes from the queue.
    async fn all_is_removed(&self) -> Result<bool, Error> {
        self.flush().await?;
        let patience = Instant::now() + RETURNED_WITHIN;
        while declared(&self.control, &self.queue).await?.consumer_count() > 0 {
            if Instant::now() > patience {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(true)
    }

    /// Takes whatever has not been seen, so that it keeps its place behind the others.
    async fn take_rest(&mut self) -> Result<(), Error> {
        if self.pages.is_empty() {
            return Ok(());
        }
        let waiting = u32::try_from(self.again.len()).unwrap_or(u32::MAX);
        self.unseen = self.unseen.saturating_sub(self.ready() + waiting);
        for _ in 0..=LATECOMERS {
            while self.unseen > 0 {
                self.ready.clear();
                self.turn().await?;
                self.unseen = self.unseen.saturating_sub(self.ready());
                if self.ready.is_empty() {
                    break;
                }
            }
            self.unseen = depth(&self.control, &self.queue).await?;
            if self.unseen == 0 {
                break;
            }
        }
        self.ready.clear();
        Ok(())
    }

    /// Waits until the queue itself has applied every removal: a channel keeps back the acknowledgements that it gets
    /// while many commands are under way, and its close would drop them. Opening a consumer waits for what is under
    /// way, upon which the channel sends the rest; cancelling it waits for the rest. There is nothing left that it
    /// could take.
    async fn apply_removals(&self, channel: &Channel) -> Result<(), Error> {
        channel.basic_qos(1, BasicQosOptions::default()).await?;
        let (queue, options) = (self.queue.as_str().into(), BasicConsumeOptions::default());
        let consumer = channel
            .basic_consume(queue, "browse-last".into(), options, FieldTable::default())
            .await?;
        depth(channel, &self.queue).await?;
        let cancel = BasicCancelOptions::default();
        channel.basic_cancel(consumer.tag(), cancel).await?;
        Ok(())
    }

    /// The queue learns of a closed channel a moment after the client does. The next browser must find everything.
    async fn returned(&self, expected: u32) -> Result<(), Error> {
        let patience = Instant::now() + RETURNED_WITHIN;
        while depth(&self.control, &self.queue).await? < expected && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}
