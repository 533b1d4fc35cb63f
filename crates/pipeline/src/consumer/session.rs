//! One life of a consumer: from connecting to the loss of the connection, a long pause or the end of the process.
//!
//! It begins carefully, with one delivery, and widens as far as that one allows: the more often it has been returned,
//! the fewer may be in hand with it ([`ConsumerOptions::places`]). The broker counts a failed delivery for everything
//! a dying consumer held (docs/delivery.md §3.4), and the innocent must not be condemned with the message that kills;
//! but what one death returns is nearly all innocent, and must not be handled one by one (docs/broker.md).
//!
//! A session that is lost leaves its handlers running to their end: what they wrote is then known to the ledger, and
//! the redelivered messages find it done.

use super::{
    arrival::Arrival,
    batch::{BatchEnd, Context},
    delivery::Delivery,
    inflight::InFlight,
    intake::Intake,
    options::ConsumerOptions,
};
use crate::{broker, handler::Handler, retry::Spread, service::Runtime, telemetry::names};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

/// After this silence a draining session asks whether the queue is empty.
const DRAIN_CHECK: Duration = Duration::from_millis(20);

/// A broker under alarm takes no messages; then what is held is returned.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(5);

/// How a session ended without a fault.
pub(super) enum End {
    /// Shutdown was asked for and everything taken has been settled.
    Drained,
    /// The gate stayed closed for too long; what was held went back.
    Paused,
    /// One came that must not be with so many others; all of them are settled, and the next session begins carefully.
    Quarantine,
}

/// What the session is about.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Phase {
    Working,
    /// Nothing more is taken; what is in hand is handled group by group, those last that were returned most.
    Quarantine,
    Draining {
        until: Instant,
    },
}

pub(super) struct Session<H> {
    pub(super) options: ConsumerOptions,
    pub(super) intake: Intake,
    pub(super) phase: Phase,
    /// Deliveries that form the next batch, and since when.
    pub(super) gathering: Vec<Delivery>,
    pub(super) since: Instant,
    /// Batches whose handler said "not now".
    pub(super) held: Vec<Delivery>,
    /// Records of bundles that came again: each goes back into the queue, alone, before any is handled.
    pub(super) divided: Vec<Delivery>,
    closed_since: Option<Instant>,
    /// What is held longer than this goes back; the broker closes channels that keep deliveries for 30 minutes.
    hold_at_most: Duration,
    pub(super) at_work: JoinSet<BatchEnd>,
    pub(super) context: Arc<Context<H>>,
}

pub(super) async fn run<H: Handler>(
    rt: &Runtime,
    options: ConsumerOptions,
    handler: Arc<H>,
    in_flight: &InFlight,
    connected: impl FnOnce(),
) -> Result<End, broker::Error> {
    rt.broker.declare(options.stage).await?;
    let (queue, most) = (
        rt.namespace.queue(options.stage),
        options.most_messages(rt.broker.bundle().bytes),
    );
    let intake = Intake::open(&rt.broker, queue, most, in_flight).await?;
    let context = Context {
        rt: rt.clone(),
        stage: options.stage,
        handler,
        publisher: rt.publisher.clone(),
        spread: Spread::default(),
    };
    let mut session = Session {
        options,
        intake,
        phase: Phase::Working,
        gathering: Vec::new(),
        since: Instant::now(),
        held: Vec::new(),
        divided: Vec::new(),
        closed_since: None,
        hold_at_most: rt.hold_at_most,
        at_work: JoinSet::new(),
        context: Arc::new(context),
    };
    connected();
    let end = session.turn(rt).await?;
    match end {
        End::Drained | End::Paused => match timeout(GIVEN_BACK_WITHIN, session.give_back()).await {
            Ok(given_back) => given_back?,
            Err(_) => tracing::debug!("held messages are returned, for the broker takes no copies"),
        },
        End::Quarantine => {}
    }
    session.intake.close().await?;
    Ok(end)
}

impl<H: Handler> Session<H> {
    async fn turn(&mut self, rt: &Runtime) -> Result<End, broker::Error> {
        let mut reopened = pin!(rt.gate.opened());
        loop {
            let open = rt.gate.is_open();
            self.hold_at_most = rt.gate.hold_at_most(rt.hold_at_most);
            self.closed_since = if open {
                None
            } else {
                self.closed_since.or_else(|| Some(Instant::now()))
            };
            let too_late = rt.shutdown.is_too_late();
            if open && !self.is_overdue() && !too_late {
                self.dispatch();
            }
            if let Some(end) = self.ended(open && !too_late) {
                return Ok(end);
            }
            let idle = self.at_work.is_empty();
            let (deadline, at_deadline) = self.deadline(idle);
            let linger_end = self.since + self.options.linger;
            let due_later =
                open && self.phase == Phase::Working && self.has_room() && !self.gathering.is_empty();
            let drain_check = matches!(self.phase, Phase::Draining { .. }) && self.intake.is_taking();
            tokio::select! {
                () = rt.shutdown.requested(), if !matches!(self.phase, Phase::Draining { .. }) => {
                    self.phase = Phase::Draining { until: Instant::now() + rt.shutdown.deadline() };
                    self.intake.withhold();
                }
                Some(end) = self.at_work.join_next(), if !idle => self.finished(end).await?,
                taken = self.intake.next(), if self.wants_more() => {
                    self.take(taken?).await?;
                }
                () = tokio::time::sleep(DRAIN_CHECK), if drain_check => {
                    self.intake.end_when_full(&self.context.publisher).await?;
                }
                () = sleep_until(linger_end), if due_later => {}
                () = rt.shutdown.too_late(), if !too_late => {}
                () = &mut reopened, if !open => {}
                () = sleep_until(deadline.unwrap_or(linger_end)), if deadline.is_some() => return Ok(at_deadline),
            }
            reopened.set(rt.gate.opened());
        }
    }

    /// The session's regular end. `open`: what is held may be begun once more.
    fn ended(&self, open: bool) -> Option<End> {
        let idle = self.at_work.is_empty() && !self.intake.is_taking();
        let nothing_left = self.held.is_empty() && self.gathering.is_empty() && self.divided.is_empty();
        match self.phase {
            // However often the gate opened in between: the next session has the whole time again.
            Phase::Working | Phase::Quarantine if self.at_work.is_empty() && self.is_overdue() => {
                Some(End::Paused)
            }
            Phase::Working => None,
            Phase::Draining { .. } if idle && nothing_left => Some(End::Drained),
            // What waits for a closed gate goes back to the queue, and what cannot be begun any more; waiting for it would only
            // use up the deadline.
            Phase::Draining { .. } if idle && (!open || self.is_overdue()) => Some(End::Drained),
            Phase::Quarantine if idle && nothing_left => Some(End::Quarantine),
            Phase::Draining { .. } | Phase::Quarantine => None,
        }
    }

    /// When the session ends whatever is left, and how.
    fn deadline(&self, idle: bool) -> (Option<Instant>, End) {
        match (self.phase, self.closed_since) {
            (Phase::Draining { until }, _) => (Some(until), End::Drained),
            (_, Some(since)) if idle => {
                let held = self.kept().map(|delivery| delivery.taken).chain([since]).min();
                (held.map(|since| since + self.hold_at_most), End::Paused)
            }
            _ => (None, End::Paused),
        }
    }

    /// A closing intake is emptied whatever is gathered already: its end is seen behind its last delivery, and the
    /// prefetch bounds what can still come.
    fn wants_more(&self) -> bool {
        // One that is far too wide becomes narrower when it is full, and so it is filled.
        let is_too_wide = || {
            let places = self.options.places(self.intake.most_returns());
            self.intake.is_too_wide(places)
        };
        self.phase != Phase::Working || self.gathering.len() < self.options.batch_max || is_too_wide()
    }

    /// Something was held for too long to be tried once more here.
    fn is_overdue(&self) -> bool {
        let overdue = |delivery: &Delivery| delivery.taken.elapsed() >= self.hold_at_most;
        self.kept().any(overdue)
    }

    /// What waits for the gate.
    fn kept(&self) -> impl Iterator<Item = &Delivery> {
        self.held.iter().chain(&self.divided)
    }

    pub(super) fn has_room(&self) -> bool {
        self.at_work.len() < self.options.concurrency
    }

    /// Adds what came to the batch being formed.
    async fn take(&mut self, taken: Option<Arrival>) -> Result<(), broker::Error> {
        let Some(Arrival { parcel, records }) = taken else {
            // The broker cancelled the consumer, for instance because the queue was deleted.
            return if self.phase == Phase::Working {
                Err(broker::Error::Ended)
            } else {
                Ok(())
            };
        };
        if records.iter().any(Delivery::is_filler) {
            return self.intake.settle(records, self.options.stage).await;
        }
        if parcel.is_redelivered() {
            metrics::counter!(names::REDELIVERIES, "stage" => self.options.stage.name()).increment(1);
        }
        if parcel.must_be_divided() {
            self.divided.extend(records);
            return Ok(());
        }
        if self.gathering.is_empty() {
            self.since = Instant::now();
        }
        self.gathering.extend(records);
        if self.phase == Phase::Working {
            // Whatever is in hand has to allow it, not only what has come last.
            let returns = self.intake.most_returns();
            if returns > 0 && self.intake.is_too_wide(self.options.places(returns)) {
                self.phase = Phase::Quarantine;
                self.intake.end().await?;
            } else {
                self.intake.widen(self.options.places(returns)).await?;
            }
        }
        Ok(())
    }

    async fn finished(&mut self, end: Result<BatchEnd, tokio::task::JoinError>) -> Result<(), broker::Error> {
        let end = end.map_err(|error| broker::Error::Fault(error.to_string()))?;
        let (divided, held): (Vec<_>, Vec<_>) = end
            .kept
            .into_iter()
            .partition(|record| record.parcel.must_be_divided());
        self.divided.extend(divided);
        self.held.extend(held);
        self.intake.settle(end.settled, self.options.stage).await?;
        match end.lost {
            None => Ok(()),
            Some(error) => Err(broker::Error::Publish(Box::new(error))),
        }
    }
}
