//! How fast to poll: pure decisions, so that days of polling can be tested in a moment.
//!
//! After changes polls follow each other quickly, for changes come in swarms; while nothing changes the interval grows to
//! [`Tempo::quiet`]. Whatever they find, polls and the runs that they cause stay within a share of the quota: each call is paid
//! for with the time in which the share grows by one, and only a few can be saved up.

use crate::state::{Charge, PollState, Why};
use pipeline::quota::Today;
use std::time::Duration;

/// The interval after changes.
const FASTEST: Duration = Duration::from_secs(2);
/// Calls that may be saved up, and then follow each other as quickly as changes ask for it.
const BURST: f64 = 20.0;
const DAY_S: f64 = 86_400.0;
/// More time for a call than this is never.
const NEVER_MS: f64 = 30.0 * 86_400_000.0;

/// What polling may cost, and how fast it may be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tempo {
    /// The interval while nothing changes.
    pub quiet: Duration,
    /// The interval that nothing exceeds: then there is a run anyway.
    pub longest: Duration,
    /// Percentage of the quota.
    pub share: u8,
    /// The quota's calls per second.
    pub per_second: f64,
    /// The quota's calls per day.
    pub daily: Option<u64>,
}

/// What a poll has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// What it shows is published.
    Nothing,
    /// Something is not published yet, and a run in this time will see it.
    Changes {
        /// Milliseconds.
        run_in_ms: i64,
    },
    /// It failed, and OKKI may have said how long to wait.
    Failure {
        /// No call before.
        rest: Option<Duration>,
        /// Another failure asks for a run, which finds out what is wrong.
        asks: bool,
    },
}

impl Found {
    /// The word in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Changes { .. } => "changes",
            Self::Failure { .. } => "failure",
        }
    }
}

impl Tempo {
    /// The shortest interval.
    pub(crate) fn fastest(&self) -> Duration {
        FASTEST.min(self.quiet).min(self.longest)
    }

    /// How long until the next poll; nothing when it is due. A time that no poll can have set was written by another clock
    /// or under other settings, and says nothing.
    pub(crate) fn wait(&self, state: &PollState) -> Duration {
        let due = state.next_ms.max(state.paid_ms);
        let wait = due.saturating_sub(state.redis_ms);
        let most = ms(self.longest)
            .max(self.burst_ms())
            .saturating_add(10 * self.per_call_ms(None));
        match wait {
            wait if wait > most.saturating_add(60_000) => Duration::ZERO,
            wait => Duration::from_millis(u64::try_from(wait).unwrap_or(0)),
        }
    }

    /// The state after a poll.
    pub(crate) fn after_poll(&self, before: &PollState, found: Found, now_ms: i64) -> PollState {
        let (fastest, quiet, longest) = (ms(self.fastest()), ms(self.quiet), ms(self.longest));
        let last = before.interval_ms.max(fastest);
        let mut after = PollState {
            longest_ms: longest,
            ..before.clone()
        };
        match found {
            Found::Nothing => {
                after.interval_ms = (last + last / 2).min(quiet.min(longest)).max(fastest);
                (after.why, after.failures, after.vain) = (Some(Why::Quiet), 0, 0);
                after.next_ms = now_ms + after.interval_ms;
            }
            Found::Changes { run_in_ms } => {
                after.interval_ms = self.vain_ms(before.vain).max(fastest);
                after.why = Some(if before.vain > 0 { Why::Vain } else { Why::Changes });
                after.failures = 0;
                after.run_at_ms = Some(now_ms + run_in_ms);
                // The run lists whatever else there is.
                after.next_ms = now_ms + run_in_ms.max(0) + after.interval_ms;
            }
            Found::Failure { rest, asks } => {
                let rest = rest.map_or(0, ms);
                after.interval_ms = last.saturating_mul(2).max(rest).min(longest);
                (after.why, after.failures) = (Some(Why::Failing), before.failures.saturating_add(1));
                after.next_ms = now_ms + after.interval_ms;
                if asks && after.failures == FAILURES {
                    after.run_at_ms = Some(now_ms);
                }
            }
        }
        after
    }

    /// The state after a live run that began at `started_ms` and has published `listed` customers; whether polls had asked
    /// for it.
    pub(crate) fn after_run(
        &self,
        before: &PollState,
        started_ms: i64,
        listed: u64,
        now_ms: i64,
    ) -> (PollState, bool) {
        let answers = before.run_at_ms.is_some_and(|at| started_ms >= at);
        let fastest = ms(self.fastest());
        let mut after = PollState {
            longest_ms: ms(self.longest),
            ..before.clone()
        };
        if answers {
            after.run_at_ms = None;
        }
        if listed > 0 {
            after.vain = 0;
            if before.failures == 0 {
                (after.interval_ms, after.why) = (fastest, Some(Why::Changes));
                after.next_ms = now_ms + fastest;
                return (after, answers);
            }
        } else if answers && before.failures == 0 {
            after.vain = before.vain.saturating_add(1);
            (after.interval_ms, after.why) = (self.vain_ms(after.vain), Some(Why::Vain));
            after.next_ms = now_ms + after.interval_ms;
        }
        // A run is as good as a poll.
        after.next_ms = after.next_ms.max(now_ms + fastest);
        (after, answers)
    }

    /// What so many calls cost.
    pub(crate) fn charge(&self, calls: u32, today: Option<Today>) -> Charge {
        Charge {
            cost_ms: self.per_call_ms(today).saturating_mul(i64::from(calls)),
            burst_ms: self.burst_ms(),
        }
    }

    /// The interval after so many runs that have found nothing of what polls had shown.
    fn vain_ms(&self, vain: u32) -> i64 {
        let Some(doublings) = vain.checked_sub(1) else {
            return 0;
        };
        ms(self.quiet)
            .saturating_mul(1 << doublings.min(20))
            .min(ms(self.longest))
    }

    /// The time in which the share grows by one call: of the second, of the day, and of what is left of the day.
    fn per_call_ms(&self, today: Option<Today>) -> i64 {
        let share = f64::from(self.share) / 100.0;
        let mut per_second = self.per_second * share;
        if let Some(daily) = self.daily {
            let daily = daily as f64;
            // What is saved up comes on top.
            per_second = per_second.min((daily * share - self.burst()) / DAY_S);
            if let Some(today) = today {
                let left = (daily - today.used as f64).max(0.0);
                per_second = per_second.min(left * share / today.left.as_secs_f64().max(1.0));
            }
        }
        let per_call = 1_000.0 / per_second;
        if per_call.is_finite() && per_call > 0.0 {
            per_call.min(NEVER_MS) as i64
        } else {
            NEVER_MS as i64
        }
    }

    fn burst(&self) -> f64 {
        let share = f64::from(self.share) / 100.0;
        let of_day = self.daily.map_or(f64::MAX, |daily| daily as f64 * share / 10.0);
        BURST.min(of_day)
    }

    fn burst_ms(&self) -> i64 {
        // The call after the saved ones has to be paid for.
        let saved = (self.burst() - 1.0).max(0.0);
        (saved * self.per_call_ms(None) as f64).min(NEVER_MS) as i64
    }
}

/// Failures in a row that ask for a run, once.
const FAILURES: u32 = 3;

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
#[path = "tempo_tests.rs"]
mod tests;
