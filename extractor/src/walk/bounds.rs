//! Which bounds are asked for: those of the slice, and as long as nobody knows whether they are inclusive, one second more.

use super::{Pages, Walk, cutter::Slice};
use crate::okki::{Error, Page};

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

    /// A row on a bound shows that it is inclusive, unless the listing shows other times than it filters by.
    pub(super) fn learn_bounds(&mut self, page: &Page, (start, end): (Option<i64>, i64)) {
        if self.coarse {
            self.inclusive = [false; 2];
            return;
        }
        for item in &page.items {
            self.inclusive[0] |= Some(item.update_time) == start;
            self.inclusive[1] |= item.update_time == end;
        }
    }

    /// Most rows lie far outside: are bounds ignored, or are the times that are shown others than those that are compared?
    pub(super) async fn ignores_bounds(&mut self, slice: Slice, listing: &impl Pages) -> Result<bool, Error> {
        if !self.bounded {
            let nobody = listing.page(self.request(slice, 1).of_nobody()).await?;
            self.bounded = nobody.rows() == 0;
        }
        Ok(!self.bounded)
    }
}
