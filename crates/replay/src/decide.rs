//! What an operator wants of running services, on record in the audit log: a stage rests or works again, and wishes.

use crate::{
    audit::{self, Note},
    workspace::Workspace,
};
use pipeline::{
    store,
    wish::{self, Ask, Asked, Decision, Decisions, Wish, Wishes},
};
use serde_json::json;

/// Why something was not decided.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be asked for, or Redis does not answer.
    #[error(transparent)]
    Wish(#[from] wish::Error),
    /// It stands, and the audit log does not say so.
    #[error("{}", words::tr!("it is decided; write the audit log"))]
    Audit(#[from] store::Error),
}

/// Lets the workspace's stage rest until somebody resumes it.
///
/// # Errors
/// When no reason is given, or Redis does not answer.
pub async fn pause_stage(workspace: &Workspace, why: &str) -> Result<Decision, Error> {
    let decisions = Decisions::of(&workspace.rt);
    let decision = decisions
        .decide_pause(workspace.stage, &workspace.operator, why)
        .await?;
    on_record(
        workspace,
        "pause-stage",
        why,
        workspace.stage.name(),
        json!({"paused": true}),
    )
    .await?;
    Ok(decision)
}

/// Lets it work again; the decision of before, if it rested.
///
/// # Errors
/// When Redis does not answer.
pub async fn resume_stage(workspace: &Workspace, why: &str) -> Result<(Decision, Option<Decision>), Error> {
    let decisions = Decisions::of(&workspace.rt);
    let before = decisions.decisions().await?;
    let before = before
        .into_iter()
        .find(|decision| decision.stage == workspace.stage && decision.paused);
    let decision = decisions
        .decide_resume(workspace.stage, &workspace.operator)
        .await?;
    on_record(
        workspace,
        "resume-stage",
        why,
        workspace.stage.name(),
        json!({"paused": false}),
    )
    .await?;
    Ok((decision, before))
}

/// Asks running services for something.
///
/// # Errors
/// When it cannot be asked for, or Redis does not answer.
pub async fn ask(workspace: &Workspace, ask: Ask) -> Result<Asked, Error> {
    let why = ask.reason.clone();
    let asked = Wishes::of(&workspace.rt).ask(ask).await?;
    let what = json!({"what": words::english(|| asked.wish.kind.told())});
    on_record(workspace, "wish", &why, &asked.wish.id, what).await?;
    Ok(asked)
}

/// Takes a wish back that nobody has taken yet.
///
/// # Errors
/// When somebody has, there is none, or Redis does not answer.
pub async fn cancel(workspace: &Workspace, id: &str) -> Result<Wish, Error> {
    let wish = Wishes::of(&workspace.rt).cancel(id, &workspace.operator).await?;
    on_record(workspace, "wish cancel", "", &wish.id, json!({})).await?;
    Ok(wish)
}

async fn on_record(
    workspace: &Workspace,
    action: &str,
    reason: &str,
    subject: &str,
    result: serde_json::Value,
) -> Result<(), Error> {
    let note = Note {
        action,
        reason,
        subject,
        result,
        ..Note::default()
    };
    Ok(audit::append(workspace, note).await?)
}
