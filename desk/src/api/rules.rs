//! Rules by which letters are put back by themselves.

use super::acts::Why;
use crate::{
    auth::Role,
    server::{App, Ask, Failure, Result, Sent},
    views::rules,
    work,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use pipeline::setting::parse_duration;
use replay::{
    plan::rate::Rate,
    rule::{Hours, Rule, change::Deed, ms, share},
    when,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A rule that is to be made, written as `dead rule add` takes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRule {
    /// Small letters, digits and -.
    name: String,
    /// extract, transform or load.
    stage: String,
    /// Which letters; an age is one at the time of each run.
    #[serde(rename = "where")]
    query: String,
    /// One sentence for the audit log.
    reason: String,
    /// From one run to the next: 30m, 1h, 1d.
    #[serde(default = "every")]
    every: String,
    /// At most so fast: 20/s, 200/m, 5000/h.
    #[schema(value_type = Option<String>)]
    rate: Option<String>,
    /// Letters that were replayed so often stay where they are.
    #[serde(default = "replays")]
    at_most_replays: u32,
    /// Letters of one run at most.
    at_most: Option<u64>,
    /// Only at these hours: 02:00-06:00.
    #[schema(value_type = Option<String>)]
    between: Option<Hours>,
    /// It switches itself off when more than this share of a run fails again.
    #[serde(default = "stop_at")]
    stop_at: String,
}

fn every() -> String {
    "1h".to_owned()
}

const fn replays() -> u32 {
    2
}

fn stop_at() -> String {
    "20%".to_owned()
}

impl TryFrom<NewRule> for Rule {
    type Error = Failure;

    fn try_from(new: NewRule) -> Result<Self, Failure> {
        let wrong = |place: &'static str| move |problem: String| Failure::invalid(place, problem);
        let rate = new.rate.map(|text| text.parse::<Rate>().map_err(wrong("rate")));
        Ok(Self {
            name: new.name,
            stage: new.stage,
            query: new.query,
            reason: new.reason,
            operator: String::new(),
            made_at: 0,
            every_ms: ms(parse_duration(&new.every).map_err(wrong("every"))?),
            rate: rate.transpose()?,
            most_replays: new.at_most_replays,
            at_most: new.at_most,
            hours: new.between,
            zone: when::zone_id(),
            stop_at: share(&new.stop_at).map_err(wrong("stop_at"))?,
        })
    }
}

/// Rules, and what their last runs came to.
#[utoipa::path(get, path = "/rules", responses((status = 200, body = Object)))]
pub(super) async fn list(State(app): State<App>, ask: Ask) -> Result<Json<Value>> {
    Ok(Json(json!({"rules": rules::all(&app, &ask).await?})))
}

/// One rule, and what its next run would replay.
#[utoipa::path(get, path = "/rules/{name}", params(("name" = String, Path, description = "its name")),
    responses((status = 200, body = rules::One), (status = 404, description = "there is none")))]
pub(super) async fn one(State(app): State<App>, ask: Ask, Path(name): Path<String>) -> Result<Json<Value>> {
    Ok(Json(serde_json::to_value(rules::one(&app, &ask, &name).await?)?))
}

/// What a rule would replay, if there were one; nothing is made and nothing moved.
#[utoipa::path(post, path = "/rules/_try", request_body = NewRule, responses((status = 200, body = rules::Test)))]
pub(super) async fn test(State(app): State<App>, ask: Ask, Sent(new): Sent<NewRule>) -> Result<Json<Value>> {
    ask.allow(Role::Admin)?;
    let test = rules::test(&app, &ask, &new.try_into()?).await?;
    Ok(Json(serde_json::to_value(test)?))
}

/// Makes a rule; the services of its stage carry it out from now on.
#[utoipa::path(post, path = "/rules", request_body = NewRule,
    responses((status = 202, body = Object), (status = 409, description = "there is one of this name")))]
pub(super) async fn add(
    State(app): State<App>,
    ask: Ask,
    Sent(new): Sent<NewRule>,
) -> Result<(StatusCode, Json<Value>)> {
    let rule = work::add_rule(&app, &ask, new.try_into()?).await?;
    Ok((StatusCode::ACCEPTED, Json(serde_json::to_value(rule)?)))
}

/// Switches a rule off or on, or removes it; a run that is under way goes on to its end.
#[utoipa::path(post, path = "/rules/{name}/{deed}", request_body = Why, params(
    ("name" = String, Path, description = "its name"), ("deed" = String, Path, description = "off, on or remove"),
), responses((status = 200, body = Object), (status = 404, description = "there is none")))]
pub(super) async fn change(
    State(app): State<App>,
    ask: Ask,
    Path((name, deed)): Path<(String, String)>,
    Sent(why): Sent<Why>,
) -> Result<Json<Value>> {
    let deed = Deed::named(&deed).ok_or_else(|| Failure::nothing(words::kept!("write off, on or remove")))?;
    let rule = work::change_rule(&app, &ask, &name, deed, &why.reason).await?;
    Ok(Json(serde_json::to_value(rule)?))
}
