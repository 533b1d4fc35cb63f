//! Reads one second that holds more customers than a page: passes from the last page to the first until proven whole.
//!
//! The proof counts: since the total last fell to `T`, the set can only have shrunk, so `T` distinct customers seen
//! since then are all of them. See the module above for the argument. It holds for a total that is not too small, which
//! the page after the last one shows; without such a total, passes go forwards until some have found nobody.

use super::{Step, cutter::Slice, does_not_advance};
use crate::okki::{DamagedRow, Error, ListItem, Page, PageRequest};
use std::{cmp::Ordering, collections::HashSet};

/// Passes in which the proof came no further, after which an overstated total is no longer believed.
const QUIET_PASSES: u32 = 8;
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

/// What is known of the listing's totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belief {
    /// Nothing yet.
    Unknown,
    /// The page after the last one is being asked for.
    Probed,
    /// The probed page repeated rows, as when page numbers are cut at the last one; the last page tells.
    Repeated,
    /// Nothing comes after what they count.
    Enough,
    /// They are missing, or more was found than they count.
    Useless,
}

/// Progress within the second.
pub(super) struct Gather {
    request: PageRequest,
    slice: Slice,
    /// Everybody seen, to give each out once.
    seen: HashSet<String>,
    /// Rows without a customer that were given out.
    damaged: HashSet<DamagedRow>,
    /// Everybody seen since the total last fell.
    epoch: HashSet<String>,
    epoch_total: Option<u64>,
    page_rows: u64,
    total: Belief,
    previous: Vec<ListItem>,
    rereads: u32,
    pass: u32,
    found_in_pass: u64,
    quiet: u32,
}

impl Gather {
    pub(super) fn new(request: PageRequest, slice: Slice) -> Self {
        Self {
            request: PageRequest { page: 1, ..request },
            slice,
            seen: HashSet::new(),
            damaged: HashSet::new(),
            epoch: HashSet::new(),
            epoch_total: None,
            page_rows: 0,
            total: Belief::Unknown,
            previous: Vec::new(),
            rereads: 0,
            pass: 0,
            found_in_pass: 0,
            quiet: 0,
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
        self.count_total(page.total);
        self.page_rows = self.page_rows.max(page.rows());
        let rows = page.rows();
        self.judge_total(&page, repeats);
        self.previous.clone_from(&page.items);
        let step = self.keep(page);
        let total = self.epoch_total.filter(|_| self.total == Belief::Enough);
        match total.map(|total| total.cmp(&(self.epoch.len() as u64))) {
            Some(Ordering::Equal) => return Ok(Taken::Whole(step)),
            // More than there can be.
            Some(Ordering::Less) => self.distrust(),
            _ => {}
        }
        match self.next_page(number, rows) {
            Some(next) => self.request.page = next,
            None if self.end_pass()? => {
                let unread = self.missing();
                return Ok(Taken::Whole(Step { unread, ..step }));
            }
            None => {}
        }
        Ok(Taken::More(step))
    }

    fn count_total(&mut self, total: Option<u64>) {
        let Some(total) = total.filter(|_| self.total != Belief::Useless) else {
            return;
        };
        if self.epoch_total.is_some_and(|before| total < before) {
            self.epoch.clear();
        }
        self.epoch_total = Some(total);
    }

    /// What the page that was asked for after the last one says of the totals.
    fn judge_total(&mut self, page: &Page, repeats: bool) {
        match self.total {
            Belief::Probed if page.rows() == 0 || repeats => self.total = Belief::Enough,
            // Not repeated by page 1; the last page may still be the same.
            Belief::Probed => self.total = Belief::Repeated,
            Belief::Repeated if repeats => self.total = Belief::Enough,
            Belief::Repeated => self.distrust(),
            _ => {}
        }
    }

    fn distrust(&mut self) {
        if self.total != Belief::Useless {
            tracing::warn!(total = self.epoch_total, "listing understates its total");
            self.total = Belief::Useless;
        }
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
            if self.seen.insert(item.company_id.clone()) && !self.slice.is_padding(item.update_time) {
                step.items.push(item);
            } else {
                step.duplicates += 1;
            }
        }
        // What counts is progress of the proof: after a fall of the total everybody has to be seen once more.
        self.found_in_pass += (self.epoch.len() - known) as u64;
        step
    }

    /// The very first page shows where the last one is, and the one after that whether it is; from there the walk is
    /// backwards. Without totals it is forwards.
    fn next_page(&mut self, number: u64, rows: u64) -> Option<u64> {
        match (self.epoch_total, self.total) {
            (None, _) | (_, Belief::Useless) => (rows > 0).then_some(number + 1),
            (Some(_), Belief::Unknown) => {
                self.total = Belief::Probed;
                Some(self.last_page() + 1)
            }
            (Some(_), Belief::Repeated) => Some(self.last_page()),
            (Some(_), Belief::Probed | Belief::Enough) => {
                let next = number.min(self.last_page() + 1);
                (next > 1).then(|| next - 1)
            }
        }
    }

    fn last_page(&self) -> u64 {
        self.epoch_total
            .map_or(1, |total| total.div_ceil(self.page_rows.max(1)).max(1))
    }

    /// Passes have stopped to find anybody although the total says more. It may count too many; but not by whole pages, whose
    /// numbers were asked for and showed nothing.
    fn missing(&self) -> Option<String> {
        let total = self.epoch_total.filter(|_| self.total != Belief::Useless)?;
        let seen = self.epoch.len() as u64;
        let is_much = total.saturating_sub(seen) >= self.page_rows.max(1);
        is_much.then(|| words::tr!("listing: one second shows {seen} of {total} customers"))
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
        self.request.page = if forwards { 1 } else { self.last_page() };
        self.previous.clear();
        if self.quiet >= QUIET_PASSES {
            if !forwards {
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
