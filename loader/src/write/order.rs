//! Whether the ids of a `batch_create` answer may be taken by their place, which the vendor does not promise
//! (docs/jiandaoyun-api.md §5): only after they were seen to be right, and never again once they were wrong.
//!
//! An id that was taken so is still marked in the ledger, and proven by key before it is used (`proof`): the order
//! decides how soon a mistake is noticed, not whether one customer's row is written over another's.

use std::sync::{Mutex, PoisonError};

/// Batches whose rows have to be seen in order before the order is believed.
const FIRST: u32 = 3;
/// One batch in so many is looked at for ever.
const EVERY: u32 = 20;

/// What this process has seen of the order of ids.
#[derive(Debug, Default)]
pub(crate) struct Order(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    in_order: u32,
    broken: bool,
    /// Batches taken by their place since the last look, and their customers.
    since: u32,
    placed: Vec<String>,
}

impl Order {
    /// Whether the ids of these customers may be taken by their place, without a look.
    pub(super) fn trusts<'a>(&self, companies: impl ExactSizeIterator<Item = &'a str>) -> bool {
        let mut seen = self.lock();
        // A single row proves nothing about an order, and cannot be in a wrong one.
        if seen.broken || companies.len() > 1 && seen.in_order < FIRST {
            return false;
        }
        if seen.since + 1 >= EVERY {
            seen.since = 0;
            return false;
        }
        seen.since += 1;
        seen.placed.extend(companies.map(str::to_owned));
        true
    }

    /// A batch of these rows was looked at; the customers to be read again, when the order was wrong.
    pub(super) fn looked(&self, rows: usize, in_order: bool) -> Vec<String> {
        let mut seen = self.lock();
        let placed = std::mem::take(&mut seen.placed);
        if !in_order {
            seen.broken = true;
            return placed;
        }
        seen.in_order = seen.in_order.saturating_add(u32::from(rows > 1));
        Vec::new()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        for _ in 1..EVERY {
            assert!(trusts(&order, &["1", "2"]));
        }
        assert!(!trusts(&order, &["1", "2"]), "a sample");
        assert!(order.looked(2, true).is_empty());
        assert!(trusts(&order, &["3", "4"]));
        assert_eq!(order.looked(2, false), ["3", "4"], "taken on trust since then");
        assert!(!trusts(&order, &["5", "6"]), "never again");
        assert!(!trusts(&order, &["5"]));
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
