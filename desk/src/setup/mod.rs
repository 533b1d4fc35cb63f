//! Setting the pipeline up: from keys to rows, without anybody typing the id of a widget.
//!
//! The desk asks the three programs by wishes, which call the vendors with keys of their own; keys that are typed here are sealed
//! at once for the program that needs them, and kept nowhere. What was chosen is in [`progress`], [`Step`] is one thing that
//! somebody does; pages, API and `desk setup` do the same steps.

mod beginning;
pub(crate) mod files;
pub(crate) mod programs;
pub(crate) mod progress;
mod step;
mod steps;
mod trying;

use std::sync::{Mutex, PoisonError};

pub(crate) use progress::{Kept, Progress};
pub(crate) use step::Step;
pub(crate) use steps::{SetUp, Tried};

/// Where setting up happens; one step at a time.
pub(crate) struct Place {
    pub(crate) kept: Kept,
    pub(crate) one_at_a_time: tokio::sync::Mutex<()>,
    tried: Mutex<Tried>,
}

impl Place {
    pub(crate) fn new(kept: Kept) -> Self {
        Self {
            kept,
            one_at_a_time: tokio::sync::Mutex::default(),
            tried: Mutex::default(),
        }
    }

    /// What was tried last.
    pub(crate) fn tried(&self) -> Tried {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers what was tried.
    pub(crate) fn remember(&self, tried: Tried) {
        *self.tried.lock().unwrap_or_else(PoisonError::into_inner) = tried;
    }
}
