//! How many letters may be under way: at most what is handled in about a second, so that a live change does not wait longer
//! behind them.

use super::options::Options;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

const LATELY: Duration = Duration::from_secs(1);
/// Allowed before anything is known of the speed, and when outcomes come slowly.
const LEAST: u64 = 1_000;
/// However fast they are handled.
const MOST: u64 = 10_000;

/// Outcomes of the last second, by when they were seen.
#[derive(Default)]
pub(super) struct Ahead(VecDeque<(Instant, u64)>);

impl Ahead {
    /// So many outcomes are known in all.
    pub(super) fn saw(&mut self, now: Instant, known: u64) {
        while self
            .0
            .front()
            .is_some_and(|(at, _)| now.saturating_duration_since(*at) > LATELY)
        {
            self.0.pop_front();
        }
        self.0.push_back((now, known));
    }

    /// Letters that may be under way; the operator's own number counts as it is.
    pub(super) fn window(&self, options: &Options) -> u64 {
        let lately = match (self.0.front(), self.0.back()) {
            (Some((_, first)), Some((_, last))) => last.saturating_sub(*first),
            _ => 0,
        };
        options.window.unwrap_or(lately.clamp(LEAST, MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_the_speed_of_the_last_second_and_within_bounds() {
        let (mut ahead, options, begin) = (Ahead::default(), Options::default(), Instant::now());
        assert_eq!(ahead.window(&options), 1_000);
        // 3,000 a second for two seconds, then nothing.
        for step in 0..=20_u32 {
            ahead.saw(begin + Duration::from_millis(100) * step, u64::from(step) * 300);
        }
        assert_eq!(ahead.window(&options), 3_000);
        ahead.saw(begin + Duration::from_secs(10), 6_000);
        assert_eq!(ahead.window(&options), 1_000);
        ahead.saw(begin + Duration::from_secs(10), 600_000);
        assert_eq!(ahead.window(&options), 10_000);
        let own = Options {
            window: Some(7),
            ..options
        };
        assert_eq!(ahead.window(&own), 7);
    }
}
