//! Signing in at the provider: the way there, and the way back.

use super::{
    App,
    door::{address, is_trusted},
    failure::Failure,
    language,
    peer::Peer,
    question::Question,
    sign_in::{Next, cookie_name, secure, session_cookie, shown, with_cookie},
};
use crate::{
    auth::{identity::Identity, secret},
    oidc::{Provider, Refused, Ticket},
};
use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{Redirect, Response},
};
use openidconnect::RedirectUrl;
use pipeline::cause::chain;
use readmodel::serve::is_local;
use serde::Deserialize;
use std::net::IpAddr;

/// Where the provider sends people back to.
pub(super) const BACK: &str = "/sign-in/oidc/callback";
/// The cookie that ties a sign-in to its browser, as it is called without TLS.
const COOKIE: &str = "desk_sign_in";
/// A longer word of a provider is not shown.
const LONGEST_WORD: usize = 64;

/// How somebody wants to sign in.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
    #[serde(default)]
    other: String,
}

/// What the browser brings back.
#[derive(Debug, Deserialize)]
pub(super) struct Brought {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    error: Option<String>,
    iss: Option<String>,
}

/// Sends the browser to the provider.
pub(super) async fn begin(
    State(app): State<App>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    Question(asked): Question<Asked>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let provider = provider(&app)?;
    let cookie = own_cookie(&headers).map_or_else(secret::random, str::to_owned);
    let next = Next::of(asked.next);
    let back = way_back(&app, provider, peer.ip(), &headers)?;
    let now = jiff::Timestamp::now().as_millisecond();
    // Behind the path stands what somebody has looked for, which is none of the provider's business.
    let place = next.place().split('?').next().unwrap_or("/");
    let begun = provider.begin(&cookie, place, back, !asked.other.is_empty(), now);
    match begun.await {
        Ok(there) => {
            let (name, secure) = (cookie_name(COOKIE, &headers), secure(&headers));
            // A name that says so is for every address.
            let path = if secure.is_empty() { "/sign-in/oidc" } else { "/" };
            let cookie = format!("{name}={cookie}; Path={path}; HttpOnly; SameSite=Lax; Max-Age=600{secure}");
            Ok(with_cookie(Redirect::to(there.as_str()), &cookie))
        }
        Err(refused) => {
            let from = address(&app, peer.ip(), &headers);
            Ok(not_let_in(&app, &headers, next.place(), from, &refused))
        }
    }
}

/// Lets in whom the provider confirms. Each code that is brought back counts as a try, as a password does; an address that
/// any page can make a browser call does not.
pub(super) async fn back(
    State(app): State<App>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    Question(brought): Question<Brought>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let provider = provider(&app)?;
    let from = address(&app, peer.ip(), &headers);
    let back = way_back(&app, provider, peer.ip(), &headers)?;
    let now = jiff::Timestamp::now().as_millisecond();
    let ticket = match begun(provider, &brought, &headers, now) {
        Ok(ticket) => ticket,
        Err(refused) => return Ok(not_let_in(&app, &headers, "/", from, &refused)),
    };
    app.attempts.begin(None, from).map_err(Failure::Wait)?;
    match provider.complete(&ticket, &brought.code, back, now).await {
        Ok(visitor) => {
            let secret = secret::random();
            let who = Identity {
                issuer: provider.issuer(),
                subject: &visitor.subject,
                name: &visitor.name,
                role: visitor.role,
            };
            let user = app.people.welcome(who, &secret, now)?;
            app.attempts.succeeded(None, from);
            tracing::info!(user, %from, subject = visitor.subject, "signed in at the provider");
            let cookie = session_cookie(&secret, &headers, "");
            let next = Next::of(Some(ticket.next));
            Ok(with_cookie(Redirect::to(next.place()), &cookie))
        }
        Err(refused) => {
            if let Refused::NoRole { subject, .. } = &refused {
                app.people.turn_away(provider.issuer(), subject)?;
            }
            Ok(not_let_in(&app, &headers, "/", from, &refused))
        }
    }
}

/// The sign-in that this browser has begun, and of which the provider has sent a code.
fn begun(provider: &Provider, brought: &Brought, headers: &HeaderMap, now: i64) -> Result<Ticket, Refused> {
    // First of all: nothing of what another browser has begun is looked at.
    let ticket = provider.take(own_cookie(headers), &brought.state, now)?;
    if brought.iss.as_deref().is_some_and(|iss| iss != provider.issuer()) {
        return Err(Refused::Untrusted {
            host: provider.host(),
            cause: anyhow::anyhow!("another provider has sent the browser back (iss)"),
        });
    }
    if let Some(word) = &brought.error {
        let is_word = |c: &char| c.is_ascii_alphanumeric() || "_.-".contains(*c);
        return Err(Refused::Declined {
            host: provider.host(),
            code: word.chars().filter(is_word).take(LONGEST_WORD).collect(),
        });
    }
    Ok(ticket)
}

fn provider(app: &App) -> Result<&Provider, Failure> {
    let provider = app.provider.as_ref();
    provider.ok_or_else(|| Failure::nothing(words::kept!("there is no such page")))
}

/// The sign-in page with why it did not work: local people go on there.
fn not_let_in(app: &App, headers: &HeaderMap, next: &str, from: IpAddr, refused: &Refused) -> Response {
    let status = match refused {
        Refused::Away { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Refused::Stale => StatusCode::BAD_REQUEST,
        Refused::Code { .. } | Refused::Untrusted { .. } => StatusCode::UNAUTHORIZED,
        Refused::Declined { .. } | Refused::NoRole { .. } => StatusCode::FORBIDDEN,
    };
    tracing::warn!(
        error = words::english(|| chain(refused)),
        %from,
        "a sign-in at the provider failed"
    );
    shown(app, headers, status, next, || Some(refused.to_string()))
}

/// The browser's own secret, if it has one that is ours.
fn own_cookie(headers: &HeaderMap) -> Option<&str> {
    let is_ours = |cookie: &&str| cookie.len() == 43 && cookie.bytes().all(|byte| byte.is_ascii_graphic());
    language::cookie(headers, &cookie_name(COOKIE, headers)).filter(is_ours)
}

/// The address of the way back: as it is set, else as the browser calls the desk. The provider knows which it takes.
fn way_back(
    app: &App,
    provider: &Provider,
    peer: IpAddr,
    headers: &HeaderMap,
) -> Result<RedirectUrl, Failure> {
    let wrong = || {
        Failure::invalid(
            "host",
            words::kept!("the desk does not know its own address; set DESK_PUBLIC_URL"),
        )
    };
    if let Some(public) = provider.public_url() {
        return Ok(RedirectUrl::from_url(public.join(BACK).map_err(|_| wrong())?));
    }
    let said = |name: &str| {
        let said = is_trusted(app, peer)
            .then(|| headers.get(name)?.to_str().ok())
            .flatten();
        said.and_then(|said| said.split(',').next()).map(str::trim)
    };
    let host = said("x-forwarded-host").or_else(|| headers.get(header::HOST)?.to_str().ok());
    let scheme = match said("x-forwarded-proto") {
        Some("https") => "https",
        Some("http") => "http",
        // Cookies go back over TLS only, unless the browser is on this machine.
        _ if app.config.tls.is_empty() && is_local(headers) => "http",
        _ => "https",
    };
    RedirectUrl::new(format!("{scheme}://{}{BACK}", host.ok_or_else(wrong)?)).map_err(|_| wrong())
}
