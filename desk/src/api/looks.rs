//! Questions.

use crate::{
    auth::{Principal, Role, Via},
    server::{App, Ask, Question, Result},
    views::{self, customers, dead, record},
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

fn answer(view: impl serde::Serialize) -> Result<Json<Value>> {
    Ok(Json(serde_json::to_value(view)?))
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// The name in the audit log.
    name: String,
    /// What they may do.
    role: Role,
    /// How they came in.
    via: Via,
    /// What a browser's session sends as `x-form-token` with everything that changes something.
    form_token: String,
}

/// Who asks, and what they may do.
#[utoipa::path(get, path = "/me", responses((status = 200, body = Me)))]
pub(super) async fn me(ask: Ask) -> Result<Json<Value>> {
    let Principal {
        name,
        role,
        via,
        form_token,
        ..
    } = ask.principal;
    answer(Me {
        name,
        role,
        via,
        form_token,
    })
}

/// Whether all is well: verdict, stages, where customers are, freshness, what to do, the last 24 hours.
#[utoipa::path(get, path = "/overview", responses((status = 200, body = views::overview::View)))]
pub(super) async fn overview(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    answer(views::overview::view(&app, &ask).await?)
}

/// Every replica of every program, and how far the read model goes.
#[utoipa::path(get, path = "/health", responses((status = 200, body = views::health::View)))]
pub(super) async fn health(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    answer(views::health::view(&app, &ask).await?)
}

/// Runs, the newest first, with what became of their customers.
#[utoipa::path(get, path = "/runs", responses((status = 200, body = views::runs::View)))]
pub(super) async fn runs(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    answer(views::runs::view(&app, &ask, true).await?)
}

/// Dead letters of a stage by cause.
#[utoipa::path(get, path = "/dead/{stage}/groups", params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("where" = Option<String>, Query, description = "which letters, as `dead list --where`"),
), responses((status = 200, body = dead::Groups)))]
pub(super) async fn groups(
    State(app): State<App>,
    ask: Ask,
    Path(stage): Path<String>,
    Question(asked): Question<dead::Asked>,
) -> Result<Json<Value>> {
    let query = asked.query(&ask)?;
    answer(dead::groups(&app, &ask, views::stage(&stage)?, query).await?)
}

/// Dead letters of a stage, oldest first.
#[utoipa::path(get, path = "/dead/{stage}/letters", params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("where" = Option<String>, Query, description = "which letters, as `dead list --where`"),
    ("after" = Option<i64>, Query, description = "`next` of the page before"),
    ("limit" = Option<u64>, Query, description = "letters of the page, 500 at most"),
), responses((status = 200, body = dead::Page)))]
pub(super) async fn letters(
    State(app): State<App>,
    ask: Ask,
    Path(stage): Path<String>,
    Question(asked): Question<dead::Asked>,
) -> Result<Json<Value>> {
    answer(dead::page(&app, &ask, views::stage(&stage)?, &asked).await?)
}

/// One dead letter with what it holds.
#[utoipa::path(get, path = "/dead/{stage}/letters/{id}", params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("id" = String, Path, description = "its id, or the digits behind its `~`"),
), responses((status = 200, body = Object), (status = 404, description = "there is none")))]
pub(super) async fn letter(
    State(app): State<App>,
    ask: Ask,
    Path((stage, id)): Path<(String, String)>,
) -> Result<Json<Value>> {
    answer(dead::letter(&app, &ask, views::stage(&stage)?, &id).await?)
}

/// The last customers that anything happened to, or the letters that hold a text.
#[utoipa::path(get, path = "/customers", params(
    ("q" = Option<String>, Query, description = "a text in dead letters, such as a name"),
    ("after" = Option<String>, Query, description = "`next` of the page before"),
), responses((status = 200, body = customers::View)))]
pub(super) async fn customers(
    State(app): State<App>,
    ask: Ask,
    Question(asked): Question<customers::Asked>,
) -> Result<Json<Value>> {
    answer(customers::view(&app, &ask, &asked).await?)
}

/// Where a customer is and how it got there.
#[utoipa::path(get, path = "/customers/{id}", params(("id" = String, Path, description = "company id")),
    responses((status = 200, body = customers::One)))]
pub(super) async fn customer(
    State(app): State<App>,
    ask: Ask,
    Path(id): Path<String>,
) -> Result<Json<Value>> {
    answer(customers::one(&app, &ask, &id).await?)
}

/// Plans and operations, the newest first.
#[utoipa::path(get, path = "/plans", responses((status = 200, body = views::plans::All)))]
pub(super) async fn plans(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    answer(views::plans::all(&app, &ask).await?)
}

/// One plan: where it stands, what it would do, what became of its letters.
#[utoipa::path(get, path = "/plans/{id}", params(("id" = String, Path, description = "p-…")),
    responses((status = 200, body = views::plans::One), (status = 404, description = "there is none")))]
pub(super) async fn plan(State(app): State<App>, ask: Ask, Path(id): Path<String>) -> Result<Json<Value>> {
    answer(views::plans::one(&app, &ask, &id).await?)
}

/// Who did what, when and why: the newest entries that match.
#[utoipa::path(get, path = "/audit", params(
    ("operator" = Option<String>, Query, description = "by whom"),
    ("stage" = Option<String>, Query, description = "of which stage"),
    ("action" = Option<String>, Query, description = "what was done"),
), responses((status = 200, body = record::View)))]
pub(super) async fn audit(
    State(app): State<App>,
    ask: Ask,
    Question(asked): Question<record::Asked>,
) -> Result<Json<Value>> {
    answer(record::view(&app, &ask, &asked).await?)
}
