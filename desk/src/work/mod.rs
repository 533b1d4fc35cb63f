//! What operators have begun: it goes on when they close the page, and when this process is killed another one adopts it.
//!
//! A plan that runs is written down in Redis after each step; nothing here is the only place that knows anything but the
//! preview of a plan that was made here, which is shown as long as this process lives.

mod begin;
mod edit;
mod exchange;
mod rules;
mod services;
mod set_up;

pub(crate) use begin::{cancel, discard, make, pause, run, undo};
pub(crate) use edit::{draft, drafts, forget, keep, open, outlook, put_back, reveal};
pub(crate) use exchange::{export, import, spool};
pub(crate) use rules::{add_rule, change_rule};
pub(crate) use services::{ask_doctors, cancel_wish, pause_stage, resume_stage, wish};
pub(crate) use set_up::set_up;

use crate::{auth::Principal, views::hidden};
use pipeline::cause::chain;
use replay::plan::{State, make::Preview};
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use utoipa::ToSchema;

/// Plans and operations whose making is remembered.
const MOST: usize = 200;

/// How a plan is made, or was.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Making {
    /// Letters are being looked at: so many so far.
    Looking {
        /// Letters that were seen.
        seen: u64,
    },
    /// It was made.
    Made(Box<Made>),
    /// No letter is meant.
    Nothing,
    /// It could not be made.
    Failed {
        /// Why.
        why: String,
    },
}

/// What was seen while a plan was made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Made {
    /// What the letters died of.
    #[schema(value_type = Vec<Object>)]
    pub(crate) groups: Vec<replay::browse::Group>,
    /// Customers, estimated.
    pub(crate) customers: u64,
    /// Letters whose customer has gone on since.
    pub(crate) superseded: u64,
    /// Oldest and newest death, unix milliseconds.
    #[schema(value_type = Vec<i64>)]
    pub(crate) died_between: (i64, i64),
    /// What it will cost.
    #[schema(value_type = Object)]
    pub(crate) cost: replay::plan::make::Cost,
    /// Who may hold letters that could not be seen.
    pub(crate) withheld: Option<String>,
    /// Letters before and after a repair, and those that it does not fit.
    #[schema(value_type = Option<Object>)]
    pub(crate) repair: Option<Value>,
}

impl Made {
    fn of(preview: Preview, repair: Option<Value>) -> Self {
        Self {
            groups: preview.groups,
            customers: preview.customers,
            superseded: preview.superseded,
            died_between: preview.died_between,
            cost: preview.cost,
            withheld: preview.withheld,
            repair,
        }
    }
}

impl Making {
    /// Without what customers say, for those who may not read it.
    pub(crate) fn for_eyes_of(self, principal: &Principal) -> Self {
        match self {
            Self::Made(mut made) if !hidden::reads_texts(principal) => {
                for group in &mut made.groups {
                    group.example = hidden::sentence(principal, &group.example);
                }
                made.repair = None;
                Self::Made(made)
            }
            Self::Failed { why } => Self::Failed {
                why: hidden::sentence(principal, &why),
            },
            other => other,
        }
    }
}

#[derive(Default)]
struct Known {
    makings: HashMap<String, Making>,
    /// Plans that are run here.
    running: HashSet<String>,
    /// What ended badly, by the id of plan or operation.
    troubles: HashMap<String, String>,
    /// Those that are remembered, the oldest first.
    order: VecDeque<String>,
}

impl Known {
    fn remember(&mut self, id: &str) {
        if !self.order.iter().any(|known| known == id) {
            self.order.push_back(id.to_owned());
        }
        while self.order.len() > MOST {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            self.makings.remove(&oldest);
            self.troubles.remove(&oldest);
        }
    }
}

/// What was begun here.
#[derive(Default)]
pub(crate) struct Work(Arc<Mutex<Known>>);

/// A plan that is run here; whatever ends the run, even a panic, gives it back.
struct Claim(Arc<Mutex<Known>>, String);

impl Drop for Claim {
    fn drop(&mut self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.running.remove(&self.1);
    }
}

impl Work {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a plan is made, when this process makes it.
    pub(crate) fn making(&self, id: &str) -> Option<Making> {
        self.lock().makings.get(id).cloned()
    }

    /// Why a plan ended that was begun here, as long as it has not gone on elsewhere and come to its end.
    pub(crate) fn trouble_of(&self, id: &str, state: Option<State>) -> Option<String> {
        if state.is_some_and(State::is_over) {
            self.note(id, None);
        }
        self.trouble(id)
    }

    /// Why something ended that was begun here.
    pub(crate) fn trouble(&self, id: &str) -> Option<String> {
        self.lock().troubles.get(id).cloned()
    }

    /// A run has ended; what kept it from its end is shown on its page.
    fn ended(&self, id: &str, ran: &Result<(), replay::error::Error>) {
        if let Err(error) = ran {
            let error = words::english(|| chain(error));
            tracing::warn!(plan = id, error, "a replay has ended");
            self.note(id, Some(error));
        }
    }

    /// The plan is run here until the claim is dropped; `None`: it is already.
    fn claim(&self, id: &str) -> Option<Claim> {
        let claimed = self.lock().running.insert(id.to_owned());
        claimed.then(|| Claim(Arc::clone(&self.0), id.to_owned()))
    }

    fn make(&self, id: &str, making: Making) {
        let mut known = self.lock();
        known.remember(id);
        known.makings.insert(id.to_owned(), making);
    }

    fn note(&self, id: &str, trouble: Option<String>) {
        let mut known = self.lock();
        known.remember(id);
        match trouble {
            Some(trouble) => known.troubles.insert(id.to_owned(), trouble),
            None => known.troubles.remove(id),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_run_here_once_at_a_time_also_after_a_panic() {
        let work = Work::default();
        let claimed = work.claim("p-1");
        assert!(claimed.is_some() && work.claim("p-1").is_none() && work.claim("p-2").is_some());
        let run = std::panic::AssertUnwindSafe(|| {
            let _claimed = claimed;
            panic!("on purpose")
        });
        assert!(std::panic::catch_unwind(run).is_err());
        assert!(work.claim("p-1").is_some());
    }

    #[test]
    fn a_plan_that_is_over_has_no_trouble() {
        let work = Work::default();
        let note = || work.note("p", Some("another replay is under way".into()));
        for (state, has) in [
            (None, true),
            (Some(State::Running), true),
            (Some(State::Paused), true),
            (Some(State::Complete), false),
            (Some(State::Cancelled), false),
        ] {
            note();
            assert_eq!(work.trouble_of("p", state).is_some(), has, "{state:?}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let work = Work::default();
        for number in 0..MOST + 5 {
            work.make(&number.to_string(), Making::Nothing);
            work.note(&number.to_string(), Some("x".into()));
        }
        assert!(work.making("0").is_none() && work.trouble("4").is_none());
        assert!(work.making("5").is_some());
        work.note("5", None);
        assert!(work.trouble("5").is_none());
    }
}
