//! The one decision about a handled message, as a pure function: acknowledge, try again later, or give up.

use crate::{handler::Outcome, retry::RetryPolicy};
use std::time::Duration;

/// What the consumer has to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// Publish what it caused, then acknowledge.
    Acknowledge,
    /// Publish it to the retry queue of this delay with the attempt counted, then acknowledge.
    RetryAfter(Duration),
    /// Publish it as it is to the first retry queue, then acknowledge.
    Park,
    /// Publish it to the dead-letter queue, then acknowledge.
    DeadLetter,
    /// Keep it unsettled and handle it again when the gate opens.
    Keep,
}

/// Decides about a message that has been handled for the `attempt`-th time.
#[must_use]
pub fn settle<R>(outcome: &Outcome<R>, attempt: u32, policy: &RetryPolicy) -> Settle {
    match outcome {
        Outcome::Done(_) => Settle::Acknowledge,
        Outcome::Dead(_) => Settle::DeadLetter,
        Outcome::Hold => Settle::Keep,
        Outcome::Park => Settle::Park,
        Outcome::Retry(_) => policy
            .delay_after(attempt)
            .map_or(Settle::DeadLetter, Settle::RetryAfter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::{Failure, Tally};

    fn policy() -> RetryPolicy {
        RetryPolicy::try_new(vec![Duration::from_secs(5), Duration::from_secs(60)]).unwrap()
    }

    #[test]
    fn every_outcome_has_one_settlement() {
        let retry = || Outcome::<()>::Retry(Failure::new("x", "y"));
        let rows = [
            (Outcome::done(Tally::Loaded), 1, Settle::Acknowledge),
            (Outcome::Dead(Failure::new("x", "y")), 1, Settle::DeadLetter),
            (Outcome::Hold, 9, Settle::Keep),
            (Outcome::Park, 9, Settle::Park),
            (retry(), 1, Settle::RetryAfter(Duration::from_secs(5))),
            (retry(), 2, Settle::RetryAfter(Duration::from_secs(60))),
            (retry(), 3, Settle::DeadLetter),
            (retry(), 0, Settle::RetryAfter(Duration::from_secs(5))),
        ];
        for (outcome, attempt, expected) in rows {
            assert_eq!(
                settle(&outcome, attempt, &policy()),
                expected,
                "{outcome:?} after attempt {attempt}"
            );
        }
    }
}
