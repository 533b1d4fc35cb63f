//! A stage's whole view of the broker: a handler takes jobs and returns outcomes, the shared consumer does the rest.
//!
//! The consumer publishes what an outcome asks for, awaits the broker's confirms and acknowledges only then, so a
//! handler can be run twice for the same message (crash, redelivery, replay) and must make that harmless.

use crate::{
    disposition::Disposition,
    failure::Failure,
    message::{Outgoing, Subject, SubjectRef},
};
use proto::v1::{Lane, What};

/// The work of one stage.
pub trait Handler: Send + Sync + 'static {
    /// The message that the stage consumes.
    type In: prost::Message + Default + Subject + 'static;
    /// What to remember once everything published for a message is confirmed.
    type Receipt: Send + 'static;

    /// Works on a batch; returns one outcome per job, in the order of the batch.
    ///
    /// May be cancelled only by the end of the process. A panic is a failed attempt of the message that caused it.
    fn handle(&self, batch: Vec<Job<Self::In>>) -> impl Future<Output = Vec<Outcome<Self::Receipt>>> + Send;

    /// Fingerprint of the mapping that the message was, or would be, treated with; for the failure record. `None` for
    /// the message when its body cannot be read.
    fn mapping(&self, message: Option<&Self::In>) -> Option<String> {
        let _ = message;
        None
    }

    /// Called after the confirms and before the acknowledgements. Losing the call must be harmless.
    fn confirmed(&self, receipts: Vec<Self::Receipt>) -> impl Future<Output = ()> + Send {
        drop(receipts);
        async {}
    }

    /// Called after messages were confirmed into the dead-letter queue. Losing the call must be harmless.
    fn died(&self, subjects: Vec<SubjectRef>) -> impl Future<Output = ()> + Send {
        drop(subjects);
        async {}
    }
}

/// One message of a batch.
#[derive(Debug, Clone)]
pub struct Job<M> {
    /// The decoded body.
    pub message: M,
    /// What travelled beside it.
    pub meta: Meta,
}

/// What travels beside a message, see `ARCHITECTURE.md` for the headers.
#[derive(Debug, Clone, Default)]
pub struct Meta {
    /// 1 for the first attempt; our own count, the broker's is not used.
    pub attempt: u32,
    /// When the message was first published, unix milliseconds.
    pub first_seen_ms: i64,
    /// W3C trace context, kept through retry, dead letter and replay.
    pub traceparent: Option<String>,
    /// The broker has delivered the message before, perhaps to a consumer that died.
    pub redelivered: bool,
    /// The replay that put the message back, `<plan>/<letter>`.
    pub replay: Option<String>,
    /// Priority of the work; use this one and not the body's, because a replay does not touch the body.
    pub lane: Lane,
}

/// What became of a job.
#[derive(Debug)]
pub enum Outcome<R = ()> {
    /// Finished: publish, confirm, acknowledge.
    Done(Done<R>),
    /// Failed for now; counts an attempt. When the ladder is used up the message is dead.
    Retry(Failure),
    /// Will fail in the same way each time; dead at once.
    Dead(Failure),
    /// Not now: the handler has closed the gate. Counts nothing; handled again when the gate opens.
    Hold,
    /// Not before something else has happened: steps aside through a retry queue. Counts nothing.
    Park(WaitsFor),
}

impl<R> Outcome<R> {
    /// Finished, with nothing to publish or to remember.
    #[must_use]
    pub fn done(disposition: Disposition) -> Self {
        Self::Done(Done::new(disposition))
    }

    /// Dropped by the rule of this name.
    #[must_use]
    pub fn filtered(rule: &'static str) -> Self {
        Self::Done(Done {
            rule: Some(rule),
            ..Done::new(Disposition::Filtered)
        })
    }

    /// Finished, with these messages for the next stage.
    #[must_use]
    pub fn forward(publish: Vec<Outgoing>, receipt: Option<R>) -> Self {
        Self::Done(Done {
            publish,
            receipt,
            ..Done::new(Disposition::Forwarded)
        })
    }
}

/// What a parked message waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// Another message of the stage: the shortest wait.
    OtherMessage,
    /// A consumer that knows the newer contract: the longest wait.
    NewerConsumer,
    /// The vendor's next day, because the rest of this one is kept for live work: the longest wait.
    NextDay,
    /// A person's decision: the longest wait.
    Person,
}

/// A finished job.
#[derive(Debug)]
pub struct Done<R> {
    /// Confirmed by the broker before the job's message is acknowledged.
    pub publish: Vec<Outgoing>,
    /// Handed to [`Handler::confirmed`].
    pub receipt: Option<R>,
    /// What became of the record.
    pub disposition: Disposition,
    /// Name of the rule that dropped it.
    pub rule: Option<&'static str>,
    /// Why there was nothing to do, for the account of events; no rule has dropped it.
    pub reason: Option<&'static str>,
    /// What the account of events says, when that is more than the disposition does.
    pub what: Option<What>,
    /// The row of the form that this is about.
    pub row_id: String,
}

impl<R> Done<R> {
    /// A job that ended like this, and no more to say about it.
    #[must_use]
    pub fn new(disposition: Disposition) -> Self {
        Self {
            publish: Vec::new(),
            receipt: None,
            disposition,
            rule: None,
            reason: None,
            what: None,
            row_id: String::new(),
        }
    }
}
