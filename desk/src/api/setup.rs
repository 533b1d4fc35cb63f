//! Setting the pipeline up.

use crate::{
    auth::Role,
    server::{App, Ask, Result, Sent},
    setup::Step,
    views::setup,
    work,
};
use axum::{Json, extract::State};
use serde_json::Value;

/// How far setting up has come, and how the programs stand.
#[utoipa::path(get, path = "/setup", responses((status = 200, body = Object)))]
pub(super) async fn look(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    ask.allow(Role::Admin)?;
    Ok(Json(serde_json::to_value(setup::view(&app).await?)?))
}

/// Takes a step of setting up: tries keys, chooses form, key widget and mapping, begins.
#[utoipa::path(post, path = "/setup", request_body = Step, responses((status = 200, body = Object), (status = 422, description = "a program or its vendor has refused it")))]
pub(super) async fn take(State(app): State<App>, ask: Ask, Sent(step): Sent<Step>) -> Result<Json<Value>> {
    work::set_up(&app, &ask, step).await?;
    Ok(Json(serde_json::to_value(setup::view(&app).await?)?))
}
