//! The decisions of a running plan as pure functions: how far it may go, and when it has to stop by itself.

use super::{Plan, options::Options};

/// Outcomes of letters that were put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// Outcomes that are known.
    pub(super) known: u64,
    /// Of these, failed again.
    pub(super) failed: u64,
}

impl Progress {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            known: plan.reported(),
            failed: plan.failed(),
        }
    }

    /// What came after an earlier moment of the same plan.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            known: self.known.saturating_sub(before.known),
            failed: self.failed.saturating_sub(before.failed),
        }
    }
}

/// Outcomes that a ratio must rest on once the canary has lived.
const SAMPLE: u64 = 10;

/// How many letters of this run may have been sent before their outcomes are waited for; `None`: all of them.
fn portion(options: &Options, sent: u64) -> Option<u64> {
    let mut end = 0;
    options.canary.0.iter().find_map(|size| {
        end += size;
        (sent < end).then_some(end)
    })
}

/// The same in letters of the plan, of which so many had been sent when this run began.
pub(super) fn until(options: &Options, sent: u64, start: u64) -> Option<u64> {
    portion(options, sent.saturating_sub(start)).map(|end| end + start)
}

/// Whether too many have failed again. At the end of a canary's portion every outcome counts; in between only a
/// sample that is large enough.
pub(super) fn must_stop(options: &Options, progress: Progress, end_of_portion: bool) -> bool {
    let enough = end_of_portion || progress.known >= SAMPLE;
    options.wait
        && enough
        && progress.failed > 0
        && progress.failed as f64 > options.stop_at * progress.known as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_one_then_ten_then_all() {
        let options = Options::default();
        let ends: Vec<_> = [0, 1, 10, 11, 500].map(|sent| portion(&options, sent)).into();
        assert_eq!(ends, [Some(1), Some(11), Some(11), None, None]);
        assert_eq!(portion(&Options::at_once(), 0), None);
    }

    #[test]
    fn it_stops_when_more_than_the_share_fails() {
        let options = Options::default();
        let stops = |known, failed, end| must_stop(&options, Progress { known, failed }, end);
        assert!(stops(1, 1, true), "the canary died");
        assert!(!stops(1, 1, false), "one of many says nothing");
        assert!(!stops(10, 2, true) && stops(10, 3, true));
        assert!(!stops(0, 0, true));
        assert!(stops(1_000, 201, false));
        let never = Options {
            stop_at: 1.0,
            ..Options::default()
        };
        assert!(!must_stop(&never, Progress { known: 9, failed: 9 }, true));
    }
}
