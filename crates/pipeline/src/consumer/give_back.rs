//! What a session that ends early leaves to others: copies behind everything that waits, instead of returned messages.
//!
//! The broker counts what is returned toward the delivery limit, so an outage that is long enough would end in dead
//! letters (I6). A copy is a new message to it.

use super::{
    delivery::Delivery,
    session::{Phase, Session},
};
use crate::{broker, handler::Handler};
use std::collections::HashMap;

impl<H: Handler> Session<H> {
    /// Empties the intake and puts everything that is not at work back into the queue.
    ///
    /// What may have killed its consumers is not copied but returned when the channel closes, so that the broker goes
    /// on counting. A death in between leaves both the copy and the message, which is harmless. Dropping the future
    /// returns what is left.
    pub(super) async fn give_back(&mut self) -> Result<(), broker::Error> {
        self.intake.end().await?;
        while self.intake.is_taking() {
            let arrival = self.intake.next().await?;
            self.gathering
                .extend(arrival.into_iter().flat_map(|arrival| arrival.records));
        }
        let deliveries = self
            .divided
            .drain(..)
            .chain(self.held.drain(..))
            .chain(self.gathering.drain(..));
        let (fillers, deliveries): (Vec<_>, Vec<_>) = deliveries.partition(Delivery::is_filler);
        self.intake.settle(fillers, self.options.stage).await?;
        // Of a bundle all that is left, or nothing: with some of its records still at work it comes again as a whole. Those
        // of one that is to be divided are copied however often it came, for nobody has handled them.
        let mut in_hand: HashMap<u64, usize> = HashMap::new();
        for delivery in &deliveries {
            *in_hand.entry(delivery.parcel.tag()).or_default() += 1;
        }
        let innocent: Vec<_> = deliveries
            .into_iter()
            .filter(|delivery| delivery.parcel.must_be_divided() || !delivery.is_suspect())
            .filter(|delivery| in_hand.get(&delivery.parcel.tag()) == Some(&delivery.parcel.left()))
            .collect();
        if innocent.is_empty() {
            return Ok(());
        }
        if matches!(self.phase, Phase::Draining { .. }) {
            let (stage, records) = (self.options.stage, innocent.len());
            tracing::info!(%stage, records, "what could not be finished goes back to the queue as copies");
        }
        let home = self.context.rt.namespace.queue(self.options.stage);
        let copies = innocent.iter().map(|delivery| delivery.copy(home.clone()));
        match self.context.publisher.publish(copies.collect()).await {
            Ok(()) => self.intake.settle(innocent, self.options.stage).await?,
            Err(error) => tracing::debug!(%error, "held messages are returned instead of copied"),
        }
        Ok(())
    }
}
