//! What the doctors of running services have found, who asked them, and whether one is at it.

use super::hidden;
use crate::server::{App, Ask, Failure};
use pipeline::{
    doctor::{Finding, findings_of},
    stage::Stage,
    wish::{State, Wish, WishKind, Wishes},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Wishes among which the doctors' are looked for.
const MOST: usize = 200;

/// The doctor of a stage.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Doctor {
    /// The stage.
    pub(crate) stage: &'static str,
    /// Its program.
    pub(crate) program: &'static str,
    /// What was found last, for an hour.
    pub(crate) examined: Option<Examined>,
    /// The wish that was asked for last, and how it stands.
    #[schema(value_type = Option<Object>)]
    pub(crate) wish: Option<Wish>,
}

/// What a replica has found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Examined {
    /// By Redis' clock, unix milliseconds.
    pub(crate) at_ms: i64,
    /// Which replica.
    pub(crate) instance: String,
    /// Line by line, in the reader's language.
    #[schema(value_type = Vec<Object>)]
    pub(crate) findings: Vec<Finding>,
}

impl Doctor {
    /// Whether one is asked and has not answered yet.
    pub(crate) fn is_asked(&self) -> bool {
        self.wish.as_ref().is_some_and(|wish| !wish.state.is_over())
    }
}

/// What Redis knows of the doctor of a stage, whoever asks.
pub(crate) struct Known {
    stage: Stage,
    wish: Option<Wish>,
    examined: Option<(Wish, Vec<Finding>)>,
}

/// Asks Redis, in flow order.
///
/// # Errors
/// When it does not answer.
pub(crate) async fn known(app: &App) -> Result<Vec<Known>, Failure> {
    let wishes = Wishes::of(&app.rt);
    let newest = wishes.list(MOST).await?;
    let mut known = Vec::new();
    for stage in Stage::ALL {
        let mut of_stage = newest
            .iter()
            .filter(|wish| wish.kind == WishKind::Doctor { stage });
        let wish = of_stage.clone().next().cloned();
        let examined = match of_stage.find(|wish| wish.state == State::Done) {
            Some(done) => findings_of(&wishes, done)
                .await?
                .map(|findings| (done.clone(), findings)),
            None => None,
        };
        known.push(Known {
            stage,
            wish,
            examined,
        });
    }
    Ok(known)
}

/// As this person may see them.
pub(crate) fn view(ask: &Ask, known: &[Known]) -> Vec<Doctor> {
    let shown = |wish: &Wish| {
        let mut wish = wish.clone();
        if wish.state == State::Failed {
            wish.outcome = hidden::sentence(&ask.principal, &wish.outcome);
        }
        wish
    };
    let doctor = |known: &Known| Doctor {
        stage: known.stage.name(),
        program: known.stage.program(),
        examined: known
            .examined
            .as_ref()
            .map(|(done, findings)| examined(ask, done, findings)),
        wish: known.wish.as_ref().map(shown),
    };
    known.iter().map(doctor).collect()
}

/// Who may read no texts is not told what was seen, which may be a vendor's words; what is well and what to do, everybody is.
fn examined(ask: &Ask, wish: &Wish, findings: &[Finding]) -> Examined {
    let told = |finding: &Finding| {
        let told = words::scoped(ask.language, || finding.told());
        Finding {
            seen: hidden::sentence(&ask.principal, &told.seen),
            ..told
        }
    };
    Examined {
        at_ms: wish.ended_ms.unwrap_or(wish.asked_ms),
        instance: wish.instance.clone().unwrap_or_default(),
        findings: findings.iter().map(told).collect(),
    }
}
