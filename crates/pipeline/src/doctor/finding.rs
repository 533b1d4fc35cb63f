//! A finding: what was examined, how well it is, and what to do.

use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// Works, with a risk that an operator should know.
    Risk,
    /// The service cannot work, or would lose something.
    Bad,
}

impl Health {
    /// As it stands before a line.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Risk => "!",
            Self::Bad => "✗",
        }
    }
}

/// One line of `doctor` or `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was examined.
    pub what: String,
    /// How well it is.
    pub health: Health,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty when nothing needs to be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Finding {
    /// The same in the language that is spoken, after a service has said it in English.
    #[must_use]
    pub fn told(&self) -> Self {
        Self {
            what: words::retold(&self.what),
            health: self.health,
            seen: words::retold(&self.seen),
            remedy: words::retold(&self.remedy),
        }
    }

    /// As it should be.
    pub fn good(what: impl Into<String>, seen: impl Display) -> Self {
        Self {
            what: what.into(),
            health: Health::Good,
            seen: words::retold(&seen.to_string()),
            remedy: String::new(),
        }
    }

    /// Works, with a risk.
    pub fn risk(what: impl Into<String>, seen: impl Display, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            health: Health::Risk,
            seen: words::retold(&seen.to_string()),
            remedy: words::said(&remedy.into()).to_owned(),
        }
    }

    /// Does not work.
    pub fn bad(what: impl Into<String>, seen: impl Display, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            health: Health::Bad,
            seen: words::retold(&seen.to_string()),
            remedy: words::said(&remedy.into()).to_owned(),
        }
    }
}
