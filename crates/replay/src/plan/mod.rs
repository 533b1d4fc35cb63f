//! A plan: a frozen set of dead letters, why they are put back, and what has become of each.
//!
//! It lives in Redis, as long as it is open and for a week after. Redis never holds the only copy of a letter: when a
//! plan is lost its letters are still in the queue, and putting one back twice is harmless (I2, I3).

mod ahead;
pub(crate) mod busy;
mod canary;
pub mod change;
pub mod end;
pub mod failed;
mod in_hand;
pub mod make;
mod maker;
pub mod options;
pub mod outcomes;
mod pass;
pub mod plans;
pub mod rate;
pub(crate) mod read;
pub mod recorded;
pub mod run;
mod sending;
pub mod start;
pub mod state;
pub mod summary;
mod sweep;
mod window;

pub use end::End;
pub use start::Start;
pub use state::State;

use crate::{
    browse::Filter,
    repair::{self, Repair},
};
use options::Options;
use pipeline::{disposition::Disposition, stage::Stage};
use serde::Serialize;
use std::collections::BTreeMap;

/// A plan as it is written down.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Its id, which is also the first half of the replay tag on everything it sends.
    pub id: String,
    /// The stage whose letters it puts back.
    pub stage: String,
    /// How they were chosen, in words.
    pub filter: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub operator: String,
    /// Unix milliseconds.
    pub made_at: i64,
    /// Where it stands.
    pub state: State,
    /// Why it stands there, in words.
    pub note: String,
    /// Letters in it.
    pub total: u64,
    /// Letters that were browsed and are not in it.
    pub unmatched: u64,
    /// Letters that were put back.
    pub sent: u64,
    /// Letters by their end.
    pub outcomes: BTreeMap<End, u64>,
    /// How it was run last.
    pub options: Options,
    /// Where handling begins again.
    pub from: Start,
    /// What is done to each letter on its way; written out without a customer's data.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "repair::described")]
    pub repair: Option<Repair>,
    /// When it was run first, unix milliseconds.
    pub begun_at: Option<i64>,
    /// When it stopped running last, unix milliseconds.
    pub ended_at: Option<i64>,
    /// When the last outcome was reported, unix milliseconds.
    pub last_outcome_at: Option<i64>,
    /// Who has changed its state last, and from where.
    pub changed_by: String,
    /// When, unix milliseconds.
    pub changed_at: Option<i64>,
    /// Outcomes per second so far.
    pub rate: Option<f64>,
    /// The filter itself, for a plan that is completed.
    #[serde(skip)]
    pub(crate) chosen: Option<Filter>,
}

impl Plan {
    /// Letters of which nothing more is expected.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Letters with one of these ends.
    #[must_use]
    pub fn count<E: Into<End>>(&self, ends: impl IntoIterator<Item = E>) -> u64 {
        let ends = ends.into_iter().map(Into::into);
        ends.filter_map(|end| self.outcomes.get(&end)).sum()
    }

    /// Letters that were put back and have come to their end.
    #[must_use]
    pub fn reported(&self) -> u64 {
        self.known() - self.count([End::Refused, End::Gone])
    }

    /// Letters that failed again.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.count([Disposition::Dead])
    }

    /// Letters on their way: sent, and their outcome is not known.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.sent.saturating_sub(self.reported())
    }

    /// Letters that are still in the dead-letter queue because of this plan or in spite of it.
    #[must_use]
    pub fn left(&self) -> u64 {
        let elsewhere = self.sent + self.count([End::Gone]);
        self.unmatched + self.total.saturating_sub(elsewhere)
    }

    fn observed_rate(&self) -> Option<f64> {
        let seconds = (self.last_outcome_at? - self.begun_at?) as f64 / 1_000.0;
        (seconds > 0.0).then(|| (self.reported() as f64 / seconds * 100.0).round() / 100.0)
    }

    /// Whether it is a plan for letters of this stage.
    pub(crate) fn belongs_to(&self, stage: Stage) -> bool {
        self.stage == stage.name()
    }
}
