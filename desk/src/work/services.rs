//! What is asked of running services, and which stages rest.

use super::begin::decided;
use crate::{
    auth::Role,
    server::{App, Ask, Failure},
    views::stage,
};
use pipeline::{
    stage::Stage,
    wish::{self, Asked, Decision, Wish, WishKind},
};
use replay::decide;
use std::time::Duration;

/// A doctor that has not begun by then is none: replicas look once a second.
const DOCTOR_WITHIN: Duration = Duration::from_secs(30);

/// Asks running services for something.
///
/// # Errors
/// When it cannot be asked for.
pub(crate) async fn wish(app: &App, ask: &Ask, kind: WishKind, reason: &str) -> Result<Asked, Failure> {
    let why = decided(ask, reason)?;
    if kind.belongs_to_setup() {
        ask.allow(Role::Admin)?;
    }
    let workspace = app.workspace(kind.stage(), &ask.principal.name);
    Ok(decide::ask(&workspace, wish::Ask::new(kind, &ask.principal.name, why)).await?)
}

/// Asks the doctor of a stage, or of each.
///
/// # Errors
/// When it cannot be asked for.
pub(crate) async fn ask_doctors(
    app: &App,
    ask: &Ask,
    stage: Option<Stage>,
    reason: &str,
) -> Result<Vec<Asked>, Failure> {
    let why = decided(ask, reason)?;
    let stages = stage.map_or_else(|| Stage::ALL.to_vec(), |stage| vec![stage]);
    let mut asked = Vec::new();
    for stage in stages {
        let workspace = app.workspace(stage, &ask.principal.name);
        let wanted = wish::Ask {
            patience: DOCTOR_WITHIN,
            ..wish::Ask::new(WishKind::Doctor { stage }, &ask.principal.name, why.clone())
        };
        asked.push(decide::ask(&workspace, wanted).await?);
    }
    Ok(asked)
}

/// Takes a wish back that nobody has taken yet.
///
/// # Errors
/// When somebody has, or there is none.
pub(crate) async fn cancel_wish(app: &App, ask: &Ask, id: &str) -> Result<Wish, Failure> {
    ask.allow(Role::Operator)?;
    Ok(decide::cancel(&app.workspace(Stage::Extract, &ask.principal.name), id).await?)
}

/// Lets a stage rest.
///
/// # Errors
/// When there is no such stage.
pub(crate) async fn pause_stage(app: &App, ask: &Ask, word: &str, reason: &str) -> Result<Decision, Failure> {
    let why = decided(ask, reason)?;
    let workspace = app.workspace(stage(word)?, &ask.principal.name);
    Ok(decide::pause_stage(&workspace, &why).await?)
}

/// Lets a stage work again.
///
/// # Errors
/// When there is no such stage.
pub(crate) async fn resume_stage(
    app: &App,
    ask: &Ask,
    word: &str,
    reason: &str,
) -> Result<Decision, Failure> {
    let why = decided(ask, reason)?;
    let workspace = app.workspace(stage(word)?, &ask.principal.name);
    Ok(decide::resume_stage(&workspace, &why).await?.0)
}
