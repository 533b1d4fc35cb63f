//! Reads a frozen window of the listing so that no customer can be skipped while customers change.
//!
//! # Why nothing is skipped
//!
//! The window is `[S, E]` over update times and is frozen before the first page: `E` lies in the vendor's past (its
//! own clock minus `SETTLE_DELAY`). A change during the reading gives a customer an update time after `E`, so the set
//! `C` of customers in the window can only **shrink**: nobody enters it. Who leaves has an update time after `E` and
//! is in the next window by construction, for that one begins at `E` minus the overlap. So one hazard is left: the
//! customer that did *not* change, is pushed over a page boundary by one that left, and falls between two pages.
//!
//! Page numbers are positions in a set that moves and in an order that nobody documents, so they are avoided.
//! [`Cutter`] cuts the window along **time** into slices so narrow that each fits into **one page**, and reads page 1
//! of each, oldest slice first. One answer is one instant of the server: whatever its order, all rows of the slice
//! are in it when `totalItem` does not exceed the rows. A customer that did not change has one update time, which lies
//! in exactly one slice, and is in that slice's answer whenever that is read. No assumption about the sort order is
//! made, totals may move between calls, and the whole progress is one number: the time up to which the window is read.
//!
//! Whether the vendor's bounds are inclusive is unknown, so slices ask for one second more on either side and drop
//! the rows of those two seconds, which belong to the neighbours.
//!
//! A single second can hold more customers than a page (an import). Then, and only then, [`Gather`] turns pages:
//! from the last to the first, which is right for every fixed order (a row that leaves moves the others to earlier
//! pages, which are still to be read), and again and again until the number of distinct customers seen since the
//! total last fell reaches that total. As the set only shrinks, reaching it proves that all were seen, in any order.
//!
//! A listing that honours only the date of its bounds shows rows outside of the slice; then slices are whole days.

//! # Deletions
//!
//! With `removed=1` the vendor lists deleted customers, and the same walk reads that listing over the same window, after
//! the other one. The argument above needs one thing more: that a deletion gives the customer an update time, as any
//! change does. Then a deletion before `E` is in this window, and one after `E`, while pages are being read, is in the
//! next; a customer that was listed as existing and is gone when its detail is asked for answers 404 meanwhile, is
//! counted as missing, and is removed by that next window. In the set of deleted customers, too, nobody enters a window
//! whose end lies in the past; who is restored leaves it, and is among the existing ones from then on.
//!
//! The vendor does not say whether deletions keep an older update time. If an account's did, they would be in no window
//! but in a listing without a lower bound: `extractor sync --since 2005-01-01 --removals` reads the whole of it, and
//! costs no detail call for customers that are loaded.

mod cutter;
mod gather;
#[cfg(test)]
mod tests;

use crate::{
    okki::{Error, ListItem, Page, PageRequest},
    window::Window,
};
use cutter::{Cutter, DAY, Slice};
use gather::{Gather, Taken};
use std::collections::HashSet;

/// Where pages come from; the client, or a model in tests.
pub(crate) trait Pages {
    /// Reads one page. A page that fails is retried in here.
    fn page(&self, request: PageRequest) -> impl Future<Output = Result<Page, Error>> + Send;
}

/// What one step of the walk found.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// Customers not given out by an earlier step of the walk.
    pub items: Vec<ListItem>,
    /// Rows that name no customer, as reasons.
    pub damaged: Vec<String>,
    /// Rows that were seen before.
    pub duplicates: u64,
    /// Everything before this second is read; to be kept once the items are safe.
    pub cursor: Option<i64>,
}

/// A walk over one window that can be taken up at a cursor.
pub(crate) struct Walk {
    cutter: Cutter,
    removed: bool,
    count: u32,
    /// Most rows that a page has had; `count` until the server has shown a smaller limit.
    capacity: Option<u64>,
    gather: Option<Gather>,
}

impl Walk {
    /// Begins at `cursor`, as an earlier walk left it, or at the window's start.
    #[must_use]
    pub(crate) fn new(window: Window, cursor: Option<i64>, count: u32, removed: bool) -> Self {
        Self {
            cutter: Cutter::new(window, cursor),
            removed,
            count,
            capacity: None,
            gather: None,
        }
    }

    /// Reads until there is something to hand out; `None` when the window is read.
    pub(crate) async fn next(&mut self, listing: &impl Pages) -> Result<Option<Step>, Error> {
        while let Some(slice) = self.cutter.slice() {
            if let Some(gather) = &mut self.gather {
                let page = listing.page(gather.request()).await?;
                return Ok(Some(match gather.take(page)? {
                    Taken::More(step) => step,
                    Taken::Whole(step) => {
                        self.gather = None;
                        self.cutter.step_over();
                        Step {
                            cursor: self.cutter.cursor(),
                            ..step
                        }
                    }
                }));
            }
            let page = listing.page(self.request(slice, 1)).await?;
            let coarse = self.is_coarse(slice, &page)?;
            if self.is_whole(slice, &page, listing).await? {
                self.cutter.advance(page.rows(), self.target());
                return Ok(Some(collect(page, slice, self.cutter.cursor())));
            }
            self.capacity = Some(self.capacity.unwrap_or(0).max(page.rows()));
            if coarse {
                self.cutter.use_days();
            }
            if !self.cutter.narrow(page.total, self.target()) {
                self.gather = Some(Gather::new(self.request(slice, 1), slice));
            }
        }
        Ok(None)
    }

    fn request(&self, slice: Slice, page: u64) -> PageRequest {
        let (start, end) = slice.asked();
        PageRequest {
            start,
            end: Some(end),
            page,
            count: self.count,
            removed: self.removed,
        }
    }

    /// Rows that a slice should have: under the page's limit by what chance adds to a count, so that most slices fit
    /// at the first try.
    fn target(&self) -> u64 {
        let limit = self.capacity.unwrap_or(u64::from(self.count)).max(1) as f64;
        ((limit - 1.5 * limit.sqrt()) as u64).max(1)
    }

    /// Says whether the page holds the whole slice. A total that is missing or too large is checked on page 2.
    async fn is_whole(&mut self, slice: Slice, page: &Page, listing: &impl Pages) -> Result<bool, Error> {
        let rows = page.rows();
        if page.total.is_some_and(|total| total <= rows) {
            return Ok(true);
        }
        let full = self.capacity.unwrap_or(u64::from(self.count));
        if page.total.is_some() && rows >= full {
            return Ok(false);
        }
        let second = listing.page(self.request(slice, 2)).await?;
        if rows > 0 && second.items == page.items && second.rows() == rows {
            return Err(does_not_advance(2));
        }
        Ok(second.rows() == 0)
    }

    /// Rows outside of what was asked for: a listing that reads only the date, or none of it.
    fn is_coarse(&self, slice: Slice, page: &Page) -> Result<bool, Error> {
        let far = page
            .items
            .iter()
            .map(|item| slice.distance(item.update_time))
            .max()
            .unwrap_or(0);
        if far > DAY && page.total.is_some_and(|total| total > page.rows()) {
            return Err(Error::Shape(
                "listing: `start_time` and `end_time` are not honoured".to_owned(),
            ));
        }
        Ok(far > 0)
    }
}

/// The error of a listing that gives the same page under two numbers.
fn does_not_advance(page: u64) -> Error {
    Error::Shape(format!(
        "listing: page {page} repeats the page before, so paging does not advance"
    ))
}

/// Drops the rows of the neighbouring slices and those listed twice on the page.
fn collect(page: Page, slice: Slice, cursor: Option<i64>) -> Step {
    let mut seen = HashSet::new();
    let rows = page.items.len();
    let mut items = page.items;
    items.retain(|item| !slice.is_padding(item.update_time) && seen.insert(item.company_id.clone()));
    Step {
        duplicates: (rows - items.len()) as u64,
        items,
        damaged: page.damaged,
        cursor,
    }
}
