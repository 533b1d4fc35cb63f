//! Counts calls per sliding second and says which of them exceeded a limit. Every excess is recorded, whether the
//! vendor then refuses the call or not. A call over the limit does not occupy the window: a client that goes on at the
//! right pace is not punished for ever.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Width of the window that all per-second limits use.
const WINDOW: Duration = Duration::from_secs(1);
/// Seconds for which arrivals are counted one by one.
const MOST_SECONDS: usize = 24 * 3600;
/// Violations kept with details; the rest is only counted.
const KEPT: usize = 100;

/// One call that exceeded a limit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Violation {
    /// Operation, or `company` for the limit over all of them.
    pub limit_on: String,
    /// Operation of the call.
    pub call: String,
    /// The limit that was exceeded.
    pub limit: f64,
    /// Calls already in the window.
    pub in_window: usize,
    /// Vendor clock, unix milliseconds.
    pub at_ms: i64,
}

/// Arrivals of one kind.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Everything that arrived in the last second.
    arrived: VecDeque<Instant>,
    /// What of it was within the limit.
    admitted: VecDeque<Instant>,
    first: Option<Instant>,
    /// Arrivals in each second since the first one.
    pub per_second: Vec<u32>,
    pub calls: u64,
    pub peak: usize,
    pub violations: u64,
}

impl Meter {
    fn arrive(&mut self, now: Instant) {
        expire(&mut self.arrived, now);
        expire(&mut self.admitted, now);
        self.arrived.push_back(now);
        self.calls += 1;
        let second = now
            .saturating_duration_since(*self.first.get_or_insert(now))
            .as_secs() as usize;
        if second < MOST_SECONDS {
            if self.per_second.len() <= second {
                self.per_second.resize(second + 1, 0);
            }
            self.per_second[second] += 1;
        }
        self.peak = self.peak.max(self.arrived.len());
    }

    fn exceeds(&self, limit: u32) -> bool {
        self.admitted.len() >= limit as usize
    }
}

fn expire(window: &mut VecDeque<Instant>, now: Instant) {
    while window
        .front()
        .is_some_and(|first| now.saturating_duration_since(*first) >= WINDOW)
    {
        window.pop_front();
    }
}

/// The meter of an operation.
fn meter<'a>(meters: &'a mut BTreeMap<String, Meter>, call: &str) -> &'a mut Meter {
    meters.entry(call.to_owned()).or_default()
}

/// Which limit a call broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// The limit of this operation.
    Operation,
    /// The limit over all operations.
    Total,
}

/// All meters of one vendor.
#[derive(Debug, Default)]
pub(super) struct Meters {
    pub by_operation: BTreeMap<String, Meter>,
    pub total: Meter,
    pub violations: u64,
    pub kept: Vec<Violation>,
    bucket: Option<(f64, Instant)>,
}

impl Meters {
    /// Counts an arrival against a limit for its operation and one for all, both per sliding second.
    pub(super) fn sliding(
        &mut self,
        call: &str,
        own: Option<u32>,
        total: Option<u32>,
        now: Instant,
        at_ms: i64,
    ) -> Option<Excess> {
        self.total.arrive(now);
        let meter = meter(&mut self.by_operation, call);
        meter.arrive(now);
        let excess = match (own, total) {
            (Some(limit), _) if meter.exceeds(limit) => {
                Some((Excess::Operation, limit, meter.admitted.len()))
            }
            (_, Some(limit)) if self.total.exceeds(limit) => {
                Some((Excess::Total, limit, self.total.admitted.len()))
            }
            _ => None,
        };
        match excess {
            None => {
                meter.admitted.push_back(now);
                self.total.admitted.push_back(now);
                None
            }
            Some((excess, limit, in_window)) => {
                self.record(call, excess, f64::from(limit), in_window, at_ms);
                Some(excess)
            }
        }
    }

    /// Counts an arrival against one token bucket for all operations.
    pub(super) fn bucket(
        &mut self,
        call: &str,
        per_second: f64,
        burst: u32,
        now: Instant,
        at_ms: i64,
    ) -> Option<Excess> {
        self.total.arrive(now);
        meter(&mut self.by_operation, call).arrive(now);
        let (tokens, since) = self.bucket.unwrap_or((f64::from(burst), now));
        let refilled = tokens + now.saturating_duration_since(since).as_secs_f64() * per_second;
        let tokens = refilled.min(f64::from(burst.max(1)));
        if tokens >= 1.0 {
            self.bucket = Some((tokens - 1.0, now));
            return None;
        }
        self.bucket = Some((tokens, now));
        let in_window = self.total.arrived.len();
        self.record(call, Excess::Total, per_second, in_window, at_ms);
        Some(Excess::Total)
    }

    fn record(&mut self, call: &str, excess: Excess, limit: f64, in_window: usize, at_ms: i64) {
        self.violations += 1;
        if let Some(meter) = self.by_operation.get_mut(call) {
            meter.violations += 1;
        }
        if self.kept.len() < KEPT {
            let limit_on = match excess {
                Excess::Operation => call.to_owned(),
                Excess::Total => "company".to_owned(),
            };
            self.kept.push(Violation {
                limit_on,
                call: call.to_owned(),
                limit,
                in_window,
                at_ms,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn the_window_slides() {
        let (mut meters, start) = (Meters::default(), Instant::now());
        let op = "batch_create";
        let mut send = |ms| meters.sliding(op, Some(2), Some(50), at(start, ms), 0);
        assert_eq!(send(0), None);
        assert_eq!(send(900), None);
        assert_eq!(send(999), Some(Excess::Operation));
        // the first has left the window, the refused one never was in it
        assert_eq!(send(1000), None);
        assert_eq!(send(1899), Some(Excess::Operation));
        assert_eq!(send(1900), None);
        assert_eq!(meters.violations, 2);
        assert_eq!(meters.by_operation["batch_create"].calls, 6);
        assert_eq!(meters.by_operation["batch_create"].peak, 4);
        assert_eq!(meters.by_operation["batch_create"].per_second, [3, 3]);
    }

    #[test]
    fn the_company_limit_counts_all_operations() {
        let (mut meters, start) = (Meters::default(), Instant::now());
        for i in 0..3 {
            assert_eq!(meters.sliding("list", Some(30), Some(5), at(start, i), 0), None);
        }
        for i in 3..5 {
            assert_eq!(meters.sliding("get", Some(30), Some(5), at(start, i), 0), None);
        }
        let answer = meters.sliding("get", Some(30), Some(5), at(start, 6), 0);
        assert_eq!(answer, Some(Excess::Total));
        assert_eq!(meters.kept[0].limit_on, "company");
    }

    #[test]
    fn the_bucket_refills_and_keeps_its_burst() {
        let (mut meters, start) = (Meters::default(), Instant::now());
        let op = "info";
        let mut send = |ms| meters.bucket(op, 10.0, 3, at(start, ms), 0);
        assert_eq!([send(0), send(0), send(0)], [None; 3]);
        assert_eq!(send(0), Some(Excess::Total));
        assert_eq!(send(100), None);
        assert_eq!(send(101), Some(Excess::Total));
        // ten seconds of rest give no more than the burst
        assert_eq!([send(10_000), send(10_000), send(10_000)], [None; 3]);
        assert_eq!(send(10_000), Some(Excess::Total));
    }
}
