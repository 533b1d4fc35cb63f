//! A mapped widget that is missing, or takes another kind of value, costs its cells silently: Jiandaoyun leaves them out and
//! answers success. What was written since the last good reading is read again once the form is right.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{FormWatch, READ_EVERY};
use crate::ledger;

/// The form is read again for rows that are not as they were written, no more often than this.
const SUSPECTED_EVERY: Duration = Duration::from_secs(60);

/// When the form was read last because a row lacked something.
pub(super) type Suspected = Mutex<Option<Instant>>;

impl FormWatch {
    /// A row does not show what was just written to it: the form may have been changed.
    pub(crate) fn suspect(&self) {
        let mut last = self.suspected.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= SUSPECTED_EVERY) {
            *last = Some(Instant::now());
            self.wanted.notify_one();
        }
    }

    /// Whether rows were written while the form was not right, and have to be verified.
    pub(crate) fn had_gap(&self) -> bool {
        self.gap.load(Ordering::Acquire)
    }

    /// They are on their way to that.
    pub(crate) fn gap_is_over(&self) {
        self.gap.store(false, Ordering::Release);
    }

    /// The clock before a reading, by which it is known what was written since.
    pub(super) async fn clock(&self) -> Option<i64> {
        ledger::index::clock(&self.ledger).await.ok()
    }

    /// What a reading that began then has shown. Redis may be away; then it is the next reading that says so.
    pub(super) async fn note(&self, began_ms: Option<i64>, is_right: bool) {
        let Some(began_ms) = began_ms else { return };
        let every = i64::try_from(READ_EVERY.as_millis()).unwrap_or(i64::MAX);
        let noted = match is_right {
            true => self.ledger.form_was_right(began_ms).await.map(|gap| {
                if gap {
                    self.gap.store(true, Ordering::Release);
                }
            }),
            false => self.ledger.form_is_wrong(began_ms.saturating_sub(every)).await,
        };
        if let Err(error) = noted {
            tracing::debug!(error = %error, "what the form was like is not written down");
        }
    }
}
