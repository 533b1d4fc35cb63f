//! Listed customers whose time nobody can read: said once in a while, since every window that lists them meets them again.

use crate::okki::{time, types::Page};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// They are told this often.
const EVERY: Duration = Duration::from_secs(600);

/// When they were last told.
#[derive(Default)]
pub(super) struct Untimed(Mutex<Option<Instant>>);

impl Untimed {
    /// Their details order them, and they are fetched again and again while windows list them.
    pub(super) fn tell(&self, page: &Page) {
        let ahead = page.ahead.first().map(|(company_id, at)| {
            let at = time::stamp(*at);
            words::tr!("customer {company_id}: `update_time` {at} lies in the future")
        });
        let Some(example) = page.untimed.first().cloned().or(ahead) else {
            return;
        };
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= EVERY) {
            *told = Some(Instant::now());
            let rows = page.untimed.len() + page.ahead.len();
            tracing::error!(rows, example, "listed times cannot be read, details decide");
        }
    }
}
