//! Whether all is well, over all stages and replicas: what is asked of whom, and what it comes to.
//!
//! Replicas say how they stand in Redis ([`pipeline::heartbeat`]), the account says where customers are, the broker counts
//! its queues, and whoever keeps the read model names the groups of dead letters. Nothing of it disturbs anybody.

mod comparisons;
mod condition;
mod events;
mod facts;
mod judge;
mod listing;
mod loads;
mod stages;
mod vendors;

pub use comparisons::left_open;
pub use facts::{Facts, LateChanges, Shortfall, gather};
pub use loads::{Load, Loads};
pub use stages::StageView;

use pipeline::{
    accounting::Balance,
    doctor::{Finding, Health},
};
use serde::Serialize;

/// All that is known, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing needs to be done.
    Well,
    /// Nothing needs to be done, and not everything is in the form yet: the first load lasts.
    Loading,
    /// Something needs to be done.
    NotWell,
    /// What was seen is well, and not everything could be seen.
    Unknown,
}

/// How fresh the form is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// Up to when changes have been listed, unix seconds by the source's clock.
    pub checkpoint: Option<i64>,
    /// How long ago that is.
    pub checkpoint_age_s: Option<i64>,
    /// The customer that has been listed as changed longest without being finished.
    pub oldest: Option<String>,
    /// For how long.
    pub oldest_s: Option<i64>,
}

/// What is shown: the verdict, what it stands on, and what to do.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// In one word.
    pub verdict: Verdict,
    /// In one sentence.
    pub sentence: String,
    /// The stages in the order of the flow.
    pub stages: Vec<StageView>,
    /// Where all customers are that were ever listed.
    pub account: Balance,
    /// How fresh the form is.
    pub freshness: Freshness,
    /// Loads that have not come to their end.
    pub loads: Loads,
    /// What is not as it should be, the worst first, each with its remedy.
    pub findings: Vec<Finding>,
}

impl Overview {
    /// Judges what was gathered.
    #[must_use]
    pub fn of(facts: &Facts) -> Self {
        let stages = stages::views(facts);
        let mut findings = judge::findings(facts, &stages);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.health));
        let is_bad = findings.iter().any(|finding| finding.health == Health::Bad);
        let verdict = match facts.check.queues {
            _ if is_bad => Verdict::NotWell,
            None => Verdict::Unknown,
            Some(_) if facts.loads.first.is_some() => Verdict::Loading,
            Some(_) => Verdict::Well,
        };
        let sentence = match (verdict, loads::first(facts)) {
            (Verdict::Loading, Some(first)) => first,
            _ => sentence(verdict, &findings, &stages),
        };
        Self {
            verdict,
            sentence,
            stages,
            account: facts.check.total.clone(),
            freshness: facts.freshness(),
            loads: facts.loads,
            findings,
        }
    }
}

fn sentence(verdict: Verdict, findings: &[Finding], stages: &[StageView]) -> String {
    let bad: Vec<_> = findings
        .iter()
        .filter(|finding| finding.health == Health::Bad)
        .collect();
    match (verdict, bad.as_slice()) {
        (Verdict::Well | Verdict::Loading, _) => well(findings, stages),
        (Verdict::Unknown, _) => {
            words::tr!("it cannot be told whether all is well: the broker does not answer")
        }
        (Verdict::NotWell, [only]) => words::tr!("not well: {}: {}", only.what, only.seen),
        (Verdict::NotWell, bad) => {
            let first = bad.first().map_or("", |first| first.seen.as_str());
            let what = bad.first().map_or("", |first| first.what.as_str());
            let more = bad.len().saturating_sub(1);
            words::tr!("not well: {what}: {first}; and {more} more")
        }
    }
}

/// What waits is said at once, although nothing can be done about it. What the listing keeps back is in no queue, and so in
/// no number below.
fn well(findings: &[Finding], stages: &[StageView]) -> String {
    let paused = |one: &&Finding| {
        stages
            .iter()
            .any(|stage| stage.program == one.what && stage.paused.iter().any(stages::Paused::waits_long))
    };
    if let Some(wait) = findings.iter().find(paused) {
        return words::tr!("all is well but for a wait: {}: {}", wait.what, wait.seen);
    }
    match findings.iter().find(|one| one.what == words::text!("listing")) {
        Some(risk) => words::tr!("all is well but for a risk: {}: {}", risk.what, risk.seen),
        None => words::tr!("all is well"),
    }
}

#[cfg(test)]
mod tests;
