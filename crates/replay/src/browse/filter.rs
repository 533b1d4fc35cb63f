//! Which dead letters a command is about, and how many of them.

use crate::{letter::Letter, query::Query};
use serde::{Deserialize, Serialize};
use std::{fmt, ops::ControlFlow};

/// Which dead letters.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
// Whoever cannot read a member of it must not take it for a filter of every letter.
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// What they have in common.
    pub query: Query,
    /// At most this many, oldest first.
    pub limit: Option<u64>,
}

impl From<Query> for Filter {
    fn from(query: Query) -> Self {
        Self { query, limit: None }
    }
}

impl Filter {
    /// Whether the letter is meant.
    #[must_use]
    pub fn matches(&self, letter: &Letter) -> bool {
        self.query.matches(letter)
    }

    /// Whether enough letters have been chosen.
    #[must_use]
    pub fn is_full(&self, chosen: u64) -> bool {
        self.limit.is_some_and(|limit| chosen >= limit)
    }

    /// Whether a look that has chosen so many needs to see more letters.
    pub(crate) fn go_on(&self, chosen: u64) -> ControlFlow<()> {
        if self.is_full(chosen) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// No condition at all: every letter.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.query == Query::Everything && self.limit.is_none()
    }
}

/// With relative times resolved and customers' words masked, for plans and the audit log.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.query, self.limit) {
            (query, None) => query.fmt(f),
            (Query::Everything, Some(limit)) => write!(f, "{}", words::kept!("the first {limit}")),
            (query, Some(limit)) => write!(f, "{}", words::kept!("{query}, the first {limit}")),
        }
    }
}
