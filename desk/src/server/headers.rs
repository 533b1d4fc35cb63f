//! What every answer carries: nothing but our own style and script is ever loaded, and no other page shows ours.

use super::{App, failure::Failed, language};
use crate::pages;
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde_json::json;
use url::form_urlencoded;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The outermost layer: failures in words, headers on everything.
pub(super) async fn outermost(State(_app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let is_program = path.starts_with("/api/") || path.starts_with("/v1/");
    let is_page = request.method() == axum::http::Method::GET && !is_program;
    let place = request
        .uri()
        .path_and_query()
        .map_or("/", |it| it.as_str())
        .to_owned();
    let language = language::of(request.headers());
    let mut response = next.run(request).await;
    if let Some(Failed(failure)) = response.extensions_mut().remove::<Failed>() {
        let status = failure.status();
        response = words::scoped(language, || match status {
            StatusCode::UNAUTHORIZED if is_page => to_sign_in(&place),
            _ if is_program => (status, Json(json!({"error": failure.told()}))).into_response(),
            _ => (status, Html(pages::layout::failed(&failure).into_string())).into_response(),
        });
        let wait = match &*failure {
            super::Failure::Wait(wait) => Some(wait.as_secs().max(1)),
            super::Failure::Full => Some(30),
            _ => None,
        };
        if let Some(seconds) = wait {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Customers' data stays in no cache.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn to_sign_in(place: &str) -> Response {
    let next: String = form_urlencoded::byte_serialize(place.as_bytes()).collect();
    match place {
        "/" => Redirect::to("/sign-in"),
        _ => Redirect::to(&format!("/sign-in?next={next}")),
    }
    .into_response()
}
