//! Writing: events are confirmed in the same group as what their batch published, and before its acknowledgement.
//!
//! The stream never stops a stage, because it has less to say than what it tells of: a loader that waited for it could not
//! even drain the queues that fill the broker's disk. So it has a connection of its own, which an alarm may block; what is
//! not confirmed within a time waits in this process while the stage goes on, and is written, in order and before anything
//! newer, when the broker takes it. What finds no room is lost, counted, and told of in the stream itself.

use super::{
    late::{Group, Late},
    pack,
    stage::number,
    trouble::{EventsRefused, Trouble},
};
use crate::{
    alert::Alerts,
    broker::{Broker, Publisher},
    cause::logged,
    message::Outgoing,
    retry::Backoff,
    stage::Stage,
    telemetry::names,
};
use proto::v1::{AuditMark, Event, EventStage, Events};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

/// How long a process that ends waits for what is late.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
const AGAIN_MIN: Duration = Duration::from_millis(200);
const AGAIN_MAX: Duration = Duration::from_secs(10);
/// When a broker that could not have the stream is asked once more.
const POSSIBLE_AGAIN: Duration = Duration::from_secs(600);
/// Parked messages that are remembered for having said so.
const PARKED: usize = 20_000;

/// Writes events; cheap to clone, clones share one connection.
#[derive(Clone)]
pub struct EventWriter(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) broker: Broker,
    pub(super) publisher: Publisher,
    instance: String,
    pub(super) alerts: Alerts,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// The stream was there.
    pub(super) declared: bool,
    /// This broker could not have it at that time.
    pub(super) impossible: Option<Instant>,
    late: Late,
    /// Writes what is late.
    flusher: Option<AbortOnDropHandle<()>>,
    /// Ids of messages that are parked, as far as they have said so, and the period that this is about.
    parked: (i64, HashSet<u64>),
    /// Until events are taken again.
    pub(super) refused: Option<EventsRefused>,
}

impl State {
    /// Whether what is late is being written.
    fn is_flushed(&self) -> bool {
        let flusher = self.flusher.as_ref();
        flusher.is_some_and(|flusher| !flusher.is_finished())
    }
}

impl EventWriter {
    pub(crate) fn new(broker: Broker, instance: String, alerts: Alerts) -> Self {
        Self(Arc::new(Shared {
            publisher: Publisher::patient(broker.clone()),
            broker,
            instance,
            alerts,
            state: Mutex::default(),
        }))
    }

    /// Whether events are written: neither switched off nor impossible on this broker.
    #[must_use]
    pub fn is_on(&self) -> bool {
        let impossible = |since: Instant| since.elapsed() < POSSIBLE_AGAIN;
        self.0.broker.stream().on && !self.state().impossible.is_some_and(impossible)
    }

    /// That the broker takes none at present, and why.
    #[must_use]
    pub fn refused(&self) -> Option<EventsRefused> {
        self.state().refused.clone()
    }

    /// Writes what a batch did, while what it published is on its way; returns when the broker has it, or when it waits
    /// here. Repeating it is harmless.
    pub async fn write(&self, stage: Stage, events: Vec<Event>) {
        if events.is_empty() || !self.is_on() {
            return;
        }
        let (count, stream) = (events.len(), self.0.broker.namespace().event_stream());
        let messages = pack::messages(&stream, &self.common(stage, 0), events);
        self.put(&messages, count).await;
    }

    /// Says that the audit log has this entry, in the same way.
    pub async fn anchor(&self, stage: Stage, mark: AuditMark) {
        if !self.is_on() {
            return;
        }
        let stream = self.0.broker.namespace().event_stream();
        let common = Events {
            audit: Some(mark),
            ..self.common(stage, 0)
        };
        let message = pack::message(&stream, &common, Vec::new());
        self.put(&[message], 1).await;
    }

    async fn put(&self, messages: &[Outgoing], count: usize) {
        if self.keep_behind(messages, count) {
            return;
        }
        if let Err(trouble) = self.send(messages).await {
            self.not_taken(&trouble, messages, count);
        }
    }

    /// Waits for what is late, for a process that ends.
    pub async fn finish(&self) {
        let flush = async { while self.flush().await.is_ok_and(|more| more) {} };
        let is_late = !self.state().late.is_empty();
        if is_late && timeout(LAST_PATIENCE, flush).await.is_err() {
            tracing::debug!("the broker takes no events");
        }
        let left = self.state().late.events();
        if left > 0 {
            metrics::counter!(names::EVENTS_LOST).increment(left as u64);
            tracing::error!(
                events = left,
                "events are lost, because the broker took none to the end"
            );
        }
    }

    /// Whether a message that is parked again has not said so in this period.
    pub(crate) fn is_news(&self, id: u64, period: i64) -> bool {
        let mut state = self.state();
        let (of, known) = &mut state.parked;
        if *of != period || known.len() >= PARKED {
            *of = period;
            known.clear();
        }
        known.insert(id)
    }

    fn common(&self, stage: Stage, lost: u64) -> Events {
        Events {
            stage: number(stage).into(),
            instance: self.0.instance.clone(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            at: jiff::Timestamp::now().as_millisecond(),
            lost,
            events: Vec::new(),
            audit: None,
        }
    }

    /// While something is late, what is newer waits behind it.
    fn keep_behind(&self, messages: &[Outgoing], count: usize) -> bool {
        let mut state = self.state();
        let late = state.is_flushed();
        if late {
            self.keep(&mut state, messages, count);
        }
        late
    }

    fn keep(&self, state: &mut State, messages: &[Outgoing], count: usize) {
        let lost = state.late.keep(messages, count);
        metrics::gauge!(names::EVENTS_LATE).set(state.late.events() as f64);
        if lost > 0 {
            metrics::counter!(names::EVENTS_LOST).increment(lost);
        }
    }

    fn not_taken(&self, trouble: &Trouble, messages: &[Outgoing], count: usize) {
        if let Trouble::Impossible(words) = trouble {
            self.state().impossible = Some(Instant::now());
            tracing::error!(
                words,
                "this broker cannot keep events, so nobody can see later what became of customers; enable its feature flag \
                 stream_queue, or say EVENTS=off"
            );
            return self.refuse(trouble);
        }
        {
            let mut state = self.state();
            self.keep(&mut state, messages, count);
            if state.is_flushed() {
                return;
            }
        }
        tracing::warn!(
            error = logged(trouble),
            "the broker takes no events; they are written when it does, and the work goes on"
        );
        self.refuse(trouble);
        let mut state = self.state();
        // Another batch may have begun it meanwhile.
        if !state.is_flushed() {
            state.flusher = Some(AbortOnDropHandle::new(tokio::spawn(flush_all(self.clone()))));
        }
    }

    /// Writes the oldest of what is late; whether there is more.
    async fn flush(&self) -> Result<bool, Trouble> {
        let Some(group) = self.state().late.group() else {
            return Ok(false);
        };
        self.send(&self.with_gap(&group)).await?;
        let mut state = self.state();
        state.late.written(&group);
        metrics::gauge!(names::EVENTS_LATE).set(state.late.events() as f64);
        Ok(!state.late.is_empty())
    }

    /// What was lost is told of before what comes after it.
    fn with_gap(&self, group: &Group) -> Vec<Outgoing> {
        let mut messages = Vec::with_capacity(group.messages.len() + 1);
        if group.lost > 0 {
            let (stream, common) = (
                self.0.broker.namespace().event_stream(),
                Events {
                    // Of whichever stage: the process says which ones it may have been.
                    stage: EventStage::Unspecified.into(),
                    ..self.common(Stage::Load, group.lost)
                },
            );
            tracing::error!(
                events = group.lost,
                "events are lost, because the broker took none for too long"
            );
            messages.push(pack::message(&stream, &common, Vec::new()));
        }
        messages.extend(group.messages.iter().cloned());
        messages
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until nothing is late any more, or the process ends.
async fn flush_all(writer: EventWriter) {
    let mut backoff = Backoff::new(AGAIN_MIN, AGAIN_MAX);
    while writer.0.broker.shutdown().sleep(backoff.next_delay()).await {
        if let Err(error) = writer.probe().await {
            tracing::debug!(error = logged(&error), "the broker takes no events yet");
            continue;
        }
        loop {
            match writer.flush().await {
                Ok(true) => {}
                Ok(false) => {
                    // Who comes now goes straight to the broker; who came in between is still behind the others.
                    let mut state = writer.state();
                    if state.late.is_empty() {
                        drop(state.flusher.take().map(AbortOnDropHandle::detach));
                        drop(state);
                        tracing::info!("the broker takes events again");
                        return writer.taken_again();
                    }
                }
                Err(error) => {
                    tracing::debug!(error = logged(&error), "the broker takes no events yet");
                    break;
                }
            }
        }
    }
}
