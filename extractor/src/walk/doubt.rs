//! A page that shows nobody: is nobody there, or was it no answer?
//!
//! A server that is read in anew, a shard that is away, a replica that has nothing yet: each says with status 200 that there
//! is nobody, of a span that holds thousands. What a window passes over because of one such answer no later window lists. So
//! the same is asked once more, in other words, for an answer may come from a cache that goes by the words: with a second more
//! on either side, and with a lower bound where there was none, for a listing may show nobody without one.

use super::{Around, Pages, Walk, cutter::Slice};
use crate::okki::{Error, Page};

impl Walk {
    /// Takes the first answer for one, where what is read is soon read once more.
    #[must_use]
    pub(crate) fn believing(self, believes: bool) -> Self {
        Self {
            doubts: !believes,
            ..self
        }
    }

    /// What the slice shows when it is asked for in other words, if that is somebody; it is read in those then. The answer that
    /// has shown them is the one that counts: of two servers that take turns the next one to answer may know nobody again.
    pub(super) async fn shown_otherwise(
        &mut self,
        slice: Slice,
        listing: &impl Pages,
    ) -> Result<Option<Page>, Error> {
        if !self.doubts || self.doubted == Some(slice.window()) {
            return Ok(None);
        }
        self.doubted = Some(slice.window());
        let around = std::mem::replace(&mut self.around, Around::Both);
        let other = listing.page_once(self.request(slice.widened(true), 1)).await;
        let (other, wide) = match other {
            Ok(page) => (Some(page), true),
            // What is around it may be what cannot be read.
            Err(error) if error.may_be_of_one_page() => {
                self.around = around;
                (self.read(self.request(slice, 1), listing).await?, false)
            }
            Err(error) => return Err(error),
        };
        let Some(page) = other.filter(|page| page.rows() > 0) else {
            self.around = around;
            return Ok(None);
        };
        let shows_own = self.shows_own(slice, &page);
        if !shows_own && !self.may_hide_own(&page) {
            self.around = around;
            return Ok(None);
        }
        (self.wide, self.floored) = (wide, self.floored || (wide && slice.is_unbounded()));
        if shows_own {
            tracing::warn!(
                start = slice.window().start,
                end = slice.window().end,
                "the listing showed nobody, and somebody when it was asked again"
            );
        }
        Ok(Some(page))
    }

    /// Whether a page shows more than neighbours of the slice.
    fn shows_own(&self, slice: Slice, page: &Page) -> bool {
        let is_own = |time: i64| time <= 0 || self.coarse || slice.window().contains(time);
        page.items.iter().any(|item| is_own(item.update_time))
            || page.damaged.iter().any(|row| is_own(row.update_time))
    }

    /// Whether the slice's own rows may lie behind the page.
    fn may_hide_own(&self, page: &Page) -> bool {
        let is_full = page.rows() >= self.capacity.unwrap_or(u64::from(self.count));
        is_full || page.total.is_some_and(|total| total > page.rows())
    }
}
