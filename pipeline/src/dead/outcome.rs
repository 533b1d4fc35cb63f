//! What becomes of letters that were put back: the consumers report it here, into the plan of the replay.
//!
//! A report comes before the acknowledgement, so a crash between the two repeats it; only the first report of a letter
//! counts. A plan that is gone (its time has passed, Redis was lost) is not missed by anybody.

use super::plan::keys::Keys;
use crate::{
    names::Namespace,
    stage::Stage,
    store::{Error, Script, Store},
};
use std::{collections::BTreeMap, sync::LazyLock};

static REPORT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("outcome/report.lua")));

/// Final outcomes as the consumer counts them; anything else is only a step on the way.
pub const FINAL: [&str; 7] = [
    "loaded",
    "unchanged",
    "duplicate",
    "skipped",
    "superseded",
    "filtered",
    "dead",
];

/// What became of one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    plan: String,
    letter: String,
    outcome: &'static str,
    stage: Stage,
}

/// The mark that a letter carries on its way back.
#[must_use]
pub fn mark(plan: &str, letter: &str) -> String {
    format!("{plan}/{letter}")
}

/// The plan in a mark.
#[must_use]
pub fn plan_of(mark: &str) -> &str {
    mark.split_once('/').map_or(mark, |(plan, _)| plan)
}

/// The report about a message with this mark, if the outcome is final.
#[must_use]
pub fn of(stage: Stage, mark: &str, outcome: &'static str) -> Option<Reported> {
    let (plan, letter) = mark.split_once('/')?;
    FINAL.contains(&outcome).then(|| Reported {
        plan: plan.to_owned(),
        letter: letter.to_owned(),
        outcome,
        stage,
    })
}

/// Writes reports down, one call per plan; returns how many of them were news.
///
/// # Errors
/// When Redis is away; reporting again is harmless.
pub async fn report(store: &Store, namespace: &Namespace, reports: &[Reported]) -> Result<u64, Error> {
    let mut by_plan: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for report in reports {
        let value = match report.outcome {
            "dead" => format!("dead@{}", report.stage),
            other => other.to_owned(),
        };
        let args = by_plan.entry(&report.plan).or_default();
        args.extend([report.letter.clone(), report.outcome.to_owned(), value]);
    }
    let mut news = 0;
    for (plan, args) in by_plan {
        let keys = Keys::new(namespace, plan);
        news += store
            .invoke::<u64>(&REPORT, &[keys.plan, keys.letters], &args)
            .await?;
    }
    Ok(news)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ends_are_reported_and_only_for_marked_messages() {
        let mark = mark("p-1", "00ff");
        assert_eq!(plan_of(&mark), "p-1");
        assert!(of(Stage::Load, &mark, "loaded").is_some());
        for step in ["forwarded", "retried", "held", "parked"] {
            assert_eq!(of(Stage::Load, &mark, step), None);
        }
        assert_eq!(of(Stage::Load, "an-older-replay", "loaded"), None);
    }
}
