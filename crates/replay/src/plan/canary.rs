//! The decisions of a running plan as pure functions: how far it may go, and when it has to stop by itself.

use super::options::Options;

/// Outcomes since this run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Outcomes that are known.
    pub known: u64,
    /// Of these, failed again.
    pub failed: u64,
}

/// Outcomes that a ratio must rest on once the canary has lived.
const SAMPLE: u64 = 10;

/// How many letters of this run may have been sent before their outcomes are waited for; `None`: all of them.
#[must_use]
pub fn portion(options: &Options, sent: u64) -> Option<u64> {
    let mut end = 0;
    options.canary.0.iter().find_map(|size| {
        end += size;
        (sent < end).then_some(end)
    })
}

/// Whether too many have failed again. At the end of a canary's portion every outcome counts; in between only a
/// sample that is large enough.
#[must_use]
pub fn must_stop(options: &Options, tally: Tally, end_of_portion: bool) -> bool {
    let enough = end_of_portion || tally.known >= SAMPLE;
    options.wait && enough && tally.failed > 0 && tally.failed as f64 > options.stop_at * tally.known as f64
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
        let stops = |known, failed, end| must_stop(&options, Tally { known, failed }, end);
        assert!(stops(1, 1, true), "the canary died");
        assert!(!stops(1, 1, false), "one of many says nothing");
        assert!(!stops(10, 2, true) && stops(10, 3, true));
        assert!(!stops(0, 0, true));
        assert!(stops(1_000, 201, false));
        let never = Options {
            stop_at: 1.0,
            ..Options::default()
        };
        assert!(!must_stop(&never, Tally { known: 9, failed: 9 }, true));
    }
}
