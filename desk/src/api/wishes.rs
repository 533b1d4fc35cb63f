//! What running services are asked to do, and which stages rest.

use super::acts::Why;
use crate::{
    server::{App, Ask, Result, Sent},
    views::{self, wishes},
    work,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use pipeline::wish::WishKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewWish {
    /// `kind` (list-now, customers, period, reconcile, read-form, test-notice, doctor) and its members: `ids`; `from` and `to` (unix seconds);
    /// `fix`; `stage`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    kind: WishKind,
    /// One sentence for the audit log.
    reason: String,
}

/// What running services were asked to do, and which stages rest.
#[utoipa::path(get, path = "/wishes", responses((status = 200, body = wishes::View)))]
pub(super) async fn list(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    Ok(Json(serde_json::to_value(wishes::view(&app, &ask).await?)?))
}

/// Asks running services for something; the same that waits already is not asked for twice.
#[utoipa::path(post, path = "/wishes", request_body = NewWish, responses((status = 202, body = Object)))]
pub(super) async fn ask(
    State(app): State<App>,
    ask: Ask,
    Sent(new): Sent<NewWish>,
) -> Result<(StatusCode, Json<Value>)> {
    let asked = work::wish(&app, &ask, new.kind, &new.reason).await?;
    Ok((StatusCode::ACCEPTED, Json(serde_json::to_value(asked)?)))
}

/// Which doctors are asked.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Examine {
    /// extract, transform or load; all of them if it is left away.
    stage: Option<String>,
    /// One sentence for the audit log.
    reason: String,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Doctors {
    /// One for each stage.
    doctors: Vec<views::doctors::Doctor>,
}

/// What the doctors of the stages have found within the last hour: ✓, risk or ✗ with what to do, in the language of the request.
#[utoipa::path(get, path = "/doctors", responses((status = 200, body = Doctors)))]
pub(super) async fn doctors(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    let doctors = views::doctors::view(&ask, &views::doctors::known(&app).await?);
    Ok(Json(serde_json::to_value(Doctors { doctors })?))
}

/// Asks the doctors of running services; `GET /doctors` shows what they find.
#[utoipa::path(post, path = "/doctors", request_body = Examine, responses((status = 202, body = Object)))]
pub(super) async fn examine(
    State(app): State<App>,
    ask: Ask,
    Sent(wanted): Sent<Examine>,
) -> Result<(StatusCode, Json<Value>)> {
    let stage = wanted.stage.as_deref().map(views::stage).transpose()?;
    let asked = work::ask_doctors(&app, &ask, stage, &wanted.reason).await?;
    Ok((StatusCode::ACCEPTED, Json(serde_json::to_value(asked)?)))
}

/// Takes a wish back that nobody has taken yet.
#[utoipa::path(post, path = "/wishes/{id}/cancel", params(("id" = String, Path, description = "w-…")),
    responses((status = 200, body = Object), (status = 409, description = "somebody has taken it")))]
pub(super) async fn cancel(
    State(app): State<App>,
    ask: Ask,
    Path(id): Path<String>,
    Sent(_): Sent<Value>,
) -> Result<Json<Value>> {
    let wish = work::cancel_wish(&app, &ask, &id).await?;
    Ok(Json(serde_json::to_value(wish)?))
}

/// Lets a stage rest until somebody resumes it.
#[utoipa::path(post, path = "/stages/{stage}/pause", request_body = Why, params(("stage" = String, Path, description = "extract, transform or load")),
    responses((status = 200, body = Object)))]
pub(super) async fn pause(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    Sent(why): Sent<Why>,
) -> Result<Json<Value>> {
    let decision = work::pause_stage(&app, &ask, &word, &why.reason).await?;
    Ok(Json(serde_json::to_value(decision)?))
}

/// Lets a stage work again.
#[utoipa::path(post, path = "/stages/{stage}/resume", request_body = Why, params(("stage" = String, Path, description = "extract, transform or load")),
    responses((status = 200, body = Object)))]
pub(super) async fn resume(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    Sent(why): Sent<Why>,
) -> Result<Json<Value>> {
    let decision = work::resume_stage(&app, &ask, &word, &why.reason).await?;
    Ok(Json(serde_json::to_value(decision)?))
}
