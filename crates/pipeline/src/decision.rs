//! The one decision about a handled message, as a pure function: acknowledge, try again later, or give up.

use crate::{
    disposition::Disposition,
    handler::{Outcome, WaitsFor},
    retry::RetryPolicy,
};
use std::time::Duration;

/// What the consumer has to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What becomes of it: [`Disposition::Held`] stays unacknowledged, [`Disposition::Dead`] goes to the dead letters,
    /// everything else is acknowledged once what it caused is confirmed.
    pub(crate) disposition: Disposition,
    /// It goes to the retry queue of this delay first.
    pub(crate) delay: Option<Duration>,
}

/// Decides about a message that has been handled for the `attempt`-th time.
pub(crate) fn decide<R>(outcome: &Outcome<R>, attempt: u32, policy: &RetryPolicy) -> Decision {
    let (disposition, delay) = match outcome {
        Outcome::Done(done) => {
            debug_assert!(
                done.disposition.ends_handling(),
                "{:?} is no end of a job",
                done.disposition
            );
            (done.disposition, None)
        }
        Outcome::Dead(_) => (Disposition::Dead, None),
        Outcome::Hold => (Disposition::Held, None),
        Outcome::Park(WaitsFor::OtherMessage) => (Disposition::Parked, Some(policy.shortest())),
        Outcome::Park(WaitsFor::NewerConsumer | WaitsFor::NextDay | WaitsFor::Person) => {
            (Disposition::Parked, Some(policy.longest()))
        }
        Outcome::Retry(_) => match policy.delay_after(attempt) {
            Some(delay) => (Disposition::Retried, Some(delay)),
            None => (Disposition::Dead, None),
        },
    };
    Decision { disposition, delay }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    fn policy() -> RetryPolicy {
        RetryPolicy::try_new(vec![Duration::from_secs(5), Duration::from_secs(60)]).unwrap()
    }

    #[test]
    fn every_outcome_has_one_decision() {
        use Disposition::{Dead, Filtered, Held, Loaded, Parked, Retried};
        let retry = || Outcome::<()>::Retry(Failure::new("x", "y"));
        let s = |seconds| Some(Duration::from_secs(seconds));
        let rows = [
            (Outcome::done(Loaded), 1, Loaded, None),
            (Outcome::filtered("rule"), 1, Filtered, None),
            (Outcome::Dead(Failure::new("x", "y")), 1, Dead, None),
            (Outcome::Hold, 9, Held, None),
            (Outcome::Park(WaitsFor::OtherMessage), 9, Parked, s(5)),
            (Outcome::Park(WaitsFor::NewerConsumer), 9, Parked, s(60)),
            (Outcome::Park(WaitsFor::NextDay), 9, Parked, s(60)),
            (Outcome::Park(WaitsFor::Person), 9, Parked, s(60)),
            (retry(), 1, Retried, s(5)),
            (retry(), 2, Retried, s(60)),
            (retry(), 3, Dead, None),
            (retry(), 0, Retried, s(5)),
        ];
        for (outcome, attempt, disposition, delay) in rows {
            let decided = decide(&outcome, attempt, &policy());
            assert_eq!(
                decided,
                Decision { disposition, delay },
                "{outcome:?} after attempt {attempt}"
            );
        }
    }
}
