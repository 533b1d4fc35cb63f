//! What a consumer has taken and not settled: how many, and since when the oldest is under way.

use crate::{
    message::{Envelope, Load},
    stage::Stage,
    telemetry::names,
};
use metrics::Gauge;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Deliveries in hand; clones share the list.
#[derive(Debug, Clone)]
pub(super) struct InFlight {
    held: Arc<Mutex<BTreeMap<(i64, u64), Taken>>>,
    next: Arc<AtomicU64>,
    /// Their number, true at any time.
    shown: Gauge,
    load: Arc<Mutex<Load>>,
}

/// Whose message, and when it was taken.
#[derive(Debug)]
struct Taken {
    run: String,
    customer: String,
    at: Instant,
}

/// Stands for one delivery; dropping it takes the delivery off the list, however the delivery ends.
#[derive(Debug)]
pub(super) struct Ticket {
    list: InFlight,
    key: (i64, u64),
}

impl InFlight {
    pub(super) fn of(stage: Stage) -> Self {
        let shown = metrics::gauge!(names::IN_FLIGHT, "stage" => stage.name());
        shown.set(0.0);
        Self {
            held: Arc::default(),
            next: Arc::default(),
            shown,
            load: Arc::default(),
        }
    }

    /// Puts a delivery on the list, by when it was first published (unix milliseconds, 0 when unknown).
    pub(super) fn ticket(&self, envelope: &Envelope) -> Ticket {
        let key = (envelope.first_seen_ms, self.next.fetch_add(1, Ordering::Relaxed));
        let taken = Taken {
            run: envelope.run_id.clone(),
            customer: envelope.company_id.clone(),
            at: Instant::now(),
        };
        let mut held = self.lock();
        held.insert(key, taken);
        self.shown.set(held.len() as f64);
        drop(held);
        Ticket {
            list: self.clone(),
            key,
        }
    }

    /// A message of so many records came.
    pub(super) fn saw(&self, records: usize) {
        let mut load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        load.saw(records);
    }

    /// What messages carry.
    pub(super) fn load(&self) -> Load {
        *self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the oldest one was first published.
    pub(super) fn oldest(&self) -> Option<i64> {
        let held = self.lock();
        let mut published = held.keys().map(|(first_seen, _)| *first_seen);
        published.find(|first_seen| *first_seen > 0)
    }

    /// How many, and run and customer of those that were taken this long ago.
    pub(super) fn held_since(&self, age: Duration) -> (usize, Vec<(String, String)>) {
        let held = self.lock();
        let long = held.values().filter(|taken| taken.at.elapsed() >= age);
        let named = long.map(|taken| (taken.run.clone(), taken.customer.clone()));
        (held.len(), named.collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(i64, u64), Taken>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut held = self.list.lock();
        held.remove(&self.key);
        self.list.shown.set(held.len() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_ticket_is_off_the_list() {
        let list = InFlight::of(Stage::Load);
        let first_seen = |first_seen_ms| {
            list.ticket(&Envelope {
                first_seen_ms,
                company_id: first_seen_ms.to_string(),
                ..Envelope::default()
            })
        };
        let state = || {
            let count = list.lock().len();
            (count, list.oldest())
        };
        let (old, new, unknown) = (first_seen(5), first_seen(9), first_seen(0));
        assert_eq!(state(), (3, Some(5)));
        let (count, long) = list.held_since(Duration::ZERO);
        assert_eq!((count, long.len(), long[2].1.as_str()), (3, 3, "9"));
        assert_eq!(list.held_since(Duration::from_secs(3600)), (3, Vec::new()));
        drop(old);
        assert_eq!(state(), (2, Some(9)));
        drop((new, unknown));
        assert_eq!(state(), (0, None));
    }
}
