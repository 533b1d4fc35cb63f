//! What a walk has handed out lately, so that a customer whom two slices show is handed out once.
//!
//! Whatever the server gives for a slice is handed out, wherever its time lies: a listing may show other times than those by
//! which it filters, and then no other slice shows the row. A row that comes twice costs a look-up, one that is left to a
//! slice that never shows it costs the customer.

use super::{Step, Walk, cutter::Slice};
use crate::okki::{ListItem, Page};
use std::collections::{HashMap, HashSet};

/// Rows of a generation, of which two are remembered.
const MOST: usize = 5_000;

/// The latest rows, each with its time: with another one it is another state.
#[derive(Default)]
pub(super) struct Handed {
    latest: HashSet<(String, i64)>,
    before: HashSet<(String, i64)>,
}

impl Handed {
    /// `false` when it was handed out already. A row without a time may be in any state.
    fn is_new(&mut self, item: &ListItem) -> bool {
        if item.update_time <= 0 {
            return true;
        }
        let row = (item.company_id.clone(), item.update_time);
        if self.before.contains(&row) {
            return false;
        }
        if self.latest.len() >= MOST && !self.latest.contains(&row) {
            self.before = std::mem::take(&mut self.latest);
        }
        self.latest.insert(row)
    }
}

/// The rows of a page that lie outside of what was asked for, counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Strays {
    /// On the days of the bounds, as a listing shows that honours dates only.
    pub of_days: u64,
    /// More than a day away.
    pub far: u64,
    pub all: u64,
}

impl Strays {
    pub(super) fn of(slice: Slice, page: &Page) -> Self {
        let mut strays = Self::default();
        for item in &page.items {
            let distance = slice.distance(item.update_time);
            strays.all += u64::from(distance > 0);
            strays.far += u64::from(distance > super::DAY);
            strays.of_days += u64::from(slice.is_of_its_days(item.update_time));
        }
        strays
    }
}

impl Walk {
    /// Drops the rows that were handed out before, and those listed twice on the page.
    pub(super) fn collect(&mut self, page: Page, slice: Slice) -> Step {
        let step = Step {
            items: page.items,
            damaged: page.damaged,
            cursor: self.cutter.cursor(),
            slice: slice.window(),
            now: page.now,
            ..Step::default()
        };
        self.hand_out(step, slice)
    }

    pub(super) fn hand_out(&mut self, mut step: Step, slice: Slice) -> Step {
        let rows = step.items.len();
        // Of two rows of one customer the newer one says what is to be fetched.
        let mut newest: HashMap<String, i64> = HashMap::new();
        for item in &step.items {
            let time = newest.entry(item.company_id.clone()).or_insert(item.update_time);
            *time = (*time).max(item.update_time);
        }
        let handed = &mut self.handed;
        step.items.retain(|item| {
            let is_newest = newest.get(&item.company_id) == Some(&item.update_time);
            let is_first = is_newest && newest.remove(&item.company_id).is_some();
            is_first && handed.is_new(item)
        });
        step.duplicates += (rows - step.items.len()) as u64;
        for item in &step.items {
            if slice.distance(item.update_time) > 0 {
                step.strays.insert(item.company_id.clone());
                step.displaced += u64::from(!slice.is_of_its_days(item.update_time));
            }
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_rows_of_one_customer_the_newer_one_counts() {
        let window = crate::window::Window {
            start: Some(1),
            end: 100,
        };
        let row = |id: &str, update_time| ListItem {
            company_id: id.to_owned(),
            update_time,
        };
        let page = Page {
            items: vec![row("1", 7), row("2", 8), row("1", 9), row("1", 9)],
            ..Page::default()
        };
        let mut walk = Walk::new(window, None, 20, false);
        let slice = walk.cutter.slice().unwrap();
        let step = walk.collect(page, slice);
        assert_eq!(step.items, [row("2", 8), row("1", 9)]);
        assert_eq!(step.duplicates, 2);
    }

    #[test]
    fn the_latest_rows_are_remembered_and_memory_is_bounded() {
        let mut handed = Handed::default();
        let row = |n: usize| ListItem {
            company_id: n.to_string(),
            update_time: 7,
        };
        for n in 0..5 * MOST {
            assert!(handed.is_new(&row(n)) && !handed.is_new(&row(n)));
            assert!(n < MOST || !handed.is_new(&row(n - MOST / 2)));
        }
        assert!(handed.latest.len() + handed.before.len() <= 2 * MOST);
        assert!(handed.is_new(&ListItem {
            update_time: 8,
            ..row(5 * MOST - 1)
        }));
    }
}
