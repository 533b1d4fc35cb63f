//! Who is let in: whoever has the token, or without one whoever calls the loopback by its name.

use super::{App, asked::failed};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::Response,
};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

pub(super) async fn admitted(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let (admitted, problem) = match &app.token {
        Some(token) => (
            has(headers, token.current().expose()),
            (
                StatusCode::UNAUTHORIZED,
                "the bearer token DESK_TOKEN is missing or wrong",
            ),
        ),
        // A page of the web can make a browser call here under a name of its own.
        None => (
            is_local(headers),
            (
                StatusCode::FORBIDDEN,
                "without DESK_TOKEN it answers to localhost only",
            ),
        ),
    };
    match admitted {
        true => next.run(request).await,
        false => failed(problem.0, problem.1),
    }
}

/// Compared by digests, whose first difference says nothing about the token's.
fn has(headers: &HeaderMap, token: &str) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    given.is_some_and(|given| Sha256::digest(given) == Sha256::digest(token))
}

/// Whether whoever calls names this machine by one of its own names: a page of the web can make a browser call here under a
/// name of its own.
#[must_use]
pub fn is_local(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(six) => six.split(']').next(),
        None => host.split(':').next(),
    };
    let name = name.unwrap_or_default();
    match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, header::HeaderValue::from_static(value))])
    }

    #[test]
    fn only_the_loopback_by_its_name_needs_no_token() {
        for (host, is) in [
            ("127.0.0.1:7000", true),
            ("localhost", true),
            ("LOCALHOST.:80", true),
            ("127.0.0.2", true),
            ("[::1]:7000", true),
            ("evil.example:7000", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_local(&headers(header::HOST, host)), is, "{host}");
        }
    }

    #[test]
    fn a_token_is_whole() {
        let given = |value| has(&headers(header::AUTHORIZATION, value), "hunter2");
        assert!(given("Bearer hunter2"));
        assert!(!given("Bearer hunter") && !given("hunter2") && !given("Bearer "));
    }
}
