//! The OKKI side: token, listing, detail, enumerations, dictionaries of fields.

mod enums;
mod fields;
mod info;
mod list;
mod replay;
mod time;
mod token;
mod webhook;

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::Method;
use serde_json::json;

pub(super) use replay::Replay;
pub(super) use token::Tokens;
pub use webhook::WebhookReport;
pub(super) use webhook::{Webhook, pump};

use super::call::Call;
use super::clock;
use super::faults::Vendor;
use super::limits::Excess;
use super::reply::Reply;
use super::settings::{AuthAnswer, LimitAnswer, Limiter, OkkiSettings, SuccessCode};
use super::stalls::Arrival;
use super::state::State;

/// Name of the operation in statistics and faults. Both listing paths count as `list`.
pub(super) fn operation(call: &Call) -> Cow<'static, str> {
    Cow::Borrowed(match call.path() {
        "/v1/oauth2/access_token" | "/v1/oauth2/refresh_token" => "token",
        "/v1/company/updates" | "/v1/company/list" => "list",
        "/v1/company/info" => "info",
        "/v1/company/companyEnums" => "enums",
        "/v1/company/fields/selector" => "selector",
        "/v1/company/fields" => "fields",
        path if path.starts_with("/v1/webhook") || path.starts_with("/v1/subscribe") => "webhook",
        _ => "unknown",
    })
}

/// Counts the call; the answer, when the limit refuses it.
pub(super) fn limit(state: &State, operation: &str, arrival: Arrival) -> Option<Reply> {
    let settings = &state.settings().okki;
    let at_ms = state.clock.now_ms();
    let mut traffic = state.traffic(Vendor::Okki);
    let excess: Option<Excess> = match (settings.per_second, settings.limiter) {
        (Some(rate), Limiter::Bucket) => {
            traffic
                .meters
                .bucket(operation, rate, settings.burst, arrival, at_ms)
        }
        (Some(rate), Limiter::Sliding) => {
            traffic
                .meters
                .sliding(operation, None, Some(rate.max(1.0) as u32), arrival, at_ms)
        }
        (None, _) => traffic.meters.sliding(operation, None, None, arrival, at_ms),
    };
    let within = settings
        .allowance
        .is_none_or(|allowance| traffic.within(allowance, arrival.handled));
    let today = traffic.today(clock::beijing_day(at_ms.div_euclid(1000)));
    drop(traffic);
    if settings.daily.is_some_and(|most| today > most) {
        return Some(too_many(settings, "daily quota exceeded"));
    }
    if !within {
        return Some(too_many(settings, "allowance used up"));
    }
    (excess.is_some() && settings.enforce).then(|| too_many(settings, "Too Many Requests"))
}

fn too_many(settings: &OkkiSettings, message: &str) -> Reply {
    let mut reply = Reply::json(200, &json!({"code": 429, "message": message})).with_code(429);
    if settings.limit_answer == LimitAnswer::Http429 {
        reply.status = 429;
        reply.retry_after = Some(settings.retry_after_s.to_string());
    }
    reply
}

/// Does the work of a call that passed limits and faults.
pub(super) async fn execute(state: &Arc<State>, call: &Call) -> Reply {
    let settings = &state.settings().okki;
    let (method, path) = (&call.method, call.path());
    match path {
        "/v1/oauth2/access_token" if method == Method::POST => return token::issue(state, settings, call),
        "/v1/oauth2/refresh_token" if method == Method::POST => {
            return token::refuse("invalid_request", "The refresh token is invalid.");
        }
        _ => {}
    }
    if operation(call) == "webhook" {
        return match token::check(state, call, "webhook") {
            Ok(()) => webhook::answer(state, settings, call).await,
            Err(why) => refuse_token(settings, why),
        };
    }
    if let Err(why) = token::check(state, call, "company") {
        return refuse_token(settings, why);
    }
    if method != Method::GET {
        return refuse(settings, 404, "");
    }
    if let Some(reply) = state.replay.get().and_then(|replay| replay.settings(call)) {
        return reply;
    }
    match path {
        "/v1/company/updates" | "/v1/company/list" => list::answer(state, settings, call),
        "/v1/company/info" => info::answer(state, settings, call),
        "/v1/company/companyEnums" => success(state, settings, &enums::company().to_string()),
        "/v1/company/fields/selector" => enums::selector(state, settings, call),
        "/v1/company/fields" => fields::answer(state, settings, call),
        _ => refuse(settings, 404, "Not Found Resource"),
    }
}

/// The vendor's envelope around data, which is JSON text.
fn success(state: &State, settings: &OkkiSettings, data: &str) -> Reply {
    let now = time::shown(
        state.clock.now() + settings.listing.now_offset_s,
        settings.now_time,
    );
    let now = match settings.listing.hide_now {
        true => String::new(),
        false => format!(r#""now":{now},"#),
    };
    let code = match settings.success_code {
        SuccessCode::Ok200 => r#""code":200,"#,
        SuccessCode::Zero => r#""code":0,"#,
        SuccessCode::Absent => "",
    };
    let body = format!(r#"{{{code}"message":"success",{now}"data":{data}}}"#);
    Reply {
        status: 200,
        body,
        retry_after: None,
        code: 0,
        left: None,
        location: None,
    }
}

/// A business error: HTTP 200 and a bad code, or the matching status.
pub(super) fn refuse(settings: &OkkiSettings, code: i64, message: &str) -> Reply {
    let text = match (message, code) {
        ("", 404) => "Not Found Resource",
        ("", 400) => "Invalid query",
        ("", 429) => "Too Many Requests",
        ("", _) => "error",
        (text, _) => text,
    };
    let status = match u16::try_from(code) {
        Ok(status) if settings.matching_status && (400..600).contains(&status) => status,
        _ => 200,
    };
    Reply::json(status, &json!({"code": code, "message": text, "data": []})).with_code(code)
}

fn refuse_token(settings: &OkkiSettings, why: &str) -> Reply {
    let bare = json!({"error": "access_denied", "error_description": why, "message": why});
    match settings.auth_answer {
        AuthAnswer::Http401 => Reply::json(401, &bare),
        AuthAnswer::Body => Reply::json(200, &bare),
        AuthAnswer::Code401 => Reply::json(200, &json!({"code": 401, "message": why})),
    }
    .with_code(401)
}
