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
//! are in it when nothing follows. That `totalItem` does not exceed the rows is no proof, for totals may be too small; so
//! page 2 is asked for, unless the page has fewer rows than any listing's pages have; where that has nothing and the
//! total says more, one of both is wrong, and the parts of the slice show which ([`whole`]). A customer that did not
//! change has one update time, which lies in exactly one slice, and is in that slice's answer whenever that is read. No
//! assumption about the sort order is made, totals may move between calls, and the whole progress is one number: the time
//! up to which the window is read.
//!
//! Whether the vendor's bounds are inclusive is unknown, so slices ask for one second more on either side. Rows that two
//! slices show are handed out once ([`handed`]); none is dropped because its time lies elsewhere, for a listing may show
//! other times than those by which it filters.
//!
//! A single second can hold more customers than a page (an import). Then, and only then, [`Gather`] turns pages:
//! from the last to the first, which is right for every fixed order (a row that leaves moves the others to earlier
//! pages, which are still to be read), and again and again until the number of distinct customers seen since the
//! total last fell reaches that total. As the set only shrinks, reaching it proves that all were seen, in any order, as
//! long as the total is not too small: the page after the last one is read first, and when there is something on it,
//! totals are believed no more and pages are turned until some passes have found nobody. A total may be wrong on any page:
//! it may only make the walk read more, or be told as doubtful, and no page that has shown a row is left out because of it.
//!
//! Such a second is cut out of what it is in as soon as a page shows nobody else ([`second`]).
//!
//! A listing that honours only the date of its bounds shows mostly rows outside of a slice that is shorter than a day; then
//! slices are whole days. That bounds are not honoured at all is asked: a span before there was any customer shows somebody.
//!
//! A page that cannot be read, while others can, costs the second in which its reason lies ([`unread`]).
//!
//! A page that shows nobody may be no answer at all: nobody is passed over because of one alone ([`doubt`]).
//!
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

mod bounds;
mod cutter;
mod doubt;
mod gather;
mod handed;
mod second;
#[cfg(test)]
mod tests;
mod unread;
mod whole;

use crate::okki::{DamagedRow, Error, ListItem, Page, PageRequest};
use crate::window::Window;
use bounds::Around;
pub(crate) use cutter::day_start;
use cutter::{Cutter, DAY, Slice};
use gather::Gather;
use handed::{Handed, Strays};
use std::collections::HashSet;

/// Where pages come from; the client, or a model in tests.
pub(crate) trait Pages {
    /// Reads one page. A page that fails is retried in here.
    fn page(&self, request: PageRequest) -> impl Future<Output = Result<Page, Error>> + Send;

    /// The same without a retry, where it is known how to do without.
    fn page_once(&self, request: PageRequest) -> impl Future<Output = Result<Page, Error>> + Send {
        self.page(request)
    }
}

/// What one step of the walk found.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// Customers not given out by an earlier step of the walk.
    pub items: Vec<ListItem>,
    /// Rows that name no customer.
    pub damaged: Vec<DamagedRow>,
    /// Why nobody knows who else is in the slice.
    pub unread: Option<String>,
    /// The total counts more customers of the slice than any page has shown.
    pub falls_short: bool,
    /// Of the items, those whose listed time lies outside of what was asked for: that time says nothing.
    pub strays: HashSet<String>,
    /// How many of these lie on other days, which no listing shows that filters by the times it shows.
    pub displaced: u64,
    /// Rows that were seen before.
    pub duplicates: u64,
    /// Everything before this second is read; to be kept once the items are safe.
    pub cursor: Option<i64>,
    /// The slice that was read, both ends included.
    pub slice: Window,
    /// OKKI's clock, as the page says.
    pub now: Option<i64>,
}

/// A walk over one window that can be taken up at a cursor.
pub(crate) struct Walk {
    cutter: Cutter,
    removed: bool,
    count: u32,
    /// Most rows that a page has had; `count` until the server has shown a smaller limit.
    capacity: Option<u64>,
    /// A total was more than the rows of its page, so that totals are more than what the page shows.
    counts: bool,
    /// Whether every page after the last one is refused, once that was asked.
    refuses_beyond: Option<bool>,
    /// A page with fewer rows than that was followed by others.
    uneven: bool,
    gather: Option<Gather>,
    coarse: bool,
    /// A span before there was any customer shows nobody.
    bounded: bool,
    handed: Handed,
    /// Why the page that was asked for last could not be read.
    failed: Option<Error>,
    /// Up to here a page could not be read; where the reason lies is not known yet.
    unread_until: Option<i64>,
    around: Around,
    /// The lower and the upper bound have been seen to be inclusive.
    inclusive: [bool; 2],
    /// Slices of which the total has counted more than there are, in a row.
    overstated: u32,
    /// What shows nobody is asked for again.
    doubts: bool,
    /// The slice that was asked for again last.
    doubted: Option<Window>,
    /// The slice is asked for with other bounds than usual.
    wide: bool,
    /// Nothing is asked for without a lower bound.
    floored: bool,
    /// Until here seconds are read one by one.
    apart: Option<i64>,
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
            counts: false,
            refuses_beyond: None,
            uneven: false,
            gather: None,
            coarse: false,
            bounded: false,
            handed: Handed::default(),
            failed: None,
            unread_until: None,
            around: Around::Both,
            inclusive: [false; 2],
            overstated: 0,
            doubts: true,
            doubted: None,
            wide: false,
            floored: false,
            apart: None,
        }
    }

    /// Reads until there is something to hand out; `None` when the window is read.
    pub(crate) async fn next(&mut self, listing: &impl Pages) -> Result<Option<Step>, Error> {
        while let Some(slice) = self.cutter.slice() {
            let slice = slice.widened(self.wide).floored(self.floored);
            if self.gather.is_some() {
                return self.turn_pages(slice, listing).await.map(Some);
            }
            let Some(page) = self.read(self.request(slice, 1), listing).await? else {
                if self.cut_around(slice) {
                    continue;
                }
                return self.row_by_row(slice, listing).await.map(Some);
            };
            if self.around == Around::None && page.rows() == 0 && self.inclusive != [true; 2] {
                // Nothing between bounds that may be exclusive says nothing.
                self.around = Around::Unproven;
                continue;
            }
            let otherwise = match page.rows() {
                0 => self.shown_otherwise(slice, listing).await?,
                _ => None,
            };
            let (slice, page) = match otherwise {
                Some(shown) => (slice.widened(self.wide).floored(self.floored), shown),
                None => (slice, page),
            };
            let strays = Strays::of(slice, &page);
            self.coarse |= strays.all > 0;
            self.learn_bounds(&page, self.asked(slice));
            self.capacity = self.capacity.map(|most| most.max(page.rows()));
            if self.is_whole(slice, &page, listing).await? {
                (self.around, self.wide) = (Around::Both, false);
                self.cutter.advance(page.rows(), self.target());
                return Ok(Some(self.collect(page, slice)));
            }
            // A few rows may have times that are wrong; most have them when bounds are not honoured, or dates only.
            let is_most = |rows: u64| 2 * rows > page.rows();
            if is_most(strays.far) && self.ignores_bounds(slice, listing).await? {
                return Err(Error::Unbounded);
            }
            if is_most(strays.of_days) {
                self.cutter.use_days();
            }
            let is_alone = self.is_one_second(slice, &page);
            if self.cuts_out(&page) || (!is_alone && self.cutter.narrow(page.total, self.target())) {
                self.wide = false;
                continue;
            }
            // The many may be in the seconds around it.
            if !is_alone && self.around == Around::Both && slice.has_padding() {
                self.around = Around::None;
            } else {
                self.gather = Some(Gather::new(self.request(slice, 1)));
                return Ok(Some(self.turn_page(slice, page)));
            }
        }
        Ok(None)
    }

    fn request(&self, slice: Slice, page: u64) -> PageRequest {
        let (start, end) = self.asked(slice);
        PageRequest {
            start,
            end: Some(end),
            page,
            count: self.count,
            removed: self.removed,
        }
    }

    fn step_over(&mut self) {
        // A search for what cannot be read ends where that lies: an outage behind it is none of its pages.
        (self.gather, self.around, self.unread_until) = (None, Around::Both, None);
        self.wide = false;
        self.cutter.step_over();
    }

    /// Rows that a slice should have: under the page's limit by what chance adds to a count, so that most slices fit
    /// at the first try.
    fn target(&self) -> u64 {
        let limit = self.capacity.unwrap_or(u64::from(self.count)).max(1) as f64;
        ((limit - 1.5 * limit.sqrt()) as u64).max(1)
    }

    /// The listing has shown rows outside of what was asked for: it honours only dates, or no bounds.
    pub(crate) const fn is_coarse(&self) -> bool {
        self.coarse
    }
}
