//! What the totals of one second are good for: they say where the last page is, and when everybody was seen.
//!
//! A total may be wrong on any page and in any direction, so it never ends a second by itself: since it last fell, every page
//! that has ever shown a row, and every one that it counts, must have been read, and the one behind them must be empty, twice.
//! The total of an empty page is none, for there it may be the count of that page.

use super::{Gather, MOST_SIZES, SMALLEST};
use crate::okki::{Page, PageRequest};
use std::cmp::Ordering;

/// So often a total may rise, in a set that nobody enters, before totals are believed no more.
const MOST_RISES: u32 = 3;

/// So many pages behind the last one with rows are asked for because of a total that has fallen.
const MOST_CLAIMED: u64 = 32;

/// What is known of the listing's totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    /// Nothing yet.
    Unknown,
    /// The page after the last one is being asked for.
    Probed,
    /// The probed page repeated rows, as when page numbers are cut at the last one; the last page tells.
    Repeated,
    /// Nothing comes after what they count.
    Enough,
    /// Everybody was seen, and the page after the last one is asked for once more.
    Confirmed,
    /// They are missing, rise and fall, or more was found than they count.
    Useless,
}

impl Gather {
    pub(super) fn count_total(&mut self, total: Option<u64>) {
        let Some(total) = total else {
            return;
        };
        self.most_total = self.most_total.max(total);
        if self.total == Belief::Useless {
            return;
        }
        match self.epoch_total.map(|before| total.cmp(&before)) {
            Some(Ordering::Less) => {
                self.epoch.clear();
                self.epoch_pages.clear();
                if self.is_clamped {
                    // Which page is repeated now has to be found out anew.
                    (self.total, self.is_clamped, self.highest) = (Belief::Unknown, false, 0);
                }
            }
            Some(Ordering::Greater) => self.rises += 1,
            _ => {}
        }
        self.epoch_total = Some(total);
        if self.rises > MOST_RISES {
            self.distrust();
        }
    }

    /// What the page that was asked for after the last one says of the totals.
    pub(super) fn judge_total(&mut self, page: &Page, repeats: bool) {
        let number = self.request.page;
        self.epoch_pages.insert(number);
        match self.total {
            Belief::Probed if page.rows() == 0 => self.total = Belief::Enough,
            Belief::Probed | Belief::Repeated if repeats => {
                (self.total, self.is_clamped) = (Belief::Enough, true);
                self.highest = self.last_page();
                return;
            }
            // Not repeated by page 1; the last page may still be the same.
            Belief::Probed => self.total = Belief::Repeated,
            Belief::Repeated => self.distrust(),
            Belief::Confirmed if page.rows() > 0 => self.distrust(),
            _ => {}
        }
        if page.rows() > 0 && self.total != Belief::Repeated {
            self.highest = self.highest.max(number);
        }
    }

    /// How the total compares with who was seen; equal only when every page was read since it last fell, and nothing comes
    /// behind the last one.
    pub(super) fn proof(&self) -> Option<Ordering> {
        if !matches!(self.total, Belief::Enough | Belief::Confirmed) {
            return None;
        }
        let ordering = self.epoch_total?.cmp(&(self.epoch.len() as u64));
        let last = match self.is_clamped {
            true => self.edge(),
            false => self.edge() + 1,
        };
        let is_read = || (1..=last).all(|page| self.epoch_pages.contains(&page));
        (ordering != Ordering::Equal || is_read()).then_some(ordering)
    }

    /// One page alone is a second that did not have to be read like this: something had spoken for more.
    pub(super) fn confirmations_needed(&self) -> u32 {
        if self.highest > 1 { 1 } else { 3 }
    }

    /// The last page that anything speaks for: rows, or the total.
    pub(super) fn edge(&self) -> u64 {
        // A total that has fallen said that there are pages, and they are no more only when they were asked for.
        let claimed = self.most_total.div_ceil(self.page_rows.max(1));
        let claimed = claimed.min(self.highest + MOST_CLAIMED);
        self.last_page().max(self.highest).max(claimed)
    }

    pub(super) fn distrust(&mut self) {
        if self.total != Belief::Useless {
            tracing::warn!(total = self.epoch_total, "listing understates its total");
            self.total = Belief::Useless;
        }
    }

    /// The very first page shows where the last one is, and the one after that whether it is; from there the walk is
    /// backwards. Without totals it is forwards.
    pub(super) fn next_page(&mut self, number: u64, rows: u64) -> Option<u64> {
        match (self.epoch_total, self.total) {
            // One page that is empty may have been no answer.
            (None, _) | (_, Belief::Useless) => {
                (rows > 0 || number <= self.highest + 1).then_some(number + 1)
            }
            (Some(_), Belief::Unknown) => {
                self.total = Belief::Probed;
                Some(self.last_page() + 1)
            }
            (Some(_), Belief::Repeated) => Some(self.last_page()),
            (Some(_), Belief::Probed | Belief::Enough | Belief::Confirmed) => self.backwards(number, rows),
        }
    }

    /// The page before; where the total counts pages that are empty, half of them are left out at a time.
    pub(super) fn backwards(&mut self, number: u64, rows: u64) -> Option<u64> {
        let is_behind = rows == 0 && number > self.highest;
        let is_first = self.top.is_none();
        if is_behind {
            self.top = Some(number);
        }
        let next = match self.top {
            // The page after the last one was expected to be empty.
            _ if is_behind && is_first => number - 1,
            Some(top) if is_behind || (number == self.highest && top > number + 1) => {
                self.highest + (top - self.highest) / 2
            }
            _ => number.saturating_sub(1),
        };
        (next > 0).then_some(next)
    }

    pub(super) fn last_page(&self) -> u64 {
        self.epoch_total
            .map_or(1, |total| total.div_ceil(self.page_rows.max(1)).max(1))
    }

    /// Customers that a total counts and no page has shown.
    pub(super) fn shortfall(&self) -> u64 {
        match self.epoch_total.filter(|_| self.total != Belief::Useless) {
            Some(total) => total.saturating_sub(self.epoch.len() as u64),
            None => self
                .most_total
                .saturating_sub((self.seen.len() + self.damaged.len()) as u64),
        }
    }

    /// Begins to read pages of another size, if somebody is missing and that may show him.
    pub(super) fn tries_another_size(&mut self) -> bool {
        let smaller = self.request.count * 2 / 3;
        // Whole pages that are missing are told and listed again.
        let is_useful = self.shortfall() > 0 && self.missing().is_none();
        if !is_useful || self.sizes >= MOST_SIZES || smaller < SMALLEST {
            return false;
        }
        self.sizes += 1;
        self.request = PageRequest {
            page: 1,
            count: smaller,
            ..self.request.clone()
        };
        // What is known of pages was of pages of another size. Who was seen stays seen.
        self.epoch_pages.clear();
        (self.page_rows, self.highest, self.top, self.is_clamped) = (0, 0, None, false);
        if self.total != Belief::Useless {
            self.total = Belief::Unknown;
        }
        (self.quiet, self.found_in_pass, self.confirmations) = (0, 0, 0);
        true
    }

    /// Passes have stopped to find anybody although a total says more. It may count too many; but not by whole pages, whose
    /// numbers were asked for and showed nothing.
    pub(super) fn missing(&self) -> Option<String> {
        let (total, seen) = match self.epoch_total.filter(|_| self.total != Belief::Useless) {
            Some(total) => (total, self.epoch.len() as u64),
            None => (self.most_total, (self.seen.len() + self.damaged.len()) as u64),
        };
        let size = self.page_rows.max(1);
        let is_much = total > seen && (total - seen >= size || total.div_ceil(size) > self.highest);
        is_much.then(|| words::tr!("listing: one second shows {seen} of {total} customers"))
    }
}
