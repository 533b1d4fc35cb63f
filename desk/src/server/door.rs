//! Who is let in: by session, by token, by a proxy that is trusted, or, on a loopback without sign-in, by being here.

use super::{App, failure::Failure, language, peer::Peer, sign_in};
use crate::auth::{Principal, Role, Via, name::is_name};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use readmodel::serve::is_local;
use std::net::IpAddr;

/// The cookie of a session, as it is called without TLS.
pub(super) const COOKIE: &str = "desk_session";

/// Finds out who asks and lets them through; who they may be is decided behind.
pub(super) async fn admitted(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if changes(request.method()) && !is_of_our_page(request.headers()) {
        return Failure::Form.into_response();
    }
    match who(&app, &request) {
        // Whatever a viewer sends, before anybody reads it; they may leave.
        Ok(principal)
            if changes(request.method())
                && !principal.may(Role::Operator)
                && request.uri().path() != "/sign-out" =>
        {
            Failure::Role(Role::Operator).into_response()
        }
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            request.extensions_mut().insert(app.keeper.state());
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Browsers say where a request comes from; programs say nothing.
fn is_of_our_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    if !matches!(text("sec-fetch-site"), None | Some("same-origin" | "none")) {
        return false;
    }
    let Some(origin) = text("origin") else { return true };
    let host = text("x-forwarded-host").or_else(|| text("host"));
    let of_origin = origin.split_once("://").map(|(_, host)| host);
    of_origin.is_some() && (of_origin == host || of_origin == text("host"))
}

fn who(app: &App, request: &Request) -> Result<Principal, Failure> {
    let headers = request.headers();
    let now = jiff::Timestamp::now().as_millisecond();
    let text = |name: header::HeaderName| headers.get(name).and_then(|it| it.to_str().ok());
    if let Some(token) = text(header::AUTHORIZATION).and_then(|it| it.strip_prefix("Bearer ")) {
        let found = app.people.token(token, now)?.ok_or(Failure::SignIn)?;
        return Ok(Principal::new(found.0, found.1, Via::Token, token));
    }
    if let Some(secret) = language::cookie(headers, &sign_in::cookie_name(COOKIE, headers)) {
        if let Some((name, role)) = app.people.session(secret, now)? {
            return Ok(Principal::new(name, role, Via::Session, secret));
        }
        if let Some((name, role)) = app.people.identity(secret, now)? {
            return Ok(Principal::new(name, role, Via::Provider, secret));
        }
    }
    if let Some(principal) = of_proxy(app, request)? {
        return Ok(principal);
    }
    // Of a proxy that signs people in, nobody comes without a name who would be an admin for being here.
    let is_behind_proxy =
        app.config.user_header.is_some() && peer(request).is_some_and(|it| is_trusted(app, it));
    if app.config.asks_for_sign_in || is_behind_proxy {
        return Err(Failure::SignIn);
    }
    // A page of the web can make a browser call here under a name of its own.
    // Nor is it somebody here whom a proxy on this machine speaks for.
    match is_local(headers) && !is_forwarded(headers) {
        true => Ok(Principal::new(
            replay::workspace::os_user(),
            Role::Admin,
            Via::Loopback,
            &app.secret,
        )),
        false => Err(Failure::Host),
    }
}

/// Somebody whom a trusted proxy has signed in: with the role of the person of this name, else a viewer.
fn of_proxy(app: &App, request: &Request) -> Result<Option<Principal>, Failure> {
    let Some(name) = &app.config.user_header else {
        return Ok(None);
    };
    if !peer(request).is_some_and(|peer| is_trusted(app, peer)) {
        return Ok(None);
    }
    let Some(user) = named(request.headers(), name)? else {
        return Ok(None);
    };
    let known = app.people.list()?;
    let known = known.iter().find(|person| person.name.eq_ignore_ascii_case(user));
    let role = known.map_or(Role::Viewer, |person| person.role);
    let secret = format!("{} {user}", app.secret);
    Ok(Some(Principal::new(user, role, Via::Proxy, &secret)))
}

/// Whom a header names, which has to be there once.
fn named<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Failure> {
    let mut all = headers.get_all(name).iter();
    let Some(only) = all.next() else { return Ok(None) };
    let user = std::str::from_utf8(only.as_bytes()).map(str::trim);
    match (user, all.next()) {
        (Ok(user), None) if is_name(user) => Ok(Some(user)),
        _ => Err(Failure::Named(name.clone())),
    }
}

/// A proxy speaks for somebody, whichever of its headers says so.
fn is_forwarded(headers: &HeaderMap) -> bool {
    let says = |name: &HeaderName| {
        let name = name.as_str();
        name.starts_with("x-forwarded-") || ["forwarded", "x-real-ip", "via"].contains(&name)
    };
    headers.keys().any(says)
}

fn peer(request: &Request) -> Option<IpAddr> {
    let info = request.extensions().get::<ConnectInfo<Peer>>()?;
    Some(info.0.0.ip())
}

pub(super) fn is_trusted(app: &App, address: IpAddr) -> bool {
    app.config.trusted_proxies.iter().any(|net| net.holds(address))
}

/// The address of who asks: what trusted proxies say of it, the last one that is none of theirs.
pub(super) fn address(app: &App, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !is_trusted(app, peer) {
        return peer;
    }
    let said = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|it| it.to_str().ok());
    let said: Vec<IpAddr> = said
        .flat_map(|it| it.split(','))
        .filter_map(|it| it.trim().parse().ok())
        .collect();
    let last = said.into_iter().rev().find(|address| !is_trusted(app, *address));
    last.unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(all: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        all.iter().map(pair).collect()
    }

    #[test]
    fn whatever_a_proxy_adds_shows_that_it_speaks_for_somebody() {
        for name in ["proto", "port", "server", "user", "for", "host", "prefix"] {
            assert!(
                is_forwarded(&headers(&[(&format!("x-forwarded-{name}"), "x")])),
                "{name}"
            );
        }
        for name in ["forwarded", "via", "x-real-ip"] {
            assert!(is_forwarded(&headers(&[(name, "x")])), "{name}");
        }
        assert!(!is_forwarded(&headers(&[
            ("host", "127.0.0.1:8088"),
            ("accept", "x")
        ])));
    }

    #[test]
    fn a_proxy_names_one_person_in_one_header() {
        let name = HeaderName::from_static("x-forwarded-user");
        let of = |values: &[&str]| {
            let mut all = HeaderMap::new();
            for value in values {
                all.append(&name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            named(&all, &name).map(|user| user.map(str::to_owned))
        };
        assert!(of(&[]).unwrap().is_none());
        for user in ["ann", "李明"] {
            assert_eq!(of(&[&format!(" {user} ")]).unwrap().as_deref(), Some(user));
        }
        let long = "x".repeat(300);
        for wrong in [
            &[""][..],
            &["  "],
            &["ann", "admin"],
            &["<b>x"],
            &[&long],
            &["a b"],
        ] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
        let latin = HeaderMap::from_iter([(name.clone(), HeaderValue::from_bytes(b"\xe9").unwrap())]);
        assert!(named(&latin, &name).is_err());
    }

    #[test]
    fn another_page_cannot_send_our_forms() {
        for (all, ours) in [
            (&[("host", "desk:1")][..], true),
            (&[("host", "desk:1"), ("origin", "https://desk:1")], true),
            (&[("host", "desk:1"), ("origin", "https://evil")], false),
            (&[("host", "desk:1"), ("origin", "null")], false),
            (&[("host", "desk:1"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "desk:1"), ("sec-fetch-site", "same-site")], false),
            (&[("host", "desk:1"), ("sec-fetch-site", "same-origin")], true),
        ] {
            assert_eq!(is_of_our_page(&headers(all)), ours, "{all:?}");
        }
    }
}
