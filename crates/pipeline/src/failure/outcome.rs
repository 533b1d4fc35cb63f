//! What becomes of letters that were put back: the consumers report it here, into the plan of the replay.
//!
//! A report comes before the acknowledgement, so a crash between the two repeats it; only the first report of a letter
//! counts. A plan that is gone (its time has passed, Redis was lost) is missed by no consumer.
//!
//! A letter may carry the records of many customers. Each of them comes to its own end, and says in its tag which part of the
//! letter it is; the letter has come to its end with the last of them, and what became of it is the worst of it.

use crate::{
    disposition::Disposition,
    message::PART,
    names::Namespace,
    stage::Stage,
    store::{Error, Script, Store},
};
use std::{collections::BTreeMap, sync::LazyLock};

static REPORT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("outcome/report.lua")));

/// What became of one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayOutcome {
    plan: String,
    letter: String,
    disposition: Disposition,
    stage: Stage,
    /// Which record of the letter, and how many it has.
    part: (usize, usize),
}

/// The replay tag that a letter carries on its way back.
#[must_use]
pub fn replay_tag(plan: &str, letter: &str) -> String {
    format!("{plan}/{letter}")
}

/// Plan and letter in a replay tag.
#[must_use]
pub fn plan_and_letter(tag: &str) -> Option<(&str, &str)> {
    let (plan, letter) = tag.split_once('/')?;
    Some((plan, letter.split_once(PART).map_or(letter, |(letter, _)| letter)))
}

/// Which record of its letter a tag names, and how many there are.
fn part_of(tag: &str) -> (usize, usize) {
    let part = tag.rsplit_once(PART).and_then(|(_, part)| {
        let (part, parts) = part.split_once(':')?;
        Some((part.parse().ok()?, parts.parse().ok()?))
    });
    part.unwrap_or((1, 1))
}

/// The plan in a replay tag.
#[must_use]
pub fn plan_of(tag: &str) -> &str {
    tag.split_once('/').map_or(tag, |(plan, _)| plan)
}

/// The outcome to report for a message with this tag, if the disposition is the end of a replay.
#[must_use]
pub fn replay_outcome(stage: Stage, tag: &str, disposition: Disposition) -> Option<ReplayOutcome> {
    let (plan, letter) = plan_and_letter(tag)?;
    disposition.ends_replay().then(|| ReplayOutcome {
        plan: plan.to_owned(),
        letter: letter.to_owned(),
        disposition,
        stage,
        part: part_of(tag),
    })
}

/// Writes reports down, one call per plan; returns how many of them were news.
///
/// # Errors
/// When Redis is away; reporting again is harmless.
pub async fn report(store: &Store, namespace: &Namespace, reports: &[ReplayOutcome]) -> Result<u64, Error> {
    let mut by_plan: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for report in reports {
        let word = report.disposition.name();
        let value = match report.disposition {
            Disposition::Dead => format!("{word}@{}", report.stage),
            _ => word.to_owned(),
        };
        let args = by_plan.entry(&report.plan).or_default();
        let (part, parts) = report.part;
        args.extend([report.letter.clone(), word.to_owned(), value]);
        args.extend([report.disposition as usize, part, parts].map(|number| number.to_string()));
    }
    let mut news = 0;
    for (plan, args) in by_plan {
        let keys = namespace.plan_keys(plan);
        news += store
            .invoke::<u64>(&REPORT, &[keys.plan, keys.letters], &args)
            .await?;
    }
    Ok(news)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::part_tag;

    #[test]
    fn only_ends_are_reported_and_only_for_tagged_messages() {
        let tag = replay_tag("p-1", "00ff");
        assert_eq!(plan_of(&tag), "p-1");
        assert!(replay_outcome(Stage::Load, &tag, Disposition::Loaded).is_some());
        let part = part_tag(&tag, 2, 6);
        assert_eq!(plan_and_letter(&part), Some(("p-1", "00ff")));
        assert_eq!((part_of(&part), part_of(&tag)), ((2, 6), (1, 1)));
        assert_eq!(part_tag(&tag, 1, 1), tag, "a record that is alone is the letter");
        assert_eq!(replay_outcome(Stage::Load, &tag, Disposition::Retried), None);
        assert_eq!(
            replay_outcome(Stage::Load, "an-older-replay", Disposition::Loaded),
            None
        );
    }
}
