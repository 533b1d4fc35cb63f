//! What arrived from outside, per vendor: calls, answers, how many at once, which of them broke a limit.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::limits::{Meters, Violation};
use super::settings::Allowance;

/// Counters of one vendor.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub meters: Meters,
    answers: BTreeMap<String, BTreeMap<String, u64>>,
    in_flight: u32,
    max_in_flight: u32,
    /// Calls of the current day and which day that is.
    pub day: (i64, u64),
    /// When the window of the allowance began, and its calls.
    window: Option<(Instant, u64)>,
}

/// What one operation saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CallReport {
    /// Calls that arrived, refused ones included.
    pub calls: u64,
    /// Most arrivals in any one-second window.
    pub peak_per_second: usize,
    /// Arrivals in each second since the first call of this operation; the last second may be cut short.
    pub per_second: Vec<u32>,
    /// Calls over a limit.
    pub violations: u64,
    /// Endings: `ok`, a vendor code, an HTTP status, `hang`, `reset`.
    pub answers: BTreeMap<String, u64>,
}

/// What one vendor saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VendorReport {
    /// Per operation.
    pub calls: BTreeMap<String, CallReport>,
    /// All operations.
    pub total_calls: u64,
    /// Most arrivals in any one-second window, all operations.
    pub peak_per_second: usize,
    /// Calls over any limit.
    pub quota_violations: u64,
    /// Calls that were handled together after the simulator itself had stood still, and are none of these.
    #[serde(default)]
    pub together: u64,
    /// The first of them.
    pub violation_examples: Vec<Violation>,
    /// Most requests at the same time.
    pub max_in_flight: u32,
    /// Requests being worked on now.
    pub in_flight: u32,
}

impl VendorReport {
    /// Calls of one operation, 0 when there was none.
    pub fn calls_of(&self, operation: &str) -> u64 {
        self.calls.get(operation).map_or(0, |c| c.calls)
    }
}

impl Traffic {
    pub(super) fn enter(&mut self) -> u32 {
        self.in_flight += 1;
        self.max_in_flight = self.max_in_flight.max(self.in_flight);
        self.in_flight
    }

    pub(super) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    pub(super) fn answered(&mut self, operation: &str, ending: &str) {
        let counts = self.answers.entry(operation.to_owned()).or_default();
        match counts.get_mut(ending) {
            Some(count) => *count += 1,
            None => {
                counts.insert(ending.to_owned(), 1);
            }
        }
    }

    /// Counts a call of this day; the number includes it.
    pub(super) fn today(&mut self, day: i64) -> u64 {
        if self.day.0 != day {
            self.day = (day, 0);
        }
        self.day.1 += 1;
        self.day.1
    }

    /// Counts a call against an allowance; whether it is within.
    pub(super) fn within(&mut self, allowance: Allowance, now: Instant) -> bool {
        let fresh =
            |(began, _): &(Instant, u64)| now.saturating_duration_since(*began).as_secs() < allowance.seconds;
        let (began, calls) = self.window.filter(fresh).unwrap_or((now, 0));
        self.window = Some((began, calls + 1));
        calls < allowance.calls
    }

    /// What is left of an allowance, and for how many seconds, rounded up.
    pub(super) fn left(&self, allowance: Allowance, now: Instant) -> (u64, u64) {
        let (began, calls) = self.window.unwrap_or((now, 0));
        let age = now.saturating_duration_since(began).as_secs();
        (
            allowance.calls.saturating_sub(calls),
            allowance.seconds.saturating_sub(age),
        )
    }

    /// Forgets everything but the requests in flight.
    pub(super) fn reset(&mut self) {
        *self = Traffic {
            in_flight: self.in_flight,
            max_in_flight: self.in_flight,
            ..Traffic::default()
        };
    }

    pub(super) fn report(&self) -> VendorReport {
        let operation = |(name, meter): (&String, &super::limits::Meter)| {
            let report = CallReport {
                calls: meter.calls,
                peak_per_second: meter.peak,
                per_second: meter.per_second.clone(),
                violations: meter.violations,
                answers: self.answers.get(name).cloned().unwrap_or_default(),
            };
            (name.clone(), report)
        };
        VendorReport {
            calls: self.meters.by_operation.iter().map(operation).collect(),
            total_calls: self.meters.total.calls,
            peak_per_second: self.meters.total.peak,
            quota_violations: self.meters.violations,
            together: self.meters.together,
            violation_examples: self.meters.kept.clone(),
            max_in_flight: self.max_in_flight,
            in_flight: self.in_flight,
        }
    }
}
