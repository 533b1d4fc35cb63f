//! What programs may have done.

use crate::{
    server::{App, Ask, Failure, Result, Sent},
    views::{self, dead},
    work,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use replay::{
    browse::Filter,
    plan::{options::Options, rate::Rate, start::Start},
    repair::{Assignment, Repair},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Which letters, and why something is done to them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    /// Which letters, as `dead list --where`; every letter of the stage needs `all`.
    #[serde(default, rename = "where")]
    query: String,
    /// Every letter of the stage, when nothing says which.
    #[serde(default)]
    all: bool,
    /// At most so many, oldest first.
    limit: Option<u64>,
    /// One sentence for the audit log.
    reason: String,
}

/// A plan that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlan {
    /// Which letters, as `dead list --where`; every letter of the stage needs `all`.
    #[serde(default, rename = "where")]
    query: String,
    /// Every letter of the stage, when nothing says which.
    #[serde(default)]
    all: bool,
    /// At most so many, oldest first.
    limit: Option<u64>,
    /// One sentence for the audit log.
    reason: String,
    /// Where handling begins again: step, mapping or fetch.
    #[serde(default)]
    from: String,
    /// At most so fast: 20/s, 200/m, 5000/h.
    #[serde(default)]
    rate: String,
    /// Values that change on the way, each `FIELD=VALUE`.
    #[serde(default)]
    set: Vec<String>,
    /// Values that are computed on the way, each `FIELD=EXPRESSION`.
    #[serde(default)]
    compute: Vec<String>,
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// One sentence for the audit log.
    pub(super) reason: String,
}

/// Which letters are meant; every one only when that is said.
pub(super) fn filter(ask: &Ask, query: String, all: bool, limit: Option<u64>) -> Result<Filter> {
    let asked = dead::Asked {
        query: Some(query),
        ..dead::Asked::default()
    };
    let filter = Filter {
        query: asked.query(ask)?,
        limit,
    };
    match filter.is_everything() && !all {
        true => Err(Failure::invalid(
            "where",
            words::kept!("no filter means every letter; say `\"all\": true` if that is meant"),
        )),
        false => Ok(filter),
    }
}

/// Makes a plan: a frozen set of letters; nothing is moved.
#[utoipa::path(post, path = "/dead/{stage}/plans", request_body = NewPlan, params(("stage" = String, Path, description = "extract, transform or load")),
    responses((status = 202, body = Object, description = "its id; GET it for what it would do")))]
pub(super) async fn make(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    Sent(new): Sent<NewPlan>,
) -> Result<(StatusCode, Json<Value>)> {
    let stage = views::stage(&word)?;
    let filter = filter(&ask, new.query, new.all, new.limit)?;
    let wrong = |place: &'static str| move |problem: String| Failure::invalid(place, problem);
    let rate: Option<Rate> = match new.rate.trim() {
        "" => None,
        text => Some(text.parse().map_err(wrong("rate"))?),
    };
    let from: Start = match new.from.trim() {
        "" => Start::Step,
        text => text.parse().map_err(wrong("from"))?,
    };
    let sets = new.set.iter().map(|text| text.parse().map_err(wrong("set")));
    let computed = new
        .compute
        .iter()
        .map(|text| Assignment::compute(text).map_err(wrong("compute")));
    let changes: Vec<Assignment> = sets.chain(computed).collect::<Result<_>>()?;
    let repair = match changes.is_empty() {
        true => from.repair(stage)?,
        false if from != Start::Step => {
            return Err(Failure::invalid(
                "from",
                words::kept!("leave it away where values change"),
            ));
        }
        false => Some(Repair::of_changes(&app.workspace(stage, &ask.principal.name), changes).await?),
    };
    let options = Options {
        rate,
        ..Options::default()
    };
    let id = work::make(&app, &ask, stage, filter, &new.reason, repair, options).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"plan": id}))))
}

/// Runs a plan, or goes on with it: canary, then everything, as it was made.
#[utoipa::path(post, path = "/plans/{id}/run", params(("id" = String, Path, description = "p-…")),
    responses((status = 202, body = Object), (status = 409, description = "it is over, or runs")))]
pub(super) async fn run(
    State(app): State<App>,
    ask: Ask,
    Path(id): Path<String>,
    Sent(_): Sent<Value>,
) -> Result<(StatusCode, Json<Value>)> {
    work::run(&app, &ask, &id, true).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"plan": id}))))
}

/// Lets a running plan rest.
#[utoipa::path(post, path = "/plans/{id}/pause", request_body = Why, params(("id" = String, Path, description = "p-…")),
    responses((status = 200, body = Object), (status = 409, description = "it does not run")))]
pub(super) async fn pause(
    State(app): State<App>,
    ask: Ask,
    Path(id): Path<String>,
    Sent(why): Sent<Why>,
) -> Result<Json<Value>> {
    let plan = work::pause(&app, &ask, &id, &why.reason).await?;
    Ok(Json(serde_json::to_value(plan)?))
}

/// Ends a plan; what it has not put back stays where it is.
#[utoipa::path(post, path = "/plans/{id}/cancel", request_body = Why, params(("id" = String, Path, description = "p-…")),
    responses((status = 200, body = Object), (status = 409, description = "it is over")))]
pub(super) async fn cancel(
    State(app): State<App>,
    ask: Ask,
    Path(id): Path<String>,
    Sent(why): Sent<Why>,
) -> Result<Json<Value>> {
    let plan = work::cancel(&app, &ask, &id, &why.reason).await?;
    Ok(Json(serde_json::to_value(plan)?))
}

/// Puts letters away; they can be brought back for 30 days.
#[utoipa::path(post, path = "/dead/{stage}/discards", request_body = Choice, params(("stage" = String, Path, description = "extract, transform or load")),
    responses((status = 202, body = Object, description = "GET /plans names the operation")))]
pub(super) async fn discard(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    Sent(choice): Sent<Choice>,
) -> Result<(StatusCode, Json<Value>)> {
    let (stage, filter) = (
        views::stage(&word)?,
        filter(&ask, choice.query, choice.all, choice.limit)?,
    );
    work::discard(&app, &ask, stage, filter, &choice.reason).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}

/// Takes back what an operation or a repairing plan has done.
#[utoipa::path(post, path = "/operations/{id}/undo", request_body = Why, params(("id" = String, Path, description = "d-…, i-… or p-…")),
    responses((status = 202, body = Object)))]
pub(super) async fn undo(
    State(app): State<App>,
    ask: Ask,
    Path(id): Path<String>,
    Sent(why): Sent<Why>,
) -> Result<(StatusCode, Json<Value>)> {
    work::undo(&app, &ask, &id, &why.reason).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}
