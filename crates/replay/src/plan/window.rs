//! The outcomes of late: a replay stops for what happens now, however well it began.

use super::canary::Progress;
use std::collections::VecDeque;

/// Outcomes that are looked at together.
const WIDTH: u64 = 100;

/// How a run has been going, by what was known whenever somebody looked.
pub(super) struct Window(VecDeque<Progress>);

impl Window {
    pub(super) fn from(begin: Progress) -> Self {
        Self(VecDeque::from([begin]))
    }

    /// Adds what is known now; returns the last outcomes, as many as the window holds or what came at once.
    pub(super) fn advance(&mut self, now: Progress) -> Progress {
        if self.0.back().is_none_or(|last| last.known < now.known) {
            self.0.push_back(now);
        }
        // The first one left is the latest from which the window is full.
        while self
            .0
            .get(1)
            .is_some_and(|next| now.known.saturating_sub(next.known) >= WIDTH)
        {
            self.0.pop_front();
        }
        match self.0.front() {
            Some(begin) => now.since(*begin),
            None => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{canary::must_stop, options::Options};

    fn progress(known: u64, failed: u64) -> Progress {
        Progress { known, failed }
    }

    #[test]
    fn many_successes_do_not_pay_for_the_failures_of_now() {
        let mut window = Window::from(progress(0, 0));
        for known in (10..=50_000).step_by(10) {
            let late = window.advance(progress(known, 0));
            assert!(!must_stop(&Options::default(), late, false));
        }
        let stopped = (1..=100).find(|failed| {
            let late = window.advance(progress(50_000 + failed, *failed));
            must_stop(&Options::default(), late, false)
        });
        assert!(stopped.is_some_and(|failed| failed <= 30), "{stopped:?}");
        assert!(window.0.len() <= 202, "it stays small: {}", window.0.len());
    }

    #[test]
    fn outcomes_that_come_at_once_are_judged_together() {
        let mut window = Window::from(progress(0, 0));
        assert_eq!(window.advance(progress(1_000, 10)), progress(1_000, 10));
        assert_eq!(window.advance(progress(1_050, 60)), progress(1_050, 60));
        assert_eq!(window.advance(progress(1_100, 60)), progress(100, 50));
    }

    #[test]
    fn a_short_run_is_judged_as_a_whole() {
        let mut window = Window::from(progress(0, 0));
        assert_eq!(window.advance(progress(9, 3)), progress(9, 3));
        assert_eq!(window.advance(progress(9, 3)), progress(9, 3));
    }
}
