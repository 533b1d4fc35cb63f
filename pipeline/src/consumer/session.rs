//! One life of a consumer: from connecting to the loss of the connection, a long pause or the end of the process.
//!
//! It begins carefully, with one delivery at a time, and widens when that one is no suspect. A message that kills its
//! consumer therefore meets every restart alone: the broker counts a failed delivery for everything a dying consumer
//! held (delivery-and-replay.md §3.4, last row), and the innocent must not be condemned with it.

use super::{
    ConsumerOptions,
    batch::{BatchEnd, Context},
    unit::Unit,
};
use crate::{broker, handler::Handler, service::Runtime, telemetry::names};
use futures::StreamExt;
use lapin::{
    Channel, Consumer,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// A pause longer than this returns the deliveries; the broker closes channels that hold them for 30 minutes.
const HOLD_AT_MOST: Duration = Duration::from_secs(10 * 60);

/// How a session ended without a fault.
pub(super) enum End {
    /// Shutdown was asked for and everything taken has been settled.
    Drained,
    /// The gate stayed closed for too long; unsettled deliveries went back.
    Paused,
    /// A suspect came among others; they went back, to be taken one at a time.
    Quarantine,
}

struct Session<H> {
    channel: Channel,
    queue: String,
    options: ConsumerOptions,
    intake: Option<Consumer>,
    wide: bool,
    /// Deliveries that form the next batch, and since when.
    gathering: Vec<Unit>,
    since: Instant,
    /// Batches whose handler said "not now".
    held: Vec<Unit>,
    at_work: JoinSet<BatchEnd>,
    context: Arc<Context<H>>,
}

pub(super) async fn run<H: Handler>(
    rt: &Runtime,
    options: ConsumerOptions,
    handler: Arc<H>,
    connected: impl FnOnce(),
) -> Result<End, broker::Error> {
    rt.broker.declare(options.stage).await?;
    let connection = rt.broker.connect("consume").await?;
    let channel = connection.create_channel().await?;
    let context = Context {
        rt: rt.clone(),
        stage: options.stage,
        handler,
        publisher: rt.publisher.clone(),
    };
    let mut session = Session {
        channel,
        queue: rt.namespace.queue(options.stage),
        options,
        intake: None,
        wide: false,
        gathering: Vec::new(),
        since: Instant::now(),
        held: Vec::new(),
        at_work: JoinSet::new(),
        context: Arc::new(context),
    };
    session.consume(1).await?;
    connected();
    let end = session.turn(rt).await?;
    // Closing the channel returns what is unsettled, in its old order.
    connection.close(200, "consumer ends".into()).await?;
    Ok(end)
}

impl<H: Handler> Session<H> {
    async fn turn(&mut self, rt: &Runtime) -> Result<End, broker::Error> {
        let mut draining_until = None;
        let mut quarantine = false;
        let mut closed_since: Option<Instant> = None;
        let mut reopened = pin!(rt.gate.opened());
        loop {
            let open = rt.gate.is_open();
            if open {
                closed_since = None;
                self.dispatch(draining_until.is_some() || quarantine);
            } else {
                closed_since.get_or_insert_with(Instant::now);
            }
            let idle = self.at_work.is_empty();
            if draining_until.is_some()
                && idle
                && (self.gathering.is_empty() || !open)
                && self.intake.is_none()
            {
                return Ok(End::Drained);
            }
            if quarantine && idle && self.gathering.iter().all(Unit::is_suspect) {
                return Ok(End::Quarantine);
            }
            let give_up = match (draining_until, closed_since) {
                (Some(at), _) => Some((at, End::Drained)),
                (None, Some(since)) if idle => Some((since + HOLD_AT_MOST, End::Paused)),
                _ => None,
            };
            let linger_end = self.since + self.options.linger;
            let room = self.at_work.len() < self.options.concurrency;
            let may_dispatch = open && room && !self.gathering.is_empty() && !quarantine;
            let mut taken = None;
            tokio::select! {
                () = rt.shutdown.requested(), if draining_until.is_none() => {
                    draining_until = Some(Instant::now() + rt.shutdown.deadline());
                    self.cancel().await?;
                }
                Some(end) = self.at_work.join_next(), if !idle => self.finished(end)?,
                delivery = next(&mut self.intake), if self.gathering.len() < self.options.batch_max => {
                    taken = Some(delivery);
                }
                () = sleep_until(linger_end), if may_dispatch => {}
                () = &mut reopened, if !open => {}
                () = sleep_until(give_up.as_ref().map_or(linger_end, |(at, _)| *at)), if give_up.is_some() => {
                    return Ok(give_up.map_or(End::Paused, |(_, end)| end));
                }
            }
            reopened.set(rt.gate.opened());
            match taken {
                Some(Some(delivery)) => quarantine |= self.take(Unit::new(delivery?)).await?,
                Some(None) if draining_until.is_some() || quarantine => self.intake = None,
                // The broker cancelled the consumer, for instance because the queue was deleted.
                Some(None) => return Err(broker::Error::Ended),
                None => {}
            }
            if quarantine && self.intake.is_some() {
                self.cancel().await?;
                self.intake = None;
            }
        }
    }

    /// Adds a delivery to the batch being formed; `true` when it is a suspect among others.
    async fn take(&mut self, unit: Unit) -> Result<bool, broker::Error> {
        if unit.is_redelivered() {
            metrics::counter!(names::REDELIVERIES, "stage" => self.options.stage.name()).increment(1);
        }
        let suspect = unit.is_suspect();
        if self.gathering.is_empty() {
            self.since = Instant::now();
        }
        self.gathering.push(unit);
        if !self.wide && !suspect && !self.context.rt.shutdown.is_requested() {
            self.cancel().await?;
            self.intake = None;
            self.consume(self.options.prefetch()).await?;
            self.wide = true;
        }
        Ok(suspect && self.wide)
    }

    /// Starts every batch that is due.
    fn dispatch(&mut self, draining: bool) {
        while self.at_work.len() < self.options.concurrency {
            let again = !self.held.is_empty();
            let source = if again {
                &mut self.held
            } else {
                &mut self.gathering
            };
            let due = again
                || draining
                || !self.wide
                || source.len() >= self.options.batch_max
                || self.since.elapsed() >= self.options.linger;
            if source.is_empty() || !due {
                return;
            }
            let batch: Vec<Unit> = if self.wide && source.iter().any(Unit::is_suspect) {
                // The suspects stay behind; they go back to the broker when the others are done.
                let (suspects, innocent) = std::mem::take(source).into_iter().partition(Unit::is_suspect);
                *source = suspects;
                innocent
            } else {
                source.drain(..source.len().min(self.options.batch_max)).collect()
            };
            if batch.is_empty() {
                return;
            }
            self.since = Instant::now();
            let context = Arc::clone(&self.context);
            self.at_work.spawn(async move { context.process(batch).await });
        }
    }

    fn finished(&mut self, end: Result<BatchEnd, tokio::task::JoinError>) -> Result<(), broker::Error> {
        let end = end.map_err(|error| broker::Error::Fault(error.to_string()))?;
        self.held.extend(end.kept);
        match end.lost {
            None => Ok(()),
            Some(error) => Err(broker::Error::Publish(Box::new(error))),
        }
    }

    async fn consume(&mut self, prefetch: u16) -> Result<(), broker::Error> {
        self.channel
            .basic_qos(prefetch, BasicQosOptions::default())
            .await?;
        let options = BasicConsumeOptions::default();
        let queue = self.queue.as_str().into();
        self.intake = Some(
            self.channel
                .basic_consume(queue, "".into(), options, FieldTable::default())
                .await?,
        );
        Ok(())
    }

    /// Asks for no more deliveries; those already sent still come out of the intake, then it ends.
    async fn cancel(&mut self) -> Result<(), broker::Error> {
        if let Some(intake) = &self.intake {
            self.channel
                .basic_cancel(intake.tag(), BasicCancelOptions::default())
                .await?;
        }
        Ok(())
    }
}

/// The next delivery; never ready when there is no intake. Cancellation safe: the stream keeps what is not taken.
async fn next(intake: &mut Option<Consumer>) -> Option<lapin::Result<lapin::message::Delivery>> {
    match intake {
        Some(consumer) => consumer.next().await,
        None => std::future::pending().await,
    }
}
