//! Scripted faults: which calls they hit, and what goes wrong with them.

mod armed;
mod source;
mod strange;

use serde::{Deserialize, Serialize};

pub(super) use armed::{ArmedFault, Faults};
pub use source::Oddity;
pub use strange::Ids;
pub(super) use strange::Strange;

/// One of the two vendors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// OKKI, the source.
    Okki,
    /// Jiandaoyun, the target.
    Jdy,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// An HTTP status from a gateway; the call did not reach the vendor, unless `commit`.
    Status {
        /// 502, 503, 429, …
        status: u16,
        /// The call takes effect all the same.
        #[serde(default)]
        commit: bool,
    },
    /// No answer until the client gives up.
    Hang {
        /// The call takes effect all the same.
        #[serde(default)]
        commit: bool,
    },
    /// The connection is reset without an answer.
    Reset {
        /// The call takes effect all the same.
        #[serde(default)]
        commit: bool,
    },
    /// The answer is right and late; the call takes effect even if the client has gone by then.
    Slow {
        /// Delay before the work starts.
        ms: u64,
    },
    /// The answer is cut in the middle; the call took effect.
    Malformed,
    /// Only the first rows of a batch are written.
    Partial {
        /// How many.
        rows: usize,
    },
    /// The vendor answers with a code of its own and does nothing.
    Code {
        /// Any code; OKKI's may be negative.
        code: i64,
        /// Message; empty gives the table's text.
        #[serde(default)]
        message: String,
        /// HTTP status instead of the vendor's usual one.
        #[serde(default)]
        status: Option<u16>,
    },
    /// No answer, and the call takes effect later.
    LateCommit {
        /// How much later.
        ms: u64,
    },
    /// Everything is reset, nothing takes effect, and no call is counted.
    Outage,
    /// No answer, and the call takes effect when [`Simulator::release`](crate::simulator::Simulator::release) says so.
    Withheld,
    /// No answer, the next call about the same rows is refused, and the first one takes effect all the same.
    LateAfterRefusal {
        /// How long after it came.
        ms: u64,
        /// The code that refuses the next one.
        code: i64,
    },
    /// Refused with this code, and carried out all the same; of a batch so many rows.
    RefusedButDone {
        /// Rows of a batch.
        rows: usize,
        /// The code.
        code: i64,
    },
    /// The call takes effect, and the answer names other ids.
    BentIds {
        /// Which.
        ids: Ids,
    },
    /// The call takes effect, and the answer counts other than what it did.
    BentCount {
        /// By how many.
        by: i64,
    },
    /// A detail as a replica that is behind shows it: an older update time. The truth is untouched.
    Older {
        /// Seconds.
        by_s: i64,
    },
    /// The answer, with another value for a member of `data`; of a listing, of each row.
    Member {
        /// Which member.
        name: String,
        /// What it is instead.
        value: serde_json::Value,
    },
    /// Refused with this status and a `Retry-After`.
    RetryLater {
        /// 429, 503, …
        status: u16,
        /// Seconds.
        after_s: u64,
        /// As an HTTP date instead of seconds.
        #[serde(default)]
        date: bool,
    },
    /// The right answer of a source, dressed in some other way.
    Odd {
        /// How.
        how: Oddity,
    },
}

/// A fault and the calls it hits. Without a condition it hits every call until it is cleared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Given when the fault is added.
    #[serde(default)]
    pub id: u64,
    /// Whose calls.
    pub vendor: Vendor,
    /// `batch_create`, `list`, `info`, `token`, `v2.create`, …; missing = every operation.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Only calls whose query or body contains this text.
    #[serde(default)]
    pub containing: Option<String>,
    /// Hits these calls only, counted from 1 since the fault was added.
    #[serde(default)]
    pub nth: Vec<u64>,
    /// Hits every k-th call.
    #[serde(default)]
    pub every: Option<u64>,
    /// Hits with this probability, drawn from `seed`.
    #[serde(default)]
    pub probability: Option<f64>,
    /// Seed of `probability`.
    #[serde(default)]
    pub seed: u64,
    /// Starts this long after it was added.
    #[serde(default)]
    pub after_ms: u64,
    /// Ends this long after it started.
    #[serde(default)]
    pub for_ms: Option<u64>,
    /// Hits at most so many calls.
    #[serde(default)]
    pub times: Option<u64>,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

impl Fault {
    /// A fault for every call of an operation; narrow it with the other methods.
    pub fn on(vendor: Vendor, endpoint: &str, kind: FaultKind) -> Fault {
        let endpoint = (!endpoint.is_empty() && endpoint != "*").then(|| endpoint.to_owned());
        Fault {
            id: 0,
            vendor,
            endpoint,
            containing: None,
            nth: vec![],
            every: None,
            probability: None,
            seed: 0,
            after_ms: 0,
            for_ms: None,
            times: None,
            kind,
        }
    }

    /// Only the n-th call from now on, counted from 1.
    pub fn nth(mut self, n: u64) -> Fault {
        self.nth.push(n);
        self
    }

    /// Only every k-th call.
    pub fn every(mut self, k: u64) -> Fault {
        self.every = Some(k);
        self
    }

    /// Only with this probability.
    pub fn probability(mut self, probability: f64, seed: u64) -> Fault {
        (self.probability, self.seed) = (Some(probability), seed);
        self
    }

    /// At most so many calls.
    pub fn times(mut self, n: u64) -> Fault {
        self.times = Some(n);
        self
    }

    /// Only calls whose query or body contains this text.
    pub fn containing(mut self, text: &str) -> Fault {
        self.containing = Some(text.to_owned());
        self
    }

    /// Only within this span from now.
    pub fn for_ms(mut self, ms: u64) -> Fault {
        self.for_ms = Some(ms);
        self
    }
}
