//! What a mapping makes of the customers that `check` was given: who is filtered, and who cannot be mapped.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use mapping::Problem;

use super::company;
use super::try_record::Outcome;
use crate::map::Mapping;

/// Reasons of one kind that are told.
const MOST: usize = 5;

/// How many customers the condition drops and by which tests, and how many cannot be mapped and why.
pub(super) fn files(mapping: &Mapping, files: &[PathBuf], document: &str) -> anyhow::Result<Vec<Problem>> {
    let now = Timestamp::now();
    let (mut all, mut dropped) = (0, 0);
    let mut tests: BTreeMap<String, u64> = BTreeMap::new();
    let mut failed: BTreeMap<(String, String), u64> = BTreeMap::new();
    for file in files {
        for detail in company::several(file)? {
            let outcome = Outcome::of(mapping, detail, now)?;
            all += 1;
            if outcome.dropped.is_some() {
                dropped += 1;
                outcome
                    .failing
                    .into_iter()
                    .for_each(|test| *tests.entry(test).or_default() += 1);
                continue;
            }
            for (info, error) in outcome
                .tried
                .iter()
                .filter_map(|tried| Some((&tried.info, tried.value.as_ref().err()?)))
            {
                *failed
                    .entry((info.label.clone(), error.reason.clone()))
                    .or_default() += 1;
            }
        }
    }
    let mut told = Vec::new();
    if dropped > 0 {
        let kept = all - dropped;
        let tests: Vec<String> = tests
            .into_iter()
            .take(MOST)
            .map(|(test, count)| words::tr!("{test} does not hold for {count}"))
            .collect();
        let message = words::tr!(
            "the condition keeps {kept} of {all} customers: {}",
            words::list(&tests)
        );
        let mut problem = Problem::new(mapping.extras_name(), message);
        let mut tests = mapping.condition().tests().into_iter().flatten();
        problem.place = tests.next().map(|test| test.place);
        told.push(problem);
    }
    for ((label, reason), count) in failed.into_iter().take(MOST) {
        let message = words::tr!("{count} of {all} customers cannot be mapped: {reason}");
        let parameters = mapping.parameters();
        let place = parameters.iter().find(|parameter| parameter.label == label);
        let mut problem = Problem::new(document, message);
        problem.place = place.and_then(|parameter| parameter.place);
        told.push(problem.field(label));
    }
    Ok(told)
}
