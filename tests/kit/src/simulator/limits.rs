//! Counts calls per sliding second and says which of them exceeded a limit. Every excess is recorded, whether the
//! vendor then refuses the call or not. A call over the limit does not occupy the window: a client that goes on at the
//! right pace is not punished for ever. What came while the simulator itself stood still counts as it may have come: spread
//! over that time, as far as it fits.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::stalls::Arrival;

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
    fn arrive(
        &mut self,
        Arrival {
            earliest,
            handled: now,
        }: Arrival,
    ) {
        expire(&mut self.arrived, now);
        expire(&mut self.admitted, earliest);
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

    /// From when on one more is within the limit; nothing: at once.
    fn free_at(&self, limit: u32) -> Option<Instant> {
        let before = self.admitted.len().checked_sub(limit.max(1) as usize);
        before.and_then(|at| self.admitted.get(at)).map(|at| *at + WINDOW)
    }

    /// Of the last second before a moment.
    fn within(&self, now: Instant) -> usize {
        let is_within = |at: &&Instant| now.saturating_duration_since(**at) < WINDOW;
        self.admitted.iter().filter(is_within).count()
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
    /// Calls that were handled together after a stall of the simulator, and would have been over a limit so.
    pub together: u64,
    bucket: Option<(f64, Instant)>,
}

impl Meters {
    /// Counts an arrival against a limit for its operation and one for all, both per sliding second.
    pub(super) fn sliding(
        &mut self,
        call: &str,
        own: Option<u32>,
        total: Option<u32>,
        arrival: Arrival,
        at_ms: i64,
    ) -> Option<Excess> {
        let Arrival { earliest, handled } = arrival;
        self.total.arrive(arrival);
        let meter = meter(&mut self.by_operation, call);
        meter.arrive(arrival);
        let free = |meter: &Meter, limit: Option<u32>| limit.and_then(|limit| meter.free_at(limit));
        let (own_free, total_free) = (free(meter, own), free(&self.total, total));
        let excess = match (own.zip(own_free), total.zip(total_free)) {
            (Some((limit, at)), _) if at > handled => Some((Excess::Operation, limit, meter.within(handled))),
            (_, Some((limit, at))) if at > handled => {
                Some((Excess::Total, limit, self.total.within(handled)))
            }
            _ => None,
        };
        if let Some((excess, limit, in_window)) = excess {
            self.record(call, excess, f64::from(limit), in_window, at_ms);
            return Some(excess);
        }
        let last = [meter.admitted.back(), self.total.admitted.back()];
        let bounds = last
            .map(Option::<&Instant>::copied)
            .into_iter()
            .chain([own_free, total_free]);
        let at = bounds.flatten().fold(earliest, Instant::max);
        let is_over = |meter: &Meter, limit: Option<u32>| {
            at < handled && limit.is_some_and(|limit| meter.arrived.len() > limit.max(1) as usize)
        };
        self.together += u64::from(is_over(meter, own) || is_over(&self.total, total));
        meter.admitted.push_back(at);
        self.total.admitted.push_back(at);
        None
    }

    /// Counts an arrival against one token bucket for all operations.
    pub(super) fn bucket(
        &mut self,
        call: &str,
        per_second: f64,
        burst: u32,
        arrival: Arrival,
        at_ms: i64,
    ) -> Option<Excess> {
        let Arrival { earliest, handled } = arrival;
        self.total.arrive(arrival);
        meter(&mut self.by_operation, call).arrive(arrival);
        let most = f64::from(burst.max(1));
        let (tokens, since) = self.bucket.unwrap_or((f64::from(burst), earliest));
        let at = |now: Instant| {
            let refilled = tokens + now.saturating_duration_since(since).as_secs_f64() * per_second;
            refilled.min(most)
        };
        if at(handled) < 1.0 {
            self.bucket = Some((at(handled), handled.max(since)));
            let in_window = self.total.arrived.len();
            self.record(call, Excess::Total, per_second, in_window, at_ms);
            return Some(Excess::Total);
        }
        // As early as it may have come and was within.
        let missing = Duration::from_secs_f64(((1.0 - tokens) / per_second).max(0.0));
        let came = (since + missing).max(earliest).min(handled).max(since);
        let is_over = self.total.arrived.len() as f64 > per_second + most;
        self.together += u64::from(came < handled && is_over);
        self.bucket = Some(((at(came) - 1.0).max(0.0), came));
        None
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

    fn came(start: Instant, ms: u64) -> Arrival {
        Arrival::at(at(start, ms))
    }

    /// Calls of a client that keeps to ten a second, handled together after the simulator stood still for so long; how many
    /// of them and of as many more count as over the limit.
    fn after_a_stall(ms: u64, mut send: impl FnMut(Arrival) -> bool) -> [u64; 2] {
        let start = Instant::now();
        for n in 0..10 {
            assert!(!send(came(start, 100 * n)));
        }
        let arrival = Arrival {
            earliest: at(start, 1_000),
            handled: at(start, 1_000 + ms),
        };
        let own = ms / 100;
        [own, own + 10].map(|calls| (0..calls).map(|_| u64::from(send(arrival))).sum())
    }

    #[test]
    fn what_a_stall_has_pressed_together_is_no_burst_and_what_is_more_than_fits_into_it_is() {
        let mut sliding = Meters::default();
        let send = |arrival| sliding.sliding("info", None, Some(10), arrival, 0).is_some();
        let [own, more] = after_a_stall(2_000, send);
        assert_eq!(own, 0);
        assert!(more >= 29, "{more} of 30");
        assert_eq!(sliding.together, 10, "a second's calls are no burst");
        assert_eq!(sliding.violations, more);

        let mut bucket = Meters::default();
        let send = |arrival| bucket.bucket("info", 10.0, 2, arrival, 0).is_some();
        let [own, more] = after_a_stall(2_000, send);
        assert_eq!(own, 0);
        assert!(more >= 28, "{more} of 30");
        assert!(bucket.together > 0 && bucket.violations == more);
    }

    #[test]
    fn the_window_slides() {
        let (mut meters, start) = (Meters::default(), Instant::now());
        let op = "batch_create";
        let mut send = |ms| meters.sliding(op, Some(2), Some(50), came(start, ms), 0);
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
            assert_eq!(meters.sliding("list", Some(30), Some(5), came(start, i), 0), None);
        }
        for i in 3..5 {
            assert_eq!(meters.sliding("get", Some(30), Some(5), came(start, i), 0), None);
        }
        let answer = meters.sliding("get", Some(30), Some(5), came(start, 6), 0);
        assert_eq!(answer, Some(Excess::Total));
        assert_eq!(meters.kept[0].limit_on, "company");
    }

    #[test]
    fn the_bucket_refills_and_keeps_its_burst() {
        let (mut meters, start) = (Meters::default(), Instant::now());
        let op = "info";
        let mut send = |ms| meters.bucket(op, 10.0, 3, came(start, ms), 0);
        assert_eq!([send(0), send(0), send(0)], [None; 3]);
        assert_eq!(send(0), Some(Excess::Total));
        assert_eq!(send(100), None);
        assert_eq!(send(101), Some(Excess::Total));
        // ten seconds of rest give no more than the burst
        assert_eq!([send(10_000), send(10_000), send(10_000)], [None; 3]);
        assert_eq!(send(10_000), Some(Excess::Total));
    }
}
