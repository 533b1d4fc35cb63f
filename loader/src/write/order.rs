//! Whether the ids of a `batch_create` answer may be taken by their place, which the vendor does not promise
//! (docs/jiandaoyun-api.md §5): only after they were seen to be right, and never again once they were wrong.
//!
//! An id that was taken so is still marked in the ledger, and proven by key before it is used (`proof`): the order
//! decides how soon a mistake is noticed, not whether one customer's row is written over another's.
//!
//! In the same way it is learned whether a refused call may have been carried out all the same. Rows of a refused batch are
//! always looked up before they are sent again; what is earned is only that the look need not wait until a row that was
//! stored a moment ago must be visible.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Batches whose rows have to be seen in order before the order is believed.
const FIRST: u32 = 3;
/// One batch in so many is looked at for ever: what was confirmed and not stored is found soon, for a call in five.
const SAMPLE: u32 = 5;
/// One refusal in so many waits for ever.
const EVERY: u32 = 20;
/// Customers that are remembered for the case that trust was misplaced.
const PLACED: usize = 10_000;

/// What this process has seen of the order of ids.
#[derive(Debug, Default)]
pub(crate) struct Order {
    ids: Mutex<Seen>,
    refusals: Mutex<Refusals>,
}

#[derive(Debug, Default)]
struct Refusals {
    /// Looks that waited and found nothing stored.
    clean: u32,
    /// Something was stored once.
    broken: bool,
    /// Looks that did not wait since the last one that did.
    since: u32,
}

#[derive(Debug, Default)]
struct Seen {
    in_order: u32,
    broken: bool,
    /// Batches taken by their place since the last look.
    since: u32,
    /// The customers whose ids were taken so last: a look that finds nothing wrong says nothing about them.
    placed: VecDeque<String>,
}

impl Order {
    /// Whether the ids of these customers may be taken by their place, without a look.
    pub(super) fn trusts<'a>(&self, companies: impl ExactSizeIterator<Item = &'a str>) -> bool {
        let mut seen = self.lock();
        // A single row proves nothing about an order, and cannot be in a wrong one.
        if seen.broken || companies.len() > 1 && seen.in_order < FIRST {
            return false;
        }
        if seen.since + 1 >= SAMPLE {
            seen.since = 0;
            return false;
        }
        seen.since += 1;
        seen.placed.extend(companies.map(str::to_owned));
        let too_many = seen.placed.len().saturating_sub(PLACED);
        seen.placed.drain(..too_many);
        true
    }

    /// Whether ids came in another order once.
    pub(super) fn is_broken(&self) -> bool {
        self.lock().broken
    }

    /// A batch of these rows was looked at; the customers to be read again, when the order was wrong or a row was not there.
    pub(super) fn looked(&self, rows: usize, in_order: bool) -> Vec<String> {
        let mut seen = self.lock();
        if !in_order {
            seen.broken = true;
            return std::mem::take(&mut seen.placed).into();
        }
        seen.in_order = seen.in_order.saturating_add(u32::from(rows > 1));
        Vec::new()
    }

    /// Whether the look after a refusal has to wait until everything that was stored can be seen.
    pub(super) fn doubts_refusals(&self) -> bool {
        let mut seen = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = seen.broken || seen.clean < FIRST || seen.since + 1 >= EVERY;
        seen.since = if waits { 0 } else { seen.since + 1 };
        waits
    }

    /// The look after a refusal has found something stored, or nothing.
    pub(super) fn refused(&self, stored: bool) {
        let mut seen = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        seen.broken |= stored;
        seen.clean = seen.clean.saturating_add(1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(order: &Order, companies: &[&str]) -> bool {
        order.trusts(companies.iter().copied())
    }

    #[test]
    fn order_is_believed_after_some_looks_and_looked_at_now_and_then() {
        let order = Order::default();
        for _ in 0..FIRST {
            assert!(!trusts(&order, &["1", "2"]));
            assert!(order.looked(2, true).is_empty());
        }
        for _ in 1..SAMPLE {
            assert!(trusts(&order, &["1", "2"]));
        }
        assert!(!trusts(&order, &["1", "2"]), "a sample");
        assert!(order.looked(2, true).is_empty());
        assert!(trusts(&order, &["3", "4"]));
        let placed = order.looked(2, false);
        assert_eq!(placed[..2], ["1", "2"], "a look at others has not proven them");
        assert_eq!(placed[placed.len() - 2..], ["3", "4"]);
        assert!(order.looked(2, false).is_empty(), "once");
        assert!(!trusts(&order, &["5", "6"]), "never again");
        assert!(!trusts(&order, &["5"]));
    }

    #[test]
    fn the_last_ones_that_were_taken_by_place_are_remembered() {
        let order = Order::default();
        for company in 0..2 * PLACED {
            trusts(&order, &[&company.to_string()]);
        }
        let placed = order.looked(1, false);
        assert_eq!(placed.len(), PLACED);
        assert!(placed.contains(&(2 * PLACED - 2).to_string()));
    }

    #[test]
    fn refusals_are_believed_after_some_looks_and_never_again_once_something_was_stored() {
        let order = Order::default();
        for _ in 0..FIRST {
            assert!(order.doubts_refusals());
            order.refused(false);
        }
        for _ in 1..EVERY {
            assert!(!order.doubts_refusals());
            order.refused(false);
        }
        assert!(order.doubts_refusals(), "a sample");
        assert!(!order.doubts_refusals());
        order.refused(true);
        assert!(order.doubts_refusals() && order.doubts_refusals());
    }

    #[test]
    fn single_rows_earn_no_trust_and_need_none() {
        let order = Order::default();
        for _ in 0..FIRST {
            assert!(trusts(&order, &["1"]));
            order.looked(1, true);
        }
        assert!(!trusts(&order, &["1", "2"]));
    }
}
