//! What is remembered of the answers of late: who was shown its own detail, who was refused, and whose detail came in the
//! place of another one's.
//!
//! One answer that a cache gives to everybody is right for the customer that it is about. That customer is no witness: what it
//! is answered says nothing about the others.

use super::{Evidence, Scope};
use crate::okki::Error;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use tokio::time::Instant;

/// That everybody fails is believed for so long by those who fail in the meantime.
const FRESH: Duration = Duration::from_secs(2);
/// Who was limited alone is so for a while.
const A_WHILE: Duration = Duration::from_secs(3_600);
/// So often in a row, while others are answered.
const ALONE: u32 = 3;
/// That it is the rate of everybody is believed for so long.
const OF_ALL: Duration = Duration::from_secs(60);
/// Customers that are remembered as limited.
const MOST_LIMITED: usize = 1_000;

/// How often a customer was limited, and when last.
struct Limited {
    times: u32,
    last: Instant,
}
/// Customers that are remembered of each kind.
const REMEMBERED: usize = 5;

/// What others were answered when they were asked.
pub(super) struct Found {
    pub(super) at: Instant,
    /// The search ended with evidence as good as this.
    pub(super) sought: Evidence,
    pub(super) evidence: Evidence,
    /// Who was shown its detail.
    pub(super) witness: Option<String>,
}

#[derive(Default)]
pub(super) struct Last {
    /// Customers whose own details were fetched, the latest first, with when the call was begun.
    good: VecDeque<(String, Instant)>,
    /// Customers whose details were refused, the latest first.
    refused: VecDeque<String>,
    /// Customers that the answers to others were about, the latest first.
    stand_ins: VecDeque<String>,
    /// When the latest call was begun that was answered in order, though not with a detail.
    orderly: Option<Instant>,
    /// Customers whose calls were limited, and none answered since.
    limited: HashMap<String, Limited>,
    /// When one of them was answered after all.
    relented: Option<Instant>,
    /// How often others were chosen.
    pub(super) turns: usize,
}

impl Last {
    /// The own detail of a customer was fetched, by a call that was begun at `begun`.
    pub(super) fn answered(&mut self, company_id: &str, begun: Instant) {
        self.refused.retain(|known| known != company_id);
        if self.limited.remove(company_id).is_some() {
            self.relented = Some(Instant::now());
        }
        let before = self.good.iter().find(|(id, _)| id == company_id);
        let begun = before.map_or(begun, |(_, at)| begun.max(*at));
        self.good.retain(|(id, _)| id != company_id);
        self.good.push_front((company_id.to_owned(), begun));
        self.good.truncate(REMEMBERED);
    }

    /// The detail of a customer was fetched, and its answer leaves no call for others.
    pub(super) fn closes(&mut self, company_id: &str) {
        self.good.retain(|(id, _)| id != company_id);
        remember(&mut self.refused, company_id);
    }

    pub(super) fn failed(&mut self, company_id: &str, error: &Error, begun: Instant) {
        remember(&mut self.refused, company_id);
        match error {
            Error::NotFound { .. } => self.orderly = self.orderly.max(Some(begun)),
            Error::Another { about, .. } => remember(&mut self.stand_ins, about),
            _ => {}
        }
    }

    /// A call about this customer was limited while others were answered.
    pub(super) fn is_limited(&mut self, company_id: &str) {
        self.limited.retain(|_, limited| limited.last.elapsed() < A_WHILE);
        if self.limited.len() >= MOST_LIMITED && !self.limited.contains_key(company_id) {
            return;
        }
        let now = Instant::now();
        let known = self.limited.entry(company_id.to_owned());
        let limited = known.or_insert(Limited { times: 0, last: now });
        (limited.times, limited.last) = (limited.times + 1, now);
    }

    /// Whether it is the customer alone who is limited, again and again. Where somebody who was refused so is answered a moment
    /// later, it is the rate of everybody.
    pub(super) fn is_limited_alone(&self, company_id: &str) -> bool {
        let of_all = self.relented.is_some_and(|at| at.elapsed() < OF_ALL);
        let limited = self.limited.get(company_id);
        !of_all && limited.is_some_and(|limited| limited.times >= ALONE && limited.last.elapsed() < A_WHILE)
    }

    /// What calls were answered that were begun since then.
    pub(super) fn evidence_since(&self, begun: Instant) -> Evidence {
        let shown = |(id, at): &(String, Instant)| *at > begun && self.is_witness(id);
        if self.good.iter().any(shown) {
            Evidence::Success
        } else if self.orderly.is_some_and(|at| at > begun) {
            Evidence::Orderly
        } else {
            Evidence::None
        }
    }

    /// Customers whose own details were fetched of late.
    pub(super) fn good(&self) -> Vec<String> {
        let ids = self.good.iter().map(|(id, _)| id);
        ids.filter(|id| self.is_witness(id)).cloned().collect()
    }

    pub(super) fn refused(&self) -> Vec<String> {
        self.refused.iter().cloned().collect()
    }

    /// Those of the listed ones whose answers say most.
    pub(super) fn choose(&self, listed: Vec<String>) -> Vec<String> {
        let best = |ids: Vec<String>, is_better: &dyn Fn(&String) -> bool| {
            let better: Vec<String> = ids.iter().filter(|id| is_better(id)).cloned().collect();
            if better.is_empty() { ids } else { better }
        };
        // With the newest stand-in alone there is nobody to compare with.
        let newest = self.stand_ins.front();
        let mut ids = listed;
        ids.retain(|id| Some(id) != newest);
        let ids = best(ids, &|id| self.is_witness(id));
        best(ids, &|id| !self.refused.contains(id))
    }

    fn is_witness(&self, company_id: &str) -> bool {
        !self.stand_ins.iter().any(|id| id == company_id)
    }
}

impl Found {
    /// What it says about a failure that needs so much evidence to concern one customer alone; `None`: nothing.
    pub(super) fn scope(&self, needed: Evidence, begun: Instant, last: &Last) -> Option<Scope> {
        let holds = self.witness.as_ref().is_none_or(|id| last.is_witness(id));
        if !holds {
            return None;
        }
        if self.at >= begun && self.evidence >= needed {
            Some(Scope::One)
        } else if self.sought >= needed
            && self.evidence < needed
            && (self.at >= begun || self.at.elapsed() < FRESH)
        {
            Some(Scope::Everybody)
        } else {
            None
        }
    }
}

fn remember(ids: &mut VecDeque<String>, id: &str) {
    if ids.front().is_some_and(|latest| latest == id) {
        return;
    }
    ids.retain(|known| known != id);
    ids.push_front(id.to_owned());
    ids.truncate(REMEMBERED);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_limited_again_and_again_is_so_alone_until_one_of_them_is_answered() {
        let mut last = Last::default();
        for _ in 1..ALONE {
            last.is_limited("1");
            assert!(!last.is_limited_alone("1"));
        }
        last.is_limited("1");
        assert!(last.is_limited_alone("1") && !last.is_limited_alone("2"));
        // Answered without having been refused, others say nothing.
        last.answered("3", Instant::now());
        assert!(last.is_limited_alone("1"));
        last.is_limited("2");
        last.answered("2", Instant::now());
        assert!(!last.is_limited_alone("1"), "the rate of everybody is limited");
    }
}
