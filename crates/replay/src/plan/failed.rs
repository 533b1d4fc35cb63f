//! Letters of a plan that failed again: where each is now, and why.

use super::Plan;
use crate::{
    browse::browser::Taken,
    error::Result,
    letter::{Letter, reveal::masked_record},
    workspace::Workspace,
};
use pipeline::{
    cause::chain,
    failure::{VendorAnswer, outcome},
    stage::Stage,
};
use serde::Serialize;
use std::ops::ControlFlow;

/// A letter that was put back and is dead again.
#[derive(Debug, Clone, Serialize)]
pub struct FailedAgain {
    /// Its name in the plan.
    pub letter: String,
    /// The stage where it died.
    pub stage: String,
    /// The dead letter that it is now.
    pub now: String,
    /// The customer.
    pub company_id: String,
    /// Reason code.
    pub code: String,
    /// One sentence, masked.
    pub message: String,
    /// The vendor's answer, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<VendorAnswer>,
}

impl FailedAgain {
    fn of(stage: Stage, plan: &str, letter: &Letter) -> Option<Self> {
        let tag = letter.replay_tag()?;
        let (made_by, name) = outcome::plan_and_letter(tag)?;
        if made_by != plan {
            return None;
        }
        let record = masked_record(letter);
        Some(Self {
            letter: name.to_owned(),
            stage: stage.name().to_owned(),
            now: record.id,
            company_id: record.company_id,
            code: record.code,
            message: record.message,
            vendor: record.vendor,
        })
    }
}

/// Hands out the letters of a plan that are dead again, stage by stage, until `visit` breaks off.
///
/// # Errors
/// What `visit` answers; when the broker goes away.
pub async fn each(
    workspace: &Workspace,
    plan: &str,
    mut visit: impl FnMut(FailedAgain) -> Result<ControlFlow<()>>,
) -> Result<()> {
    for stage in Stage::ALL {
        let mut over = false;
        let browser = workspace
            .browse_at(stage, false, &words::kept!("outcomes of {plan}"))
            .await?;
        let look = async |taken: Taken| match FailedAgain::of(stage, plan, &taken.letter) {
            Some(failed) => {
                let next = visit(failed)?;
                over = next.is_break();
                Ok(next)
            }
            None => Ok(ControlFlow::Continue(())),
        };
        browser.walk(look).await?;
        if over {
            return Ok(());
        }
    }
    Ok(())
}

/// An example of what failed again in words, with the commands that say more.
pub(crate) async fn in_words(workspace: &Workspace, plan: &Plan) -> String {
    let mut example = None;
    let found = each(workspace, &plan.id, |failed| {
        example = Some(failed);
        Ok(ControlFlow::Break(()))
    })
    .await;
    let all = words::kept!("`dead outcomes {}` lists them", plan.id);
    match (found, example) {
        (Err(error), None) => words::kept!("No example could be read ({}); {all}", chain(&error)),
        (_, None) => words::kept!("None of them is dead any more; {all}"),
        (_, Some(one)) => {
            let vendor = one
                .vendor
                .map(|answer| words::kept!(" (the vendor: {}: {})", answer.code, answer.message))
                .unwrap_or_default();
            words::kept!(
                "For instance in the {} stage {}: {}: {}{vendor}; `{} dead show {}` shows it, {all}",
                one.stage,
                one.now,
                one.code,
                one.message,
                program_of(&one.stage),
                one.now
            )
        }
    }
}

/// The program whose `dead` command is for a stage.
fn program_of(stage: &str) -> &'static str {
    Stage::named(stage).unwrap_or(Stage::Load).program()
}
