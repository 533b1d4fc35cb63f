//! Outcomes that no consumer could report: a message that kills its consumers is dead-lettered by the broker itself.
//!
//! Its letter still carries the mark of the replay, so a look through the dead-letter queues finds it.

use pipeline::{disposition::Disposition, stage::Stage};

use crate::workspace::Workspace;
use pipeline::failure::outcome;

/// Letters looked up in one round trip.
const CHUNK: usize = 500;

/// Reports every dead letter that bears the plan's mark; returns how many there were.
pub(super) async fn sweep(workspace: &Workspace, plan: &str) -> anyhow::Result<u64> {
    let mut found = 0;
    for stage in Stage::ALL {
        let mut look = workspace
            .look_at(stage, false, &format!("outcomes of {plan}"))
            .await?;
        let mut reports = Vec::new();
        while let Some(held) = look.next().await? {
            let marked = held.letter.mark().filter(|mark| outcome::plan_of(mark) == plan);
            reports.extend(marked.and_then(|mark| outcome::of(stage, mark, Disposition::Dead)));
            if reports.len() == CHUNK {
                found += report(workspace, &mut reports).await?;
            }
        }
        look.close().await?;
        found += report(workspace, &mut reports).await?;
    }
    Ok(found)
}

async fn report(workspace: &Workspace, reports: &mut Vec<outcome::Reported>) -> anyhow::Result<u64> {
    let reports = std::mem::take(reports);
    Ok(outcome::report(&workspace.rt.store, &workspace.rt.namespace, &reports).await?)
}
