//! One letter in full and by hand; letters as a file.

use super::acts::{Why, filter};
use crate::{
    drafts::Draft,
    pages::exchange::file_name,
    server::{App, Ask, Failure, Question, Received, Result, Sent, download},
    views, work,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What is typed into a letter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    /// The body as JSON, in a text, so that numbers stay as they are written.
    text: String,
}

/// How a draft is opened.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Opening {
    /// What was typed stays, and is compared with the letter as it is now.
    anew: bool,
}

/// Which letters, and how much of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Which letters, as `dead list --where`; every letter of the stage needs `all`.
    #[serde(default, rename = "where")]
    query: String,
    /// Every letter of the stage, when nothing says which.
    #[serde(default)]
    all: bool,
    /// At most so many, oldest first.
    limit: Option<u64>,
    /// With bodies and customers' data, so that it can be imported again; for admins.
    #[serde(default)]
    reveal: bool,
}

/// Why letters are imported, and which.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Importing {
    reason: String,
    adopt: bool,
}

/// A draft, and whether it can be put back.
fn told(draft: &Draft) -> Json<Value> {
    let (changes, wrong) = match work::outlook(draft) {
        Ok(changes) => (Some(changes), None),
        Err(wrong) => (None, Some(wrong)),
    };
    Json(json!({
        "letter": draft.opened.id, "stage": draft.stage, "text": draft.text, "as_shown": draft.opened.text, "at": draft.at,
        "changes": changes, "wrong": wrong, "trouble": draft.trouble.as_deref().map(words::retold),
    }))
}

/// One letter as it lies in its queue, nothing masked; the audit log says who has seen it.
#[utoipa::path(post, path = "/dead/{stage}/letters/{id}/reveal", params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("id" = String, Path, description = "its id, or the digits behind its `~`"),
), responses((status = 200, body = Object), (status = 403, description = "for admins"), (status = 404, description = "there is none")))]
pub(super) async fn reveal(
    State(app): State<App>,
    ask: Ask,
    Path((stage, id)): Path<(String, String)>,
    Sent(_): Sent<Value>,
) -> Result<Json<Value>> {
    let letter = work::reveal(&app, &ask, views::stage(&stage)?, &id).await?;
    Ok(Json(serde_json::to_value(letter)?))
}

/// The asking admin's draft of a letter.
#[utoipa::path(get, path = "/dead/{stage}/letters/{id}/draft", params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("id" = String, Path, description = "the digits behind its `~`"),
), responses((status = 200, body = Object), (status = 404, description = "there is none")))]
pub(super) async fn draft(
    State(app): State<App>,
    ask: Ask,
    Path((stage, id)): Path<(String, String)>,
) -> Result<Json<Value>> {
    let draft = work::draft(&app, &ask, views::stage(&stage)?, &id)?;
    Ok(words::scoped(ask.language, || told(&draft)))
}

/// Opens a letter to edit it: its body in full, as a draft of the asking admin. The audit log says who has seen it.
#[utoipa::path(post, path = "/dead/{stage}/letters/{id}/draft", request_body = Opening, params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("id" = String, Path, description = "its id, or the digits behind its `~`"),
), responses((status = 200, body = Object), (status = 404, description = "there is none")))]
pub(super) async fn open(
    State(app): State<App>,
    ask: Ask,
    Path((stage, id)): Path<(String, String)>,
    Sent(opening): Sent<Opening>,
) -> Result<Json<Value>> {
    let draft = work::open(&app, &ask, views::stage(&stage)?, &id, opening.anew).await?;
    Ok(words::scoped(ask.language, || told(&draft)))
}

/// Keeps what was typed, and says whether it could be put back.
#[utoipa::path(put, path = "/dead/{stage}/letters/{id}/draft", request_body = Typed, params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("id" = String, Path, description = "the digits behind its `~`"),
), responses((status = 200, body = Object), (status = 404, description = "it was not opened")))]
pub(super) async fn keep(
    State(app): State<App>,
    ask: Ask,
    Path((stage, id)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Json<Value>> {
    let draft = work::keep(&app, &ask, views::stage(&stage)?, &id, &typed.text)?;
    Ok(words::scoped(ask.language, || told(&draft)))
}

/// Throws a draft away.
#[utoipa::path(delete, path = "/dead/{stage}/letters/{id}/draft", params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("id" = String, Path, description = "the digits behind its `~`"),
), responses((status = 200, body = Object)))]
pub(super) async fn forget(
    State(app): State<App>,
    ask: Ask,
    Path((stage, id)): Path<(String, String)>,
    Sent(_): Sent<Value>,
) -> Result<Json<Value>> {
    work::forget(&app, &ask, views::stage(&stage)?, &id)?;
    Ok(Json(json!({})))
}

/// Puts a letter back as the draft has it; the letter itself goes to the archive.
#[utoipa::path(post, path = "/dead/{stage}/letters/{id}/edit", request_body = Why, params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("id" = String, Path, description = "the digits behind its `~`"),
), responses((status = 202, body = Object, description = "the plan that does it"), (status = 400, description = "the draft does not fit; it is kept"),
    (status = 409, description = "the letter has gone or changed; the draft is kept")))]
pub(super) async fn edit(
    State(app): State<App>,
    ask: Ask,
    Path((stage, id)): Path<(String, String)>,
    Sent(why): Sent<Why>,
) -> Result<(StatusCode, Json<Value>)> {
    let stage = views::stage(&stage)?;
    let draft = work::draft(&app, &ask, stage, &id)?;
    let plan = work::put_back(&app, &ask, stage, draft, &why.reason).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"plan": plan}))))
}

/// Letters as lines of JSON.
#[utoipa::path(post, path = "/dead/{stage}/exports", request_body = Wanted, params(("stage" = String, Path, description = "extract, transform or load")),
    responses((status = 200, body = String, content_type = "application/x-ndjson"), (status = 403, description = "with data for admins")))]
pub(super) async fn export(
    State(app): State<App>,
    ask: Ask,
    Path(stage): Path<String>,
    Sent(wanted): Sent<Wanted>,
) -> Result<Response> {
    let stage = views::stage(&stage)?;
    let filter = filter(&ask, wanted.query, wanted.all, wanted.limit)?;
    let (_, file) = work::export(&app, &ask, stage, filter, wanted.reveal).await?;
    Ok(download(file, &file_name(stage)))
}

/// Adds the letters of an export with data; every line is checked before the first letter is added.
#[utoipa::path(post, path = "/dead/{stage}/imports", request_body(content = String, content_type = "application/x-ndjson"), params(
    ("stage" = String, Path, description = "extract, transform or load"),
    ("reason" = String, Query, description = "one sentence for the audit log"),
    ("adopt" = Option<bool>, Query, description = "letters of another namespace, too"),
), responses((status = 202, body = Object, description = "GET /plans names the operation"), (status = 400, description = "a line is wrong; nothing was added")))]
pub(super) async fn import(
    State(app): State<App>,
    ask: Ask,
    Path(stage): Path<String>,
    Question(importing): Question<Importing>,
    Received(file): Received,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let stage = views::stage(&stage)?;
    work::import(&app, &ask, stage, file, importing.adopt, &importing.reason).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}
