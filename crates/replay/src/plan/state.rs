//! Where a plan stands, and what its record in Redis calls that.

use serde::{Deserialize, Serialize};

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its set is being frozen.
    Making,
    /// Ready to run.
    Planned,
    /// Being run, or killed while it was run.
    Running,
    /// Interrupted; `resume` goes on.
    Paused,
    /// Ended itself because too many failed again; `resume` begins with a canary once more.
    Stopped,
    /// Everything was sent without waiting for the outcomes.
    Sent,
    /// Ended by an operator; nothing more will be sent.
    Cancelled,
    /// Every outcome is known.
    Complete,
}

impl State {
    const ALL: [(Self, &str); 8] = [
        (Self::Making, "making"),
        (Self::Planned, "planned"),
        (Self::Running, "running"),
        (Self::Paused, "paused"),
        (Self::Stopped, "stopped"),
        (Self::Sent, "sent"),
        (Self::Cancelled, "cancelled"),
        (Self::Complete, "complete"),
    ];

    /// Its word in Redis and on the screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, name)| name)
    }

    /// The same as people of any language read it.
    #[must_use]
    pub fn told(self) -> &'static str {
        words::sense(match self {
            Self::Making => words::mark!("plan state: making"),
            Self::Planned => words::mark!("plan state: planned"),
            Self::Running => words::mark!("plan state: running"),
            Self::Paused => words::mark!("plan state: paused"),
            Self::Stopped => words::mark!("plan state: stopped"),
            Self::Sent => words::mark!("plan state: sent"),
            Self::Cancelled => words::mark!("plan state: cancelled"),
            Self::Complete => words::mark!("plan state: complete"),
        })
    }

    pub(super) fn read(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(_, known)| *known == name)
            .map(|(state, _)| state)
    }

    /// Nothing more will be sent.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Complete)
    }
}
