//! What a consumer has taken and not settled: how many, and since when the oldest is under way.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Deliveries in hand; clones share the list.
#[derive(Debug, Clone, Default)]
pub(super) struct InFlight {
    held: Arc<Mutex<BTreeSet<(i64, u64)>>>,
    next: Arc<AtomicU64>,
}

/// Stands for one delivery; dropping it takes the delivery off the list, however the delivery ends.
#[derive(Debug)]
pub(super) struct Ticket {
    list: InFlight,
    key: (i64, u64),
}

impl InFlight {
    /// Puts a delivery on the list that was first published at this time (unix milliseconds, 0 when unknown).
    pub(super) fn ticket(&self, first_seen_ms: i64) -> Ticket {
        let key = (first_seen_ms, self.next.fetch_add(1, Ordering::Relaxed));
        self.lock().insert(key);
        Ticket {
            list: self.clone(),
            key,
        }
    }

    /// How many, and when the oldest one was first published.
    pub(super) fn sample(&self) -> (usize, Option<i64>) {
        let held = self.lock();
        (
            held.len(),
            held.iter()
                .map(|(first_seen, _)| *first_seen)
                .find(|first_seen| *first_seen > 0),
        )
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<(i64, u64)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.list.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_ticket_is_off_the_list() {
        let list = InFlight::default();
        let (old, new, unknown) = (list.ticket(5), list.ticket(9), list.ticket(0));
        assert_eq!(list.sample(), (3, Some(5)));
        drop(old);
        assert_eq!(list.sample(), (2, Some(9)));
        drop((new, unknown));
        assert_eq!(list.sample(), (0, None));
    }
}
