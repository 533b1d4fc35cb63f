//! Cuts a window into slices of time that should each fit into one page; learns the width from what it finds.
//!
//! Pure arithmetic on unix seconds. Progress is `next`, the first second that is not read yet.

use crate::{
    okki::time::{BEIJING, OLDEST},
    window::Window,
};

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Seconds between a slice and a second that it must not show, however it is asked for: with one more, and with two.
const CLEAR_OF: i64 = 2;

/// One slice, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    start: Option<i64>,
    end: i64,
    /// The neighbours exist, so a second more is asked for on that side.
    pad_start: bool,
    pad_end: bool,
    /// One second more on either side, so that the same is asked in other words.
    wide: bool,
    /// Asked with a lower bound where it has none.
    floored: bool,
}

impl Slice {
    /// The bounds to ask for. A listing may show nobody at all without a lower one.
    pub(super) fn asked(self) -> (Option<i64>, i64) {
        let wide = i64::from(self.wide);
        let oldest = (self.wide || self.floored).then_some(OLDEST);
        (
            self.start
                .map(|start| start - i64::from(self.pad_start) - wide)
                .or(oldest),
            self.end + i64::from(self.pad_end) + wide,
        )
    }

    /// The same with other bounds around it.
    pub(super) const fn widened(self, wide: bool) -> Self {
        Self { wide, ..self }
    }

    /// The same with a lower bound, whether or not it has one.
    pub(super) const fn floored(self, floored: bool) -> Self {
        Self { floored, ..self }
    }

    /// It is asked without a lower bound.
    pub(super) fn is_unbounded(self) -> bool {
        self.asked().0.is_none()
    }

    /// Says whether more than its own seconds are asked for.
    pub(super) const fn has_padding(self) -> bool {
        self.pad_start || self.pad_end
    }

    /// Too narrow to cut a second out of it.
    pub(super) fn is_narrow(self) -> bool {
        self.start.is_some_and(|start| self.end - start <= 2 * CLEAR_OF)
    }

    /// What it covers without the seconds around it.
    pub(super) fn window(self) -> Window {
        Window {
            start: self.start,
            end: self.end,
        }
    }

    /// Says whether a row lies outside of the asked bounds, and within their days: a listing that honours only dates
    /// shows it.
    pub(super) fn is_of_its_days(self, update_time: i64) -> bool {
        let (start, end) = self.asked();
        self.distance(update_time) > 0
            && start.is_none_or(|start| update_time >= day_start(start))
            && day_start(update_time) <= end
    }

    /// How far outside of the asked bounds a row is, in seconds; rows without a time are nowhere.
    pub(super) fn distance(self, update_time: i64) -> i64 {
        let (start, end) = self.asked();
        if update_time <= 0 {
            return 0;
        }
        (update_time - end)
            .max(start.map_or(0, |start| start - update_time))
            .max(0)
    }
}

/// Midnight in Beijing before this second.
pub(crate) fn day_start(seconds: i64) -> i64 {
    let zone = i64::from(BEIJING.seconds());
    seconds.saturating_add(zone).div_euclid(DAY) * DAY - zone
}

/// How a window is cut: where the next slice begins and how wide it is.
#[derive(Debug)]
pub(super) struct Cutter {
    window: Window,
    /// `None` before the first slice of a walk without a lower bound.
    next: Option<i64>,
    width: i64,
    grain: i64,
    /// No row has been seen since the last empty slice.
    searching: bool,
    /// No slice may be wider: spans that are longer are refused.
    widest: i64,
    /// The width behind a single second that was cut out of what it was in.
    behind: Option<i64>,
}

impl Cutter {
    pub(super) fn new(window: Window, cursor: Option<i64>) -> Self {
        let next = cursor.or(window.start);
        let width = window
            .end
            .saturating_sub(next.unwrap_or(OLDEST))
            .saturating_add(1)
            .max(1);
        Self {
            window,
            next,
            width,
            grain: 1,
            searching: true,
            widest: i64::MAX,
            behind: None,
        }
    }

    /// The slice to read now; `None` when the window is read.
    pub(super) fn slice(&self) -> Option<Slice> {
        if self.next.is_some_and(|next| next > self.window.end) {
            return None;
        }
        let end = self.slice_end();
        Some(Slice {
            start: self.next,
            end,
            pad_start: self.next.is_some() && self.next != self.window.start,
            pad_end: end < self.window.end,
            wide: false,
            floored: false,
        })
    }

    /// Everything before this second is read.
    pub(super) fn cursor(&self) -> Option<i64> {
        self.next
    }

    /// The slice had `rows` and is done; aims at `target` rows for the next one.
    pub(super) fn advance(&mut self, rows: u64, target: u64) {
        self.step_over();
        self.searching = rows == 0;
        let factor = match rows {
            0 => 8.0,
            rows => (target as f64 / rows as f64).clamp(0.25, 8.0),
        };
        let most = self.window.end.max(1).min(self.widest);
        self.width = ((self.width as f64 * factor) as i64).clamp(1, most);
    }

    /// The slice is refused as it is asked for, and not because of a page of it: slices stay narrower from now on. Some servers
    /// refuse long spans.
    pub(super) fn is_too_wide(&mut self) {
        let from = self.next.unwrap_or(OLDEST);
        let span = self.slice_end() - from + 1;
        // A shorter span than a day is refused for another reason.
        self.widest = self.widest.min((span / 2).max(DAY));
    }

    /// The slice is done, and its size says nothing about the next one.
    pub(super) fn step_over(&mut self) {
        self.next = Some(self.slice_end() + 1);
        self.width = self.behind.take().unwrap_or(self.width).min(self.widest);
    }

    /// Everybody that the slice shows is in one second: what lies before is cut off, then what lies behind, so that the second
    /// is found without halving a span of years. `false` when that makes it no narrower.
    pub(super) fn narrow_around(&mut self, second: i64) -> bool {
        let from = self.next.unwrap_or(OLDEST);
        let (before, width) = (self.slice_end(), self.width);
        if !(from..=before).contains(&second) {
            return false;
        }
        let ahead = second - CLEAR_OF - from;
        self.width = if ahead > 0 {
            ahead
        } else {
            second + CLEAR_OF - from + 1
        };
        if self.slice_end() >= before {
            self.width = width;
            return false;
        }
        if ahead <= 0 {
            self.behind = Some(width);
        }
        true
    }

    /// The slice holds `total` rows, too many for a page. `false` when it cannot become narrower.
    pub(super) fn narrow(&mut self, total: Option<u64>, target: u64) -> bool {
        let from = self.next.unwrap_or(OLDEST);
        let span = self.slice_end() - from + 1;
        // Where the rows begin is unknown after an empty slice: halving finds it; a density finds the rest.
        let dense = total.map_or(0.5, |total| target as f64 / total.max(1) as f64);
        let factor = if self.searching { 0.5 } else { dense.min(0.5) };
        let before = self.slice_end();
        self.width = ((span as f64 * factor) as i64).max(1);
        // Rounded up to whole days, a smaller width may end on the same day.
        if self.slice_end() >= before {
            self.width = 1;
        }
        self.slice_end() < before
    }

    /// The next slice is one second.
    pub(super) fn one_second(&mut self) {
        self.width = 1;
    }

    /// The listing honours dates only, so slices are whole days from now on.
    pub(super) fn use_days(&mut self) {
        self.grain = DAY;
    }

    fn slice_end(&self) -> i64 {
        let end = self.next.unwrap_or(OLDEST).saturating_add(self.width - 1);
        let zone = i64::from(BEIJING.seconds());
        let end = if self.grain == 1 {
            end
        } else {
            (end + zone).div_euclid(DAY) * DAY + DAY - 1 - zone
        };
        end.min(self.window.end)
    }
}
