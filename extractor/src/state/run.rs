//! What is remembered of a run: enough for another leader to take it up, and for `status` to show it.

use super::nobody::Beyond;
use crate::{
    clocks::{APART_S, Clocks},
    look_back::Look,
    window::Window,
};
use pipeline::listed;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The kinds of listing work; each has its own lease, checkpoint and schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RunKind {
    /// What changed since the last window.
    Live,
    /// The recent past once more (补漏).
    Remedy,
    /// A span that a person asked for.
    Backfill,
    /// Everything of before the first live window, when there is no checkpoint.
    First,
    /// Everybody fetched anew, for what changes without an update time.
    Refresh,
    /// What live windows have passed over, once more, for what the listing showed late.
    LookBack,
}

impl RunKind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Live,
        Self::Remedy,
        Self::Backfill,
        Self::First,
        Self::Refresh,
        Self::LookBack,
    ];

    /// Part of Redis keys and run ids.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Remedy => "remedy",
            Self::Backfill => "backfill",
            Self::First => "first",
            Self::Refresh => "refresh",
            Self::LookBack => "look-back",
        }
    }
}

/// Which of the two listings is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// Existing customers.
    Changed,
    /// Deleted customers.
    Removed,
}

impl Phase {
    /// The one that it is not.
    #[must_use]
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Changed => Self::Removed,
            Self::Removed => Self::Changed,
        }
    }
}

/// A run that has begun, as it is kept until it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Names the run in messages and logs.
    pub id: String,
    /// The frozen window's start, unix seconds.
    pub start: Option<i64>,
    /// The frozen window's end, unix seconds.
    pub end: i64,
    /// The listing being read.
    pub phase: Phase,
    /// Which part of the listing is being read, of several groups the one with this number.
    #[serde(default)]
    pub part: usize,
    /// Everything of the part before this second is confirmed by the broker.
    pub cursor: Option<i64>,
    /// Deleted customers are listed, too.
    pub removals: bool,
    /// Details are fetched even when the version is loaded.
    pub force: bool,
    /// Customers published.
    pub listed: u64,
    /// Customers that the listing has shown, published or known before.
    #[serde(default)]
    pub seen: u64,
    /// Rows that were seen before.
    pub duplicates: u64,
    /// Rows that name no customer.
    pub damaged: u64,
    /// The vendor's total for the window when the run began, and when it was walked to its end; an estimate.
    pub expected: Option<u64>,
    /// By how many seconds its end lies ahead of our clocks, as OKKI's clock does.
    #[serde(default)]
    pub apart: i64,
    /// When its end was the present, by Redis' clock, unix milliseconds.
    #[serde(default)]
    pub listed_ms: i64,
    /// No other run will list the window.
    #[serde(default)]
    pub once: bool,
    /// How often it was walked again because fewer customers were shown than OKKI counts.
    #[serde(default)]
    pub again: u32,
    /// How many fewer were shown in the end.
    #[serde(default)]
    pub short: u64,
    /// What decided which customers it lists; of first loads only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// By which condition the transformers dropped customers when it began; of first loads only, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// How far it looks back and what it has found late; of looks back only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Look>,
    /// Customers that it waited for when this process took it up. Whoever was killed between counting some and publishing
    /// them leaves customers without a message, which come only when they are listed again: nothing may wait for them.
    #[serde(skip)]
    pub left_behind: u64,
    /// Hashes of the customers that this process has been shown of a window that is listed once.
    #[serde(skip)]
    pub shown: HashSet<u64>,
    /// Redis' clock, unix milliseconds.
    pub started_ms: i64,
    /// Redis' clock, unix milliseconds; set at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_ms: Option<i64>,
    /// Who lists, or listed last.
    pub leader: String,
}

impl Run {
    /// A run beside the schedules, which ends with whoever makes it.
    pub(crate) fn apart(id: String, window: Window, phase: Phase, leader: &str) -> Self {
        Self {
            id,
            start: window.start,
            end: window.end,
            phase,
            part: 0,
            cursor: None,
            removals: false,
            force: false,
            listed: 0,
            seen: 0,
            duplicates: 0,
            damaged: 0,
            expected: None,
            apart: 0,
            listed_ms: 0,
            once: false,
            again: 0,
            short: 0,
            filter: None,
            condition: None,
            look: None,
            left_behind: 0,
            shown: HashSet::new(),
            started_ms: 0,
            finished_ms: None,
            leader: leader.to_owned(),
        }
    }

    /// The frozen window.
    #[must_use]
    pub(crate) const fn window(&self) -> Window {
        Window {
            start: self.start,
            end: self.end,
        }
    }

    /// What the end of a look back says of the last wide one; nothing: that stays. Something late makes the next one wide.
    pub(super) fn wide_s(&self) -> Option<String> {
        let look = self.look.as_ref()?;
        match look {
            Look {
                late: 1..,
                told: true,
                ..
            } => Some("0".to_owned()),
            Look { wide: true, .. } => Some((self.started_ms / 1_000).to_string()),
            _ => None,
        }
    }

    /// What is told of late changes from the end of a look back on, as JSON.
    pub(super) fn late(&self) -> Option<String> {
        let look = self.look.as_ref().filter(|look| look.told && look.late > 0)?;
        let oldest = look.oldest.unwrap_or(self.end);
        let late = serde_json::json!({ "late": look.late, "oldest": oldest, "at_ms": self.finished_ms });
        Some(late.to_string())
    }

    /// Begins the next part of the listing, of so many, and after the last one the listing of deleted customers.
    pub(crate) fn next_listing(&mut self, parts: usize) -> bool {
        if self.part + 1 < parts {
            self.part += 1;
        } else if self.phase == Phase::Removed || !self.removals {
            return false;
        } else {
            self.phase = Phase::Removed;
            self.part = 0;
        }
        self.cursor = None;
        true
    }
}

/// How things stand with a kind of run, as Redis has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KindState {
    /// A run that has not ended.
    pub run: Option<Run>,
    /// End of the last complete window.
    pub checkpoint: Option<i64>,
    /// When the last run began, unix milliseconds on Redis' clock.
    pub started_ms: Option<i64>,
    /// When the past was last looked at as far back as ever, unix seconds; of looks back only. 0: the next one does so.
    pub wide_s: Option<i64>,
    /// Rows that the last look back has listed, and the customers that the last first load was shown.
    pub looked: Option<u64>,
    /// The checkpoint when the listing was seen to show nobody any more, although somebody was listed before; of live runs only.
    pub nobody: Option<i64>,
    /// The last window that no other run lists was shown without a tenth of its customers or more.
    pub lacks_a_tenth: bool,
    /// When the last window ended by our clocks, of which OKKI's may differ.
    pub seen: Option<String>,
    /// Who is listed with an update time that lies ahead of every window.
    pub beyond: Option<Beyond>,
    /// A run is wanted, whatever the schedule says.
    pub wanted: bool,
    /// Redis' clock when it answered, unix milliseconds.
    pub redis_ms: i64,
}

impl KindState {
    /// A checkpoint that no clock of ours has reached was never a time up to which everything is listed.
    #[must_use]
    pub(crate) fn is_ahead(&self) -> bool {
        self.checkpoint
            .is_some_and(|checkpoint| self.clocks().is_future(checkpoint))
    }

    /// When the checkpoint was the present, by Redis' clock, unix milliseconds.
    #[must_use]
    pub(crate) fn listed_ms(&self) -> Option<i64> {
        let checkpoint = self.checkpoint?;
        Some(listed::at_ms(checkpoint, self.seen.as_deref()))
    }

    /// When the last run began, if that is not in the future: then another clock has written it, and it says nothing.
    #[must_use]
    pub(crate) fn started_before_now(&self) -> Option<i64> {
        self.started_ms
            .filter(|started| started.saturating_sub(self.redis_ms) <= APART_S * 1_000)
    }

    /// Ours and Redis' clock.
    #[must_use]
    pub(crate) fn clocks(&self) -> Clocks {
        Clocks::with_redis(self.redis_ms)
    }
}
