//! Outcomes that no consumer could report: a message that kills its consumers is dead-lettered by the broker itself.
//!
//! Its letter still carries the replay tag, so browsing the dead-letter queues finds it.

use pipeline::{disposition::Disposition, stage::Stage};

use crate::{browse::browser::Taken, error::Result, workspace::Workspace};
use pipeline::failure::outcome;
use std::ops::ControlFlow;

/// Letters reported in one round trip.
const CHUNK: usize = 500;

/// Reports every dead letter that carries the plan's replay tag; returns how many there were.
pub(super) async fn sweep(workspace: &Workspace, plan: &str) -> Result<u64> {
    let mut found = 0;
    for stage in Stage::ALL {
        let mut reports = Vec::new();
        let browser = workspace
            .browse_at(stage, false, &words::kept!("outcomes of {plan}"))
            .await?;
        let visit = async |taken: Taken| {
            let tags = taken.letter.replay_tags();
            let tagged = tags.iter().filter(|tag| outcome::plan_of(tag) == plan);
            reports.extend(tagged.filter_map(|tag| outcome::replay_outcome(stage, tag, Disposition::Dead)));
            if reports.len() >= CHUNK {
                found += report(workspace, &mut reports).await?;
            }
            Ok(ControlFlow::Continue(()))
        };
        browser.walk(visit).await?;
        found += report(workspace, &mut reports).await?;
    }
    Ok(found)
}

async fn report(workspace: &Workspace, reports: &mut Vec<outcome::ReplayOutcome>) -> Result<u64> {
    let reports = std::mem::take(reports);
    Ok(outcome::report(&workspace.rt.store, &workspace.rt.namespace, &reports).await?)
}
