//! A stage's whole view of the broker: a handler takes jobs and returns outcomes, the shared consumer does the rest.
//!
//! The consumer publishes what an outcome asks for, awaits the broker's confirms and acknowledges only then, so a
//! handler can be run twice for the same message (crash, redelivery, replay) and must make that harmless.

use crate::{broker::Outgoing, version::Version};
use proto::v1::{CompanyRef, CompanySnapshot, FormRecord, Lane};
use serde::{Deserialize, Serialize};

/// What a message is about; gives message ids, headers and the failure record their identity.
pub trait Subject {
    /// Value of the AMQP `type` property, package and message name.
    const TYPE: &'static str;
    /// The customer.
    fn company_id(&self) -> &str;
    /// The customer's state that the message carries.
    fn version(&self) -> Version;
    /// The run that listed it.
    fn run_id(&self) -> &str;
    /// Priority of the work.
    fn lane(&self) -> Lane;
    /// Changes the priority of the work; a replay overrides the lane of an untouched body.
    fn set_lane(&mut self, lane: Lane);
}

/// Identity of a message, detached from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRef {
    /// The customer.
    pub company_id: String,
    /// The state that the message carried.
    pub version: Version,
}

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
    /// Not before another message was handled: steps aside through the first retry queue. Counts nothing.
    Park,
}

impl<R> Outcome<R> {
    /// Finished, with nothing to publish or to remember.
    #[must_use]
    pub fn done(tally: Tally) -> Self {
        Self::Done(Done {
            publish: Vec::new(),
            receipt: None,
            tally,
        })
    }

    /// Finished, with these messages for the next stage.
    #[must_use]
    pub fn forward(publish: Vec<Outgoing>, receipt: Option<R>) -> Self {
        Self::Done(Done {
            publish,
            receipt,
            tally: Tally::Forwarded,
        })
    }
}

/// A finished job.
#[derive(Debug)]
pub struct Done<R> {
    /// Confirmed by the broker before the job's message is acknowledged.
    pub publish: Vec<Outgoing>,
    /// Handed to [`Handler::confirmed`].
    pub receipt: Option<R>,
    /// How the job is counted.
    pub tally: Tally,
}

/// How a finished record is counted in metrics and in the books (I9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// Went on to the next stage.
    Forwarded,
    /// Is in the form now.
    Loaded,
    /// Was in the form already, with the same content.
    Unchanged,
    /// Dropped by a rule, named here.
    Filtered(&'static str),
    /// A second copy of something already done.
    Duplicate,
    /// A newer state of the customer came first.
    Superseded,
    /// Known to be loaded, so no work was done.
    Skipped,
}

impl Tally {
    /// Metric label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Loaded => "loaded",
            Self::Unchanged => "unchanged",
            Self::Filtered(_) => "filtered",
            Self::Duplicate => "duplicate",
            Self::Superseded => "superseded",
            Self::Skipped => "skipped",
        }
    }
}

/// Why a job failed, in words and codes that people and filters can use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// Stable reason in kebab-case, for instance `mapping-error`.
    pub code: &'static str,
    /// One sentence; holds neither secrets nor unmasked customer data.
    pub message: String,
    /// What the vendor answered.
    pub vendor: Option<VendorAnswer>,
    /// The field at fault.
    pub field: Option<String>,
    /// The expression at fault.
    pub expression: Option<String>,
    /// Where in which batch the record was.
    pub batch: Option<BatchPosition>,
}

impl Failure {
    /// A failure with a reason and a sentence.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            ..Self::default()
        }
    }
}

/// A vendor's error, shortened and masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorAnswer {
    /// The vendor's own code, or the HTTP status.
    pub code: String,
    /// The vendor's text.
    pub message: String,
}

/// Place of a record in a vendor batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchPosition {
    /// Batch (transaction) id.
    pub id: String,
    /// Zero-based position.
    pub position: u32,
}

impl Subject for CompanyRef {
    const TYPE: &'static str = "okki.pipeline.v1.CompanyRef";

    fn company_id(&self) -> &str {
        &self.company_id
    }

    fn version(&self) -> Version {
        Version {
            update_time: self.update_time,
            sequence: self.sequence,
        }
    }

    fn run_id(&self) -> &str {
        &self.run_id
    }

    fn lane(&self) -> Lane {
        self.lane.try_into().unwrap_or_default()
    }

    fn set_lane(&mut self, lane: Lane) {
        self.lane = lane.into();
    }
}

macro_rules! versioned_subject {
    ($message:ty, $name:literal) => {
        impl Subject for $message {
            const TYPE: &'static str = concat!("okki.pipeline.v1.", $name);

            fn company_id(&self) -> &str {
                &self.company_id
            }

            fn version(&self) -> Version {
                self.version.map(Version::from).unwrap_or_default()
            }

            fn run_id(&self) -> &str {
                &self.run_id
            }

            fn lane(&self) -> Lane {
                self.lane.try_into().unwrap_or_default()
            }

            fn set_lane(&mut self, lane: Lane) {
                self.lane = lane.into();
            }
        }
    };
}

versioned_subject!(CompanySnapshot, "CompanySnapshot");
versioned_subject!(FormRecord, "FormRecord");
