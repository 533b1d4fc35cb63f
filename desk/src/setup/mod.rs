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
pub(crate) use trying::tried_before;

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

#[cfg(test)]
mod tests {
    use words::{Language, retold, scoped};

    #[test]
    fn what_programs_say_is_told_again_as_a_whole() {
        for said in [
            "OKKI has accepted the keys: 300 customers, 200 on the first page",
            "Jiandaoyun has accepted the key: 2 apps, 7 forms",
            "the mapping cannot be used: 3 problems",
            "the settings are written, and every replica of loader begins anew with them",
            "JDY_API_KEY is missing; keys are tried all at once",
            "12 customers wait; 3 rows fit exactly one of them, 0 are known, 1 fit several, 2 fit none",
            "widget OKKI ID cannot hold the key: is of type number, and a key widget has to be of type text",
            "the settings cannot be used: JDY_APP_ID: is required but not set; set it, or MAPPING to a document that names it; open /setup of the desk",
        ] {
            let told = scoped(Language::Chinese, || retold(said));
            let english = [
                "the",
                "customers",
                "apps",
                "is",
                "has",
                "problems",
                "wait",
                "of",
                "page",
            ];
            let left: Vec<_> = told
                .split_whitespace()
                .filter(|word| english.contains(word))
                .collect();
            assert!(left.is_empty(), "{said} → {told}");
        }
    }
}
