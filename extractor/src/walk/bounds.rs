//! Which bounds are asked for: those of the slice, and as long as nobody knows whether they are inclusive, one second more.

use super::{Walk, cutter::Slice};
use crate::okki::Page;

/// For which of the seconds around a slice is asked. Where one second alone is too much, or cannot be read, its neighbour may
/// be the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    Both,
    None,
    /// Those on the sides whose bounds may be exclusive.
    Unproven,
}

impl Walk {
    pub(super) fn asked(&self, slice: Slice) -> (Option<i64>, i64) {
        let (exact, padded) = (slice.window(), slice.asked());
        match self.around {
            Around::Both => padded,
            Around::None => (exact.start, exact.end),
            Around::Unproven => (
                if self.inclusive[0] { exact.start } else { padded.0 },
                if self.inclusive[1] { exact.end } else { padded.1 },
            ),
        }
    }

    /// A row on a bound shows that it is inclusive.
    pub(super) fn learn_bounds(&mut self, page: &Page, (start, end): (Option<i64>, i64)) {
        for item in &page.items {
            self.inclusive[0] |= Some(item.update_time) == start;
            self.inclusive[1] |= item.update_time == end;
        }
    }
}
