//! Signing in and out, and choosing a language.

use super::{
    App, Ask,
    door::{self, address},
    failure::Failure,
    filled::Filled,
    language,
    peer::Peer,
    question::Question,
};
use crate::{
    auth::{password, secret},
    oidc::Provider,
    pages,
};
use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use readmodel::serve::is_local;
use serde::Deserialize;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

impl Next {
    pub(super) const fn of(next: Option<String>) -> Self {
        Self { next }
    }

    /// Only a page of ours.
    pub(super) fn place(&self) -> &str {
        let next = self.next.as_deref().unwrap_or("/");
        let is_ours = next.starts_with('/')
            && !next.starts_with("//")
            && !next.contains(|c: char| c == '\\' || c.is_control());
        if is_ours { next } else { "/" }
    }
}

/// The page that asks for name and password.
pub(super) async fn page(
    State(app): State<App>,
    Question(next): Question<Next>,
    headers: HeaderMap,
) -> Response {
    shown(&app, &headers, StatusCode::OK, next.place(), || None)
}

/// The page, with what was wrong in the reader's language.
pub(super) fn shown(
    app: &App,
    headers: &HeaderMap,
    status: StatusCode,
    next: &str,
    problem: impl FnOnce() -> Option<String>,
) -> Response {
    let provider = app.provider.as_ref().map(Provider::host);
    let page = words::scoped(language::of(headers), || {
        pages::sign_in::page(next, problem().as_deref(), provider.as_deref())
    });
    (status, Html(page.into_string())).into_response()
}

/// Name and password; no session yet, so no token of one: a page elsewhere gains nothing by signing somebody in.
pub(super) async fn enter(
    State(app): State<App>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, Failure> {
    let filled = Filled::read(&body);
    let (name, password) = (filled.text("name").to_owned(), filled.raw("password").to_owned());
    let from = address(&app, peer.ip(), &headers);
    app.attempts.begin(Some(&name), from).map_err(Failure::Wait)?;
    let next = Next {
        next: Some(filled.text("next").to_owned()),
    };
    let known = app.people.hash(&name)?;
    let (name, hash) = known.map_or((name, None), |(name, hash)| (name, Some(hash)));
    if !password::is_right(password, hash).await {
        tracing::warn!(user = name, %from, "a sign-in failed");
        let problem = || Some(words::text!("name or password is wrong").to_owned());
        return Ok(shown(
            &app,
            &headers,
            StatusCode::UNAUTHORIZED,
            next.place(),
            problem,
        ));
    }
    app.attempts.succeeded(Some(&name), from);
    let secret = secret::random();
    let now = jiff::Timestamp::now().as_millisecond();
    app.people.begin_session(&secret, &name, now)?;
    tracing::info!(user = name, %from, "signed in");
    let cookie = session_cookie(&secret, &headers, "");
    Ok(with_cookie(Redirect::to(next.place()), &cookie))
}

/// Over TLS browsers take a cookie of this name from us alone: no neighbour of the same domain, and nobody without TLS, can
/// set one. On this very machine there may be no TLS.
pub(super) fn cookie_name(name: &str, headers: &HeaderMap) -> String {
    match is_local(headers) {
        true => name.to_owned(),
        false => format!("__Host-{name}"),
    }
}

/// Browsers send the cookie over TLS only, except from this very machine.
pub(super) fn secure(headers: &HeaderMap) -> &'static str {
    if is_local(headers) { "" } else { "; Secure" }
}

pub(super) fn session_cookie(value: &str, headers: &HeaderMap, more: &str) -> String {
    let (name, secure) = (cookie_name(door::COOKIE, headers), secure(headers));
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}")
}

pub(super) fn with_cookie(response: impl IntoResponse, cookie: &str) -> Response {
    let mut response = response.into_response();
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// Ends the session.
pub(super) async fn leave(
    State(app): State<App>,
    headers: HeaderMap,
    _ask: Ask,
    _filled: Filled,
) -> Result<Response, Failure> {
    if let Some(secret) = language::cookie(&headers, &cookie_name(door::COOKIE, &headers)) {
        app.people.end_session(secret)?;
    }
    let gone = session_cookie("", &headers, "; Max-Age=0");
    Ok(with_cookie(Redirect::to("/sign-in"), &gone))
}

/// What was chosen, and where to go back to.
#[derive(Debug, Deserialize)]
pub(super) struct Chosen {
    to: String,
    next: Option<String>,
}

/// Remembers a language; it changes nothing else, so that a link does.
pub(super) async fn speak(Question(chosen): Question<Chosen>) -> Response {
    let next = Next { next: chosen.next };
    let word = if chosen.to == "zh" { "zh" } else { "en" };
    let cookie = format!(
        "{}={word}; Path=/; SameSite=Lax; Max-Age=31536000",
        language::COOKIE
    );
    with_cookie(Redirect::to(next.place()), &cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_tls_no_neighbour_can_set_our_cookie() {
        let of = |host: &'static str| {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            session_cookie("x", &headers, "")
        };
        let cookie = of("okki.example.com");
        assert!(
            cookie.starts_with("__Host-desk_session=x; Path=/; ") && cookie.ends_with("; Secure"),
            "{cookie}"
        );
        assert!(!cookie.contains("Domain"), "{cookie}");
        for host in ["127.0.0.1:8088", "localhost:8088", "[::1]:8088"] {
            let cookie = of(host);
            assert!(
                cookie.starts_with("desk_session=x; ") && !cookie.contains("Secure"),
                "{cookie}"
            );
        }
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        let place = |next: &str| {
            let next = Next {
                next: Some(next.to_owned()),
            };
            next.place().to_owned()
        };
        assert_eq!(place("/dead?where=a"), "/dead?where=a");
        for evil in [
            "https://evil",
            "//evil",
            "/\\evil",
            "/\t/evil",
            "/\0/evil",
            "/x\u{b}",
            "evil",
            "",
        ] {
            assert_eq!(place(evil), "/", "{evil}");
        }
    }
}
