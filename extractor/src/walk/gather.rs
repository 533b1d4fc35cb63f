//! Reads one second that holds more customers than a page: passes from the last page to the first until proven whole.
//!
//! The proof counts: since the total last fell to `T`, the set can only have shrunk, so `T` distinct customers seen
//! since then are all of them. See the module above for the argument, and [`totals`] for when a total counts. Without
//! totals that agree with the rows, passes go forwards until some have found nobody; when any total has said that there are
//! more by then, the second is told as doubtful.

mod totals;

use super::{Step, whole::does_not_advance};
use crate::okki::{DamagedRow, Error, ListItem, Page, PageRequest};
use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};
use totals::Belief;

/// Passes in which the proof came no further, after which an overstated total is no longer believed.
const QUIET_PASSES: u32 = 8;
/// The same where pages of another size were tried.
const QUIET_AFTERWARDS: u32 = 2;
/// Customers of one time may lie on the border of two pages and be shown by neither, pass after pass: pages of so many other
/// sizes, which have other borders, are read before a total is taken for too large.
const MOST_SIZES: u32 = 2;
/// Smaller pages would only be more of them.
const SMALLEST: u32 = 10;
/// Passes after which a listing counts as one that does not come to rest.
const MOST_PASSES: u32 = 64;
/// How often a page that repeats its neighbour is asked for again.
const REREADS: u32 = 2;

/// Result of one page.
pub(super) enum Taken {
    /// Go on.
    More(Step),
    /// The second is read.
    Whole(Step),
}

/// Progress within the second.
pub(super) struct Gather {
    request: PageRequest,
    /// Everybody seen, with the newest time, to give each state out once.
    seen: HashMap<String, i64>,
    /// Rows without a customer that were given out.
    damaged: HashSet<DamagedRow>,
    /// Everybody seen since the total last fell.
    epoch: HashSet<String>,
    epoch_total: Option<u64>,
    /// Pages read since then.
    epoch_pages: HashSet<u64>,
    /// The largest total that any page with rows has stated.
    most_total: u64,
    rises: u32,
    page_rows: u64,
    /// The last page that has ever shown a row.
    highest: u64,
    /// The first page behind it that is known to be empty in this pass.
    top: Option<u64>,
    /// Page numbers after the last one show the last one.
    is_clamped: bool,
    /// How often the page after the last one was asked for once more.
    confirmations: u32,
    total: Belief,
    previous: Vec<ListItem>,
    rereads: u32,
    pass: u32,
    found_in_pass: u64,
    quiet: u32,
    /// Sizes of pages that were tried beside the first.
    sizes: u32,
}

impl Gather {
    pub(super) fn new(request: PageRequest) -> Self {
        Self {
            request: PageRequest { page: 1, ..request },
            seen: HashMap::new(),
            damaged: HashSet::new(),
            epoch: HashSet::new(),
            epoch_total: None,
            epoch_pages: HashSet::new(),
            most_total: 0,
            rises: 0,
            page_rows: 0,
            highest: 0,
            top: None,
            is_clamped: false,
            confirmations: 0,
            total: Belief::Unknown,
            previous: Vec::new(),
            rereads: 0,
            pass: 0,
            found_in_pass: 0,
            quiet: 0,
            sizes: 0,
        }
    }

    /// The page to read now.
    pub(super) fn request(&self) -> PageRequest {
        self.request.clone()
    }

    /// Takes the page that was asked for.
    pub(super) fn take(&mut self, page: Page) -> Result<Taken, Error> {
        let number = self.request.page;
        let repeats = !page.items.is_empty() && page.items == self.previous;
        if repeats && !matches!(self.total, Belief::Probed | Belief::Repeated) {
            self.rereads += 1;
            return if self.rereads > REREADS {
                Err(does_not_advance(number))
            } else {
                Ok(Taken::More(Step::default()))
            };
        }
        self.rereads = 0;
        let rows = page.rows();
        self.page_rows = self.page_rows.max(rows);
        // Only the first page is empty because nobody is left, all others may lie behind the end.
        if rows > 0 || number == 1 {
            self.count_total(page.total);
        }
        self.judge_total(&page, repeats);
        self.previous.clone_from(&page.items);
        let step = self.keep(page);
        match self.proof() {
            Some(Ordering::Equal) if self.is_clamped || self.confirmations >= self.confirmations_needed() => {
                return Ok(Taken::Whole(step));
            }
            Some(Ordering::Equal) => {
                self.total = Belief::Confirmed;
                self.confirmations += 1;
                self.request.page = self.edge() + 1;
                return Ok(Taken::More(step));
            }
            // More than there can be.
            Some(Ordering::Less) => self.distrust(),
            _ => {}
        }
        match self.next_page(number, rows) {
            Some(next) => {
                if next == number {
                    // It will be the same, and that says nothing.
                    self.previous.clear();
                }
                self.request.page = next;
            }
            None if self.end_pass()? => {
                if self.tries_another_size() {
                    return Ok(Taken::More(step));
                }
                let (unread, falls_short) = (self.missing(), self.shortfall() > 0);
                return Ok(Taken::Whole(Step {
                    unread,
                    falls_short,
                    ..step
                }));
            }
            None => {}
        }
        Ok(Taken::More(step))
    }

    fn keep(&mut self, page: Page) -> Step {
        let mut step = Step::default();
        let known = self.epoch.len();
        for (n, row) in page.damaged.into_iter().enumerate() {
            // A damaged row is a row of the total that has no id; its number tells it apart from others, else its place.
            let place = || format!("{}:{n}", self.request.page);
            let name = row.serial_id.clone().unwrap_or_else(place);
            self.epoch.insert(format!("?{name}"));
            if self.damaged.insert(row.clone()) {
                step.damaged.push(row);
            }
        }
        for item in page.items {
            self.epoch.insert(item.company_id.clone());
            let known = self.seen.get(&item.company_id);
            if known.is_none_or(|known| *known < item.update_time) {
                self.seen.insert(item.company_id.clone(), item.update_time);
                step.items.push(item);
            } else {
                step.duplicates += 1;
            }
        }
        // What counts is progress of the proof: after a fall of the total everybody has to be seen once more.
        self.found_in_pass += (self.epoch.len() - known) as u64;
        step
    }

    /// Begins the next pass; `true` when passes have stopped to find anything.
    fn end_pass(&mut self) -> Result<bool, Error> {
        self.quiet = if self.found_in_pass == 0 {
            self.quiet + 1
        } else {
            0
        };
        self.pass += 1;
        self.found_in_pass = 0;
        let forwards = self.epoch_total.is_none() || self.total == Belief::Useless;
        self.request.page = match self.edge() {
            _ if forwards => 1,
            edge if self.is_clamped || self.epoch_pages.contains(&(edge + 1)) => edge,
            edge => edge + 1,
        };
        self.top = self
            .epoch_pages
            .contains(&(self.edge() + 1))
            .then_some(self.edge() + 1);
        self.previous.clear();
        let enough = if self.sizes == 0 {
            QUIET_PASSES
        } else {
            QUIET_AFTERWARDS
        };
        if self.quiet >= enough {
            if !forwards && self.sizes == MOST_SIZES {
                tracing::warn!(
                    total = self.epoch_total,
                    seen = self.seen.len(),
                    "listing overstates its total"
                );
            }
            return Ok(true);
        }
        if self.pass >= MOST_PASSES {
            return Err(Error::Shape(words::tr!(
                "listing: one second does not come to rest in {MOST_PASSES} passes"
            )));
        }
        Ok(false)
    }
}
