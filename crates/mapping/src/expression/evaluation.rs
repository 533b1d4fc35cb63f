//! What an expression is evaluated on: a record with its surroundings, and what is noted on the way.

use std::cell::{Cell, RefCell};

use super::super::record::Record;
use super::super::sql::eval::{Env, MAX_STEPS};
use super::{Arms, Context, Notice, Scope, Zone};

/// One record under evaluation: the data, the clock, a bound on work and the notices that came up.
#[derive(Debug)]
pub struct Evaluation<'a> {
    record: &'a Record,
    context: &'a Context,
    fuel: Cell<u32>,
    notices: Option<RefCell<Vec<Notice>>>,
    arms: Option<&'a Arms>,
}

impl<'a> Evaluation<'a> {
    /// Without notices, for speed.
    pub fn new(record: &'a Record, context: &'a Context) -> Self {
        Evaluation {
            record,
            context,
            fuel: Cell::new(MAX_STEPS),
            notices: None,
            arms: None,
        }
    }

    /// The same, noting which arms are taken.
    #[must_use]
    pub fn noting(mut self, arms: &'a Arms) -> Self {
        self.arms = Some(arms);
        self
    }

    /// With notices, see [`Evaluation::take_notices`].
    pub fn with_notices(record: &'a Record, context: &'a Context) -> Self {
        Evaluation {
            notices: Some(RefCell::default()),
            ..Evaluation::new(record, context)
        }
    }

    /// The record.
    pub fn record(&self) -> &'a Record {
        self.record
    }

    /// The surroundings.
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// The zone of dates without offset.
    pub fn zone(&self) -> &'a Zone {
        &self.context.zone
    }

    /// What came up since the last call.
    pub fn take_notices(&self) -> Vec<Notice> {
        self.notices.as_ref().map(RefCell::take).unwrap_or_default()
    }

    /// Whether somebody asks for notices.
    pub fn is_asked(&self) -> bool {
        self.notices.is_some()
    }

    /// Notes something, if anybody asks.
    pub fn note(&self, text: impl FnOnce() -> String) {
        if let Some(notices) = &self.notices {
            notices.borrow_mut().push(Notice(text()));
        }
    }

    pub(super) fn env<'r>(&'r self, scope: Option<&'r Scope<'r>>) -> Env<'r> {
        self.fuel.set(MAX_STEPS);
        Env {
            record: self.record,
            scope,
            context: self.context,
            fuel: &self.fuel,
            notices: self.notices.as_ref(),
            arms: self.arms,
        }
    }
}
