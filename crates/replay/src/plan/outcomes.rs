//! What became of each letter of a plan, one by one, in memory that grows only with the letters that failed again.

use super::{
    End,
    end::LetterState,
    failed::{self, FailedAgain},
};
use crate::{
    error::{Error, Result},
    workspace::Workspace,
};
use pipeline::disposition::Disposition;
use serde::Serialize;
use std::{collections::HashSet, ops::ControlFlow};

/// What became of one letter.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum LetterOutcome {
    /// It is dead again.
    Failed {
        /// `dead`.
        outcome: &'static str,
        /// Where it is and why.
        #[serde(flatten)]
        failed: FailedAgain,
    },
    /// Anything else.
    Other {
        /// `waiting`, `under way`, or its end in a word.
        outcome: &'static str,
        /// Its name in the plan.
        letter: String,
        /// The stage where it died, if it died.
        #[serde(skip_serializing_if = "Option::is_none")]
        stage: Option<&'static str>,
    },
}

impl LetterOutcome {
    /// Its word.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Failed { outcome, .. } | Self::Other { outcome, .. } => outcome,
        }
    }
}

/// Hands out the outcome of every letter of a plan: first those that are dead again, in the order of the queues, then the
/// others in no order.
///
/// # Errors
/// What `visit` answers; when there is no such plan; when the broker or Redis is away.
pub async fn outcomes(
    workspace: &Workspace,
    plan: &str,
    mut visit: impl FnMut(LetterOutcome) -> Result<()>,
) -> Result<()> {
    let plans = workspace.plans();
    let found = plans.load(plan).await?.ok_or_else(|| Error::NotFound {
        what: "plan",
        id: plan.to_owned(),
        hint: words::text!("; `dead plans --all` lists those that are there").to_owned(),
    })?;
    let mut told = HashSet::new();
    if found.failed() > 0 {
        failed::each(workspace, plan, |failed| {
            told.insert(failed.letter.clone());
            let outcome = Disposition::Dead.name();
            visit(LetterOutcome::Failed { outcome, failed })?;
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    }
    let mut place = 0;
    loop {
        let (next, letters) = plans.some(plan, place).await?;
        for (letter, state) in letters {
            // A scan may name a letter twice while the table is being enlarged, which a finished one never is.
            if told.insert(letter.clone()) {
                visit(other(letter, state))?;
            }
        }
        place = next;
        if place == 0 {
            return Ok(());
        }
    }
}

fn other(letter: String, state: LetterState) -> LetterOutcome {
    let (outcome, stage) = match state {
        LetterState::Unsent => ("waiting", None),
        LetterState::Sent => (words::text!("under way"), None),
        LetterState::Ended(end, stage) => (End::name(end), stage.map(pipeline::stage::Stage::name)),
    };
    LetterOutcome::Other {
        outcome,
        letter,
        stage,
    }
}
