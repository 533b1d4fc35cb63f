//! The share of the day's calls that backfills and replays may use: when it is used up they wait for the next day, and
//! nothing is paused, because live work goes on.

use crate::okki::Error;
use jiff::Timestamp;
use pipeline::service::Runtime;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// A listing asks again at least this often, for somebody may raise the limit meanwhile.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// Says once a day that the share is used up.
#[derive(Debug, Default)]
pub(crate) struct Share {
    told: Mutex<Option<Timestamp>>,
}

impl Share {
    /// Whether `error` says so; then people are told until when.
    pub(crate) fn is_used_up(&self, rt: &Runtime, error: &Error) -> bool {
        let Some(until) = until(error) else { return false };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != Some(until) {
            *told = Some(until);
            tracing::warn!(%until, "backfills and replays wait, the rest of the day's calls is kept for live changes");
            rt.status.set("backfills_wait_until", until.to_string().into());
        }
        true
    }
}

/// How long a listing rests after `error`; nothing for other errors.
pub(crate) fn rest(error: &Error) -> Duration {
    let wait = until(error).map(|until| until.as_second() - Timestamp::now().as_second());
    let wait = wait.and_then(|seconds| u64::try_from(seconds).ok());
    wait.map_or(Duration::ZERO, |seconds| {
        Duration::from_secs(seconds).min(LONGEST_REST)
    })
}

fn until(error: &Error) -> Option<Timestamp> {
    match error {
        Error::Quota(quota) => quota.live_goes_on_until(),
        _ => None,
    }
}
