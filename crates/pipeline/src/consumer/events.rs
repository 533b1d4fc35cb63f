//! What the account of events says about each message of a batch.

use super::{
    batch::{Context, Settlement},
    delivery::{Decoded, Delivery},
};
use crate::{
    decision::Decision,
    disposition::Disposition,
    events::{Cells, Event, Settled, parked_period},
    failure::Failure,
    handler::{Handler, Outcome},
    message::Outgoing,
};

impl<H: Handler> Context<H> {
    fn settled<'a>(&self, delivery: &'a Delivery) -> Settled<'a> {
        Settled {
            stage: self.stage,
            envelope: &delivery.envelope,
            body: &delivery.body,
            attempt: delivery.attempt(),
            taken: delivery.taken.elapsed(),
            at: jiff::Timestamp::now().as_millisecond(),
        }
    }

    /// The event of a message that is finished; `None` for every other outcome, and when no events are written.
    pub(super) fn done_event(&self, delivery: &Delivery, outcome: &Outcome<H::Receipt>) -> Option<Event> {
        let Outcome::Done(done) = outcome else { return None };
        let settled = self.rt.events.is_on().then(|| self.settled(delivery))?;
        Some(settled.done(
            done.disposition,
            done.what,
            done.rule.or(done.reason),
            done.row_id.clone(),
            &done.publish,
        ))
    }

    /// The event of a message of which a copy goes to a retry queue or to the dead letters; `None` when it is held.
    /// `cause`: of an attempt that failed.
    pub(super) fn event_of_copy(
        &self,
        delivery: &Delivery,
        decision: Decision,
        cause: Option<&Failure>,
        copy: Option<&Outgoing>,
    ) -> Option<Event> {
        let copy = copy.filter(|_| self.rt.events.is_on())?;
        let settled = self.settled(delivery);
        match decision.disposition {
            Disposition::Dead => Some(settled.died(copy, || match delivery.decode::<H::In>() {
                Decoded::Job(job) => Cells::of(&job.message),
                Decoded::Damaged(_) | Decoded::Newer => Cells::default(),
            })),
            Disposition::Retried => Some(settled.waiting(cause, copy)),
            Disposition::Parked => {
                let event = settled.waiting(None, copy);
                // A message that waits for long comes by again and again.
                let is_news = self.rt.events.is_news(event.id, parked_period(settled.at));
                is_news.then_some(event)
            }
            _ => None,
        }
    }

    /// Events of messages that died because of what the broker said of their results.
    pub(super) async fn write_buried(&self, settlements: &mut [Settlement<H::Receipt>]) {
        let buried = settlements.iter_mut().filter_map(|one| one.event.take());
        self.rt.events.write(self.stage, buried.collect()).await;
    }
}
