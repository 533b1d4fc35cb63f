//! Setting the pipeline up; the mapping in use; a customer beside its row.

use crate::{
    auth::Role,
    server::{App, Ask, Failure, Result, Sent},
    setup::Step,
    views::{cells, customers, setup},
    work,
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::Value;

/// How far setting up has come, and how the programs stand.
#[utoipa::path(get, path = "/setup", responses((status = 200, body = setup::View)))]
pub(super) async fn look(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    ask.allow(Role::Admin)?;
    Ok(Json(serde_json::to_value(setup::view(&app).await?)?))
}

/// Takes a step of setting up: tries keys, chooses form, key widget and mapping, begins.
#[utoipa::path(post, path = "/setup", request_body = Step, responses((status = 200, body = setup::View), (status = 422, description = "a program or its vendor has refused it")))]
pub(super) async fn take(State(app): State<App>, ask: Ask, Sent(step): Sent<Value>) -> Result<Json<Value>> {
    // Who may not do it need not know how it is written.
    ask.allow(Role::Admin)?;
    let step: Step =
        serde_json::from_value(step).map_err(|error| Failure::invalid("body", error.to_string()))?;
    work::set_up(&app, &ask, step).await?;
    Ok(Json(serde_json::to_value(setup::view(&app).await?)?))
}

/// The mapping in use, in words, as a transformer has told it last.
#[utoipa::path(get, path = "/mapping", responses((status = 200, body = cells::Mapping), (status = 422, description = "no transformer has told its mapping yet")))]
pub(super) async fn mapping(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    Ok(Json(serde_json::to_value(cells::mapping(&app, &ask).await?)?))
}

/// A customer beside its row: what OKKI shows, what would be written, what is in the form. Both vendors are called.
#[utoipa::path(post, path = "/customers/{id}/cells", params(("id" = String, Path, description = "company id")),
    responses((status = 200, body = cells::View), (status = 422, description = "a program or its vendor does not answer")))]
pub(super) async fn of_customer(
    State(app): State<App>,
    ask: Ask,
    Path(id): Path<String>,
    Sent(_): Sent<Value>,
) -> Result<Json<Value>> {
    customers::checked(&id)?;
    Ok(Json(serde_json::to_value(
        cells::of_customer(&app, &ask, &id).await?,
    )?))
}
