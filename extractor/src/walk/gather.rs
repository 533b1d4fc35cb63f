//! Reads one second that holds more customers than a page: passes from the last page to the first until proven whole.
//!
//! The proof counts: since the total last fell to `T`, the set can only have shrunk, so `T` distinct customers seen
//! since then are all of them. See the module above for the argument.

use super::{Step, cutter::Slice, does_not_advance};
use crate::okki::{Error, ListItem, Page, PageRequest};
use std::collections::HashSet;

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

/// Progress within the second.
pub(super) struct Gather {
    request: PageRequest,
    slice: Slice,
    /// Everybody seen, to give each out once.
    seen: HashSet<String>,
    /// Everybody seen since the total last fell.
    epoch: HashSet<String>,
    epoch_total: Option<u64>,
    page_rows: u64,
    located: bool,
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
            epoch: HashSet::new(),
            epoch_total: None,
            page_rows: 0,
            located: false,
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
        if !page.items.is_empty() && page.items == self.previous {
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
        self.previous.clone_from(&page.items);
        let rows = page.rows();
        let step = self.keep(page);
        if self
            .epoch_total
            .is_some_and(|total| self.epoch.len() as u64 >= total)
        {
            return Ok(Taken::Whole(step));
        }
        match self.next_page(number, rows) {
            Some(next) => self.request.page = next,
            None if self.end_pass()? => return Ok(Taken::Whole(step)),
            None => {}
        }
        Ok(Taken::More(step))
    }

    fn count_total(&mut self, total: Option<u64>) {
        let Some(total) = total else { return };
        if self.epoch_total.is_some_and(|before| total < before) {
            self.epoch.clear();
        }
        self.epoch_total = Some(total);
    }

    fn keep(&mut self, page: Page) -> Step {
        let mut step = Step {
            damaged: page.damaged,
            ..Step::default()
        };
        let known = self.epoch.len();
        // A damaged row is a row of the total that will never have an id.
        self.epoch.extend(
            step.damaged
                .iter()
                .enumerate()
                .map(|(n, _)| format!("?{}:{n}", self.request.page)),
        );
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

    /// The very first page shows where the last one is; from there the walk is backwards. Without totals it is
    /// forwards.
    fn next_page(&mut self, number: u64, rows: u64) -> Option<u64> {
        if self.epoch_total.is_none() {
            return (rows > 0).then_some(number + 1);
        }
        if std::mem::replace(&mut self.located, true) {
            return (number > 1).then(|| number - 1);
        }
        Some(self.last_page()).filter(|last| *last > 1)
    }

    fn last_page(&self) -> u64 {
        self.epoch_total
            .map_or(1, |total| total.div_ceil(self.page_rows.max(1)).max(1))
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
        self.request.page = self.last_page();
        self.previous.clear();
        if self.quiet >= QUIET_PASSES {
            tracing::warn!(
                total = self.epoch_total,
                seen = self.seen.len(),
                "listing overstates its total"
            );
            return Ok(true);
        }
        if self.pass >= MOST_PASSES {
            return Err(Error::Shape(format!(
                "listing: one second does not come to rest in {MOST_PASSES} passes"
            )));
        }
        Ok(false)
    }
}
