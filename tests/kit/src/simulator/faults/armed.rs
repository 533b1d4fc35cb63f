//! Faults that are set, what they have seen so far, and whether they hit the next call.

use std::time::Instant;

use serde::Serialize;

use super::{Fault, FaultKind, Vendor};
use crate::simulator::dice::Dice;

#[derive(Debug)]
struct Armed {
    fault: Fault,
    since: Instant,
    dice: Dice,
    seen: u64,
    fired: u64,
}

/// A fault with what it has seen so far.
#[derive(Clone, Debug, Serialize)]
pub struct ArmedFault {
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// Calls that matched vendor, operation and text.
    pub seen: u64,
    /// Calls that were hit.
    pub fired: u64,
}

/// All faults that are set.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
    last_id: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, mut fault: Fault) -> u64 {
        self.last_id += 1;
        fault.id = self.last_id;
        let dice = Dice::new(&[fault.seed, 0xFA17]);
        self.armed.push(Armed {
            fault,
            since: Instant::now(),
            dice,
            seen: 0,
            fired: 0,
        });
        self.last_id
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.armed.is_empty()
    }

    /// Removes one fault, or all; says how many.
    pub(crate) fn clear(&mut self, id: Option<u64>) -> usize {
        let before = self.armed.len();
        self.armed
            .retain(|armed| id.is_some_and(|id| armed.fault.id != id));
        before - self.armed.len()
    }

    pub(crate) fn list(&self) -> Vec<ArmedFault> {
        let show = |a: &Armed| ArmedFault {
            fault: a.fault.clone(),
            seen: a.seen,
            fired: a.fired,
        };
        self.armed.iter().map(show).collect()
    }

    /// What goes wrong with this call, if anything: the first fault in the order of adding that hits. Every matching
    /// fault counts the call, also when an earlier one takes it.
    pub(crate) fn decide(
        &mut self,
        vendor: Vendor,
        operation: &str,
        text: &str,
        now: Instant,
    ) -> Option<FaultKind> {
        let mut chosen = None;
        for armed in &mut self.armed {
            if armed.matches(vendor, operation, text, now) && armed.strikes() && chosen.is_none() {
                armed.fired += 1;
                chosen = Some(armed.fault.kind.clone());
            }
        }
        chosen
    }

    /// True while an outage of this vendor is on.
    pub(crate) fn outage(&self, vendor: Vendor, now: Instant) -> bool {
        let down = |a: &Armed| a.fault.vendor == vendor && a.fault.kind == FaultKind::Outage && a.active(now);
        self.armed.iter().any(down)
    }
}

impl Armed {
    fn active(&self, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.since).as_millis() as u64;
        age >= self.fault.after_ms
            && self
                .fault
                .for_ms
                .is_none_or(|span| age < self.fault.after_ms + span)
    }

    fn matches(&self, vendor: Vendor, operation: &str, text: &str, now: Instant) -> bool {
        // `create` names the operation in every API version, `v2.create` only one of them
        let named = |wanted: &str| {
            wanted == operation || operation.split_once('.').is_some_and(|(_, op)| op == wanted)
        };
        self.fault.vendor == vendor
            && self.fault.kind != FaultKind::Outage
            && self.fault.endpoint.as_deref().is_none_or(named)
            && self
                .fault
                .containing
                .as_deref()
                .is_none_or(|part| text.contains(part))
            && self.active(now)
    }

    fn strikes(&mut self) -> bool {
        self.seen += 1;
        let fault = &self.fault;
        (fault.nth.is_empty() || fault.nth.contains(&self.seen))
            && fault.every.is_none_or(|k| k > 0 && self.seen.is_multiple_of(k))
            && fault.probability.is_none_or(|p| self.dice.chance(p))
            && fault.times.is_none_or(|n| self.fired < n)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn hits(fault: Fault, calls: u64) -> Vec<u64> {
        let (mut faults, now) = (Faults::default(), Instant::now());
        faults.add(fault);
        (1..=calls)
            .filter(|_| faults.decide(Vendor::Jdy, "batch_create", "", now).is_some())
            .collect()
    }

    fn reset() -> Fault {
        Fault::on(Vendor::Jdy, "batch_create", FaultKind::Reset { commit: false })
    }

    #[test]
    fn conditions_choose_the_calls() {
        assert_eq!(hits(reset(), 3), [1, 2, 3]);
        assert_eq!(hits(reset().nth(2).nth(5), 6), [2, 5]);
        assert_eq!(hits(reset().every(3), 7), [3, 6]);
        assert_eq!(hits(reset().times(2), 7), [1, 2]);
        assert_eq!(hits(reset().every(2).times(1), 7), [2]);
        let some = hits(reset().probability(0.3, 1), 100);
        assert_eq!(some, hits(reset().probability(0.3, 1), 100));
        assert!((15..45).contains(&some.len()));
    }

    #[test]
    fn a_span_starts_and_ends() {
        let mut faults = Faults::default();
        let mut fault = reset().for_ms(100);
        fault.after_ms = 50;
        faults.add(fault);
        let start = faults.armed[0].since;
        let mut at = |ms| {
            faults
                .decide(Vendor::Jdy, "batch_create", "", start + Duration::from_millis(ms))
                .is_some()
        };
        assert_eq!([at(0), at(50), at(149), at(150)], [false, true, true, false]);
    }

    #[test]
    fn vendor_operation_and_text_narrow_it() {
        let (mut faults, now) = (Faults::default(), Instant::now());
        let id = faults.add(Fault::on(Vendor::Jdy, "create", FaultKind::Malformed).containing("ACME"));
        assert!(faults.decide(Vendor::Okki, "create", "ACME", now).is_none());
        assert!(faults.decide(Vendor::Jdy, "update", "ACME", now).is_none());
        assert!(faults.decide(Vendor::Jdy, "create", "other", now).is_none());
        assert!(
            faults
                .decide(Vendor::Jdy, "v2.create", "the ACME row", now)
                .is_some()
        );
        assert_eq!(faults.clear(Some(id)), 1);
    }

    #[test]
    fn an_outage_is_separate_from_calls() {
        let (mut faults, now) = (Faults::default(), Instant::now());
        faults.add(Fault::on(Vendor::Okki, "*", FaultKind::Outage));
        assert!(faults.outage(Vendor::Okki, now));
        assert!(!faults.outage(Vendor::Jdy, now));
        assert_eq!(faults.clear(None), 1);
        assert!(!faults.outage(Vendor::Okki, now));
    }

    #[test]
    fn faults_are_written_as_flat_json() {
        let fault: Fault = serde_json::from_str(
            r#"{"vendor":"jdy","endpoint":"batch_create","nth":[2],"kind":"status","status":502,"commit":true}"#,
        )
        .unwrap();
        assert_eq!(
            fault.kind,
            FaultKind::Status {
                status: 502,
                commit: true
            }
        );
        assert_eq!(fault.nth, [2]);
        let error = serde_json::from_str::<Fault>(r#"{"vendor":"jdy","kind":"explode"}"#).unwrap_err();
        assert!(error.to_string().contains("explode"));
    }
}
