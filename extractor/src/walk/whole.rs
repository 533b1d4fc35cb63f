//! Says whether one page holds a whole slice.
//!
//! Totals may be too small and too large: zero, the rows of the page, cut at what a search engine counts. So a page is
//! followed, and only what comes behind it says that it was the last one; a page with fewer rows than any listing's pages
//! have is not, once the walk has seen larger ones, and totals that count more than the page. Pages may have any size, as when they are cut by bytes: that a page is
//! shorter than another one was saves no call, only the second look at what comes behind it. Where nothing
//! comes behind it and the total says more, either the total is too large or the answer was no answer (a page without a
//! list): the slice is read once more in two parts, each of which has fewer rows of the page than a page can hold, so that
//! who was hidden behind them shows.

use super::{Pages, Walk, cutter::Slice};
use crate::{
    okki::{Error, Page, PageRequest, time::OLDEST},
    window::Window,
};
use std::collections::HashSet;

/// So many slices in a row whose totals count more than there are, and totals are believed no more.
const PROOFS: u32 = 3;
/// No listing has pages that are smaller: fewer rows are no page that was cut.
const SMALLEST_PAGE: u64 = 20;

impl Walk {
    /// Says whether the page holds the whole slice.
    pub(super) async fn is_whole(
        &mut self,
        slice: Slice,
        page: &Page,
        listing: &impl Pages,
    ) -> Result<bool, Error> {
        let rows = page.rows();
        let has_more = page.total.is_some_and(|total| total > rows);
        // Before the walk has seen a page that others follow, any page may be as large as pages get.
        let is_short = rows == 0 || self.capacity.is_some_and(|most| rows < most);
        let is_told = rows == 0 || self.counts;
        if is_told && page.total.is_some() && !has_more && is_short && rows < SMALLEST_PAGE {
            return Ok(true);
        }
        let full = self.capacity.unwrap_or(u64::from(self.count));
        if has_more && rows >= full {
            self.learn_capacity(rows);
            return Ok(false);
        }
        let Some(second) = self.read(self.request(slice, 2), listing).await? else {
            return Ok(false);
        };
        if rows > 0 && second.items == page.items && second.damaged == page.damaged {
            self.learn_capacity(rows);
            // Page numbers mean nothing here. What is not full is all there is; what is full is cut by time.
            return match page.total {
                Some(_) => Ok(!has_more && rows < full),
                None => Err(does_not_advance(2)),
            };
        }
        if second.rows() > 0 {
            self.uneven |= is_short;
            self.learn_capacity(rows);
            return Ok(false);
        }
        // Nothing, once: of a page that may have been cut that is no proof, whatever the total.
        let is_last = rows < SMALLEST_PAGE || (page.total.is_some() && is_short && !self.uneven);
        if !has_more && is_last {
            return Ok(true);
        }
        let is_whole = self.hides_nobody(slice, page, listing).await?;
        if !is_whole && rows >= SMALLEST_PAGE {
            self.learn_capacity(rows);
        }
        Ok(is_whole)
    }

    fn learn_capacity(&mut self, rows: u64) {
        self.capacity = Some(self.capacity.unwrap_or(0).max(rows));
    }

    /// Nothing has come behind the page: is that so, although the total says more, or the page may have been cut?
    async fn hides_nobody(&mut self, slice: Slice, page: &Page, listing: &impl Pages) -> Result<bool, Error> {
        if self.overstated >= PROOFS && page.rows() < SMALLEST_PAGE {
            return Ok(true);
        }
        match self.read(self.request(slice, 2), listing).await? {
            Some(second) if second.rows() == 0 => {}
            _ => return Ok(false),
        }
        let Some(parts) = parts(self.asked(slice), page) else {
            return Ok(false);
        };
        let known: HashSet<&str> = page.items.iter().map(|item| item.company_id.as_str()).collect();
        for Window { start, end } in parts {
            let end = Some(end);
            let request = PageRequest {
                start,
                end,
                ..self.request(slice, 1)
            };
            let Some(part) = self.read(request, listing).await? else {
                return Ok(false);
            };
            let is_new = |id: &str| !known.contains(id);
            let shows_more = part.damaged.len() > page.damaged.len()
                || part.items.iter().any(|item| is_new(&item.company_id));
            if shows_more {
                self.overstated = 0;
                return Ok(false);
            }
        }
        self.overstated += 1;
        tracing::debug!(
            total = page.total,
            rows = page.rows(),
            "listing overstates a total"
        );
        Ok(true)
    }
}

/// Two parts of what was asked for, each with fewer rows of the page than the page; `None` when there are none that would
/// show who is hidden.
fn parts((start, end): (Option<i64>, i64), page: &Page) -> Option<Vec<Window>> {
    let from = start.unwrap_or(OLDEST.min(end));
    let mut times: Vec<i64> = page.items.iter().map(|item| item.update_time).collect();
    times.retain(|time| (from..=end).contains(time));
    times.sort_unstable();
    let window = |start, end| Window { start, end };
    match (times.first(), times.last()) {
        (Some(first), Some(last)) if first < last => {
            let middle = times[(times.len() - 1) / 2].min(last - 1);
            Some(vec![window(start, middle), window(Some(middle + 1), end)])
        }
        // All in one second: who is in it shows only as long as no page is that small.
        (Some(at), Some(_)) if page.rows() < SMALLEST_PAGE && from < end => {
            let before = (*at > from).then(|| window(start, at - 1));
            let after = (*at < end).then(|| window(Some(at + 1), end));
            Some(before.into_iter().chain(after).collect())
        }
        (None, None) if from < end => {
            let middle = from + (end - from) / 2;
            Some(vec![window(start, middle), window(Some(middle + 1), end)])
        }
        _ => None,
    }
}

/// The error of a listing that gives the same page under two numbers.
pub(super) fn does_not_advance(page: u64) -> Error {
    Error::Shape(format!(
        "listing: page {page} repeats the page before, so paging does not advance"
    ))
}
