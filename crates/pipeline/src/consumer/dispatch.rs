//! Which of what is in hand is handled next, and how many together.

use super::{
    delivery::Delivery,
    session::{Phase, Session},
};
use crate::handler::Handler;
use std::sync::Arc;
use tokio::time::Instant;

impl<H: Handler> Session<H> {
    /// Starts every batch that is due.
    pub(super) fn dispatch(&mut self) {
        if !self.divided.is_empty() && self.has_room() {
            let (context, records) = (Arc::clone(&self.context), std::mem::take(&mut self.divided));
            self.at_work.spawn(async move { context.divide(records).await });
        }
        // The most returned in hand decides how many are handled together.
        let most = self
            .options
            .places(self.intake.most_returns())
            .min(self.options.batch_max);
        while self.has_room() {
            let batch = if self.phase == Phase::Quarantine {
                self.group()
            } else {
                let due = self.phase != Phase::Working
                    || self.gathering.len() >= most
                    || self.intake.is_full()
                    || self.since.elapsed() >= self.options.linger;
                let source = match (self.held.is_empty(), due) {
                    (false, _) => &mut self.held,
                    (true, true) => &mut self.gathering,
                    (true, false) => return,
                };
                source.drain(..source.len().min(most)).collect()
            };
            if batch.is_empty() {
                return;
            }
            self.since = Instant::now();
            let context = Arc::clone(&self.context);
            self.at_work.spawn(async move { context.process(batch).await });
        }
    }

    /// The next batch of a quarantine, when the last one is done.
    fn group(&mut self) -> Vec<Delivery> {
        if !self.at_work.is_empty() {
            return Vec::new();
        }
        self.held.append(&mut self.gathering);
        self.held.sort_by_key(Delivery::returns);
        let together = self.options.together(self.held.iter().map(Delivery::returns));
        self.held.drain(..together).collect()
    }
}
