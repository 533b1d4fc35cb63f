//! Plans and operations: what was decided about letters, and what came of it.

use super::{hidden, stage};
use crate::{
    auth::Principal,
    server::{App, Ask, Failure},
    work::Making,
};
use pipeline::stage::Stage;
use readmodel::read::sums::{self, Moved};
use replay::{
    operation::{Operation, Operations},
    plan::Plan,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Letters of a plan that are shown.
const LETTERS: usize = 200;

/// Everything that was decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plans)]
pub(crate) struct All {
    /// Plans, the newest first.
    #[schema(value_type = Vec<Object>)]
    pub(crate) plans: Vec<Plan>,
    /// Discards, undos and imports, the newest first.
    #[schema(value_type = Vec<Object>)]
    pub(crate) operations: Vec<Operation>,
}

/// One plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct One {
    /// The plan; `None` while it is being made, or when it never came to be.
    #[schema(value_type = Option<Object>)]
    pub(crate) plan: Option<Plan>,
    /// How it was made, when this desk made it.
    pub(crate) making: Option<Making>,
    /// What this desk could not do about it.
    pub(crate) trouble: Option<String>,
    /// What became of its letters, by the account of events.
    #[schema(value_type = Vec<Object>)]
    pub(crate) letters: Vec<Moved>,
    /// Whether there are more.
    pub(crate) more: bool,
}

/// Gathers all plans and operations.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn all(app: &App, ask: &Ask) -> Result<All, Failure> {
    let workspace = app.workspace(Stage::Extract, &ask.principal.name);
    let mut plans = workspace.plans().list().await?;
    let mut operations = Operations::of(&workspace).list().await?;
    plans.iter_mut().for_each(|plan| hide(&ask.principal, plan));
    for operation in &mut operations {
        operation.filter = hidden::filter(&ask.principal, &operation.filter);
    }
    Ok(All { plans, operations })
}

/// Gathers one plan.
///
/// # Errors
/// When there is none of this id, or Redis does not answer.
pub(crate) async fn one(app: &App, ask: &Ask, id: &str) -> Result<One, Failure> {
    let workspace = app.workspace(Stage::Extract, &ask.principal.name);
    let mut plan = workspace.plans().load(id).await?;
    let state = plan.as_ref().map(|plan| plan.state);
    let (making, trouble) = (app.work.making(id), app.work.trouble_of(id, state));
    let making = making.map(|making| making.for_eyes_of(&ask.principal));
    let trouble = trouble.map(|trouble| hidden::sentence(&ask.principal, &trouble));
    if let Some(plan) = &mut plan {
        hide(&ask.principal, plan);
    }
    if plan.is_none() && making.is_none() {
        return Err(Failure::nothing(words::tr!(
            "there is no plan `{id}`; plans are kept for a week after their end"
        )));
    }
    let name = id.to_owned();
    let found = app
        .look(ask.language, move |connection| {
            sums::moved(connection, &name, "", LETTERS + 1)
        })
        .await;
    let mut letters = found.ok().flatten().unwrap_or_default();
    let more = letters.len() > LETTERS;
    letters.truncate(LETTERS);
    Ok(One {
        plan,
        making,
        trouble,
        letters,
        more,
    })
}

/// What a plan says of customers: an example with a vendor's words, a filter by text, values that it sets.
fn hide(principal: &Principal, plan: &mut Plan) {
    if hidden::reads_texts(principal) {
        return;
    }
    plan.note = hidden::sentence(principal, &plan.note);
    plan.filter = hidden::filter(principal, &plan.filter);
    plan.repair = None;
}

/// The stage of a plan, for what is done to it.
///
/// # Errors
/// When there is no such plan, or Redis does not answer.
pub(crate) async fn stage_of(app: &App, ask: &Ask, id: &str) -> Result<(Stage, Plan), Failure> {
    let workspace = app.workspace(Stage::Extract, &ask.principal.name);
    let plan = workspace.plans().load(id).await?;
    let plan = plan.ok_or_else(|| Failure::nothing(words::tr!("there is no plan `{id}`")))?;
    Ok((stage(&plan.stage)?, plan))
}

/// One operation, and its stage.
///
/// # Errors
/// When there is none of this id, or Redis does not answer.
pub(crate) async fn operation(app: &App, ask: &Ask, id: &str) -> Result<(Stage, Operation), Failure> {
    let workspace = app.workspace(Stage::Extract, &ask.principal.name);
    let operation = Operations::of(&workspace).load(id).await?;
    Ok((stage(&operation.stage)?, operation))
}
