//! What running services were asked to do, and which stages rest.

use super::hidden;
use crate::server::{App, Ask, Failure};
use pipeline::wish::{Decision, Decisions, State, Wish, Wishes};
use serde::Serialize;
use utoipa::ToSchema;

/// Wishes of a page.
const MOST: usize = 100;

/// Wishes and decisions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Wishes)]
pub(crate) struct View {
    /// The newest first.
    #[schema(value_type = Vec<Object>)]
    pub(crate) wishes: Vec<Wish>,
    /// What was decided last about each stage.
    #[schema(value_type = Vec<Object>)]
    pub(crate) decisions: Vec<Decision>,
}

/// Gathers them.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn view(app: &App, ask: &Ask) -> Result<View, Failure> {
    let mut wishes = Wishes::of(&app.rt).list(MOST).await?;
    for wish in wishes.iter_mut().filter(|wish| wish.state == State::Failed) {
        // A vendor may have said why.
        wish.outcome = hidden::sentence(&ask.principal, &wish.outcome);
    }
    Ok(View {
        wishes,
        decisions: decisions(app).await?,
    })
}

/// Which stages rest, and who has decided that.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn decisions(app: &App) -> Result<Vec<Decision>, Failure> {
    Ok(Decisions::of(&app.rt).decisions().await?)
}
