//! What the provider answers, path by path.

use super::{CLIENT, Code, SECRET, Shared, keys};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use ring::digest;
use serde_json::{Value, json};
use std::collections::HashMap;
use url::form_urlencoded;

/// How long a token serves, seconds.
const SERVES: i64 = 300;

type Fields = HashMap<String, String>;

impl Shared {
    /// Remembers what was asked, and leads elsewhere if it is told so.
    fn asked(&self, path: &str) -> Result<(), Response> {
        let mut state = self.lock();
        state.asked.push(path.to_owned());
        match &state.faults.redirect {
            Some((from, to)) if *from == path => Err(Redirect::temporary(to).into_response()),
            _ => Ok(()),
        }
    }

    fn issuer(&self) -> String {
        let said = self.lock().faults.issuer.clone();
        said.unwrap_or_else(|| self.url.clone())
    }
}

pub(super) async fn discovery(State(shared): State<Shared>, uri: Uri) -> Result<Response, Response> {
    shared.asked(uri.path())?;
    let url = &shared.url;
    Ok(Json(json!({
        "issuer": shared.issuer(),
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // It says more than the desk takes.
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }))
    .into_response())
}

pub(super) async fn keys(State(shared): State<Shared>, uri: Uri) -> Result<Response, Response> {
    shared.asked(uri.path())?;
    let keys = shared
        .keys
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Json(keys.shown()).into_response())
}

/// Who somebody is, they say themselves.
pub(super) async fn authorize(
    State(shared): State<Shared>,
    uri: Uri,
    Query(asked): Query<Fields>,
) -> Result<Response, Response> {
    shared.asked(uri.path())?;
    let field = |name: &str| asked.get(name).map_or("", String::as_str);
    let is_asked = field("response_type") == "code"
        && field("client_id") == CLIENT
        && field("code_challenge_method") == "S256"
        && field("scope").split(' ').any(|scope| scope == "openid")
        && field("redirect_uri").ends_with("/sign-in/oidc/callback")
        && ["state", "nonce", "code_challenge"]
            .iter()
            .all(|name| field(name).len() >= 43);
    if !is_asked {
        return Err((StatusCode::BAD_REQUEST, format!("{asked:?}")).into_response());
    }
    let query = uri.query().unwrap_or_default();
    let people: Vec<String> = shared.lock().people.keys().cloned().collect();
    let links = people.iter().map(|subject| {
        let query = query.replace('&', "&amp;");
        format!("<p><a id=\"{subject}\" href=\"/as/{subject}?{query}\">{subject}</a></p>")
    });
    let page = format!(
        "<!doctype html><title>Who are you?</title><h1>Who are you?</h1>{}",
        links.collect::<String>()
    );
    Ok(Html(page).into_response())
}

pub(super) async fn signed_in(
    State(shared): State<Shared>,
    Path(subject): Path<String>,
    Query(asked): Query<Fields>,
) -> Result<Response, Response> {
    shared.asked("/as")?;
    let field = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let code = uuid::Uuid::new_v4().to_string();
    let back = field("redirect_uri");
    let given = Code {
        subject,
        nonce: field("nonce"),
        challenge: field("code_challenge"),
        back: back.clone(),
    };
    shared.lock().codes.insert(code.clone(), given);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", &field("state"))
        .finish();
    Ok(Redirect::to(&format!("{back}?{query}")).into_response())
}

pub(super) async fn token(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    shared.asked(uri.path())?;
    let fields: Fields = form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    if !is_the_desk(&headers) {
        return Err(refused("invalid_client"));
    }
    let mut state = shared.lock();
    let code = match state.faults.codes_again {
        true => state.codes.get(field("code")).map(|code| Code {
            subject: code.subject.clone(),
            nonce: code.nonce.clone(),
            challenge: code.challenge.clone(),
            back: code.back.clone(),
        }),
        false => state.codes.remove(field("code")),
    };
    let digest = digest::digest(&digest::SHA256, field("code_verifier").as_bytes());
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest);
    let code = code.filter(|code| code.challenge == challenge && code.back == field("redirect_uri"));
    let Some(code) = code.filter(|_| field("grant_type") == "authorization_code") else {
        return Err(refused("invalid_grant"));
    };
    let access = uuid::Uuid::new_v4().to_string();
    state.tokens.insert(access.clone(), code.subject.clone());
    let now = jiff::Timestamp::now().as_second();
    let mut claims = state.people.get(&code.subject).cloned().unwrap_or_default();
    claims.retain(|name, _| !state.thin.contains(name));
    let standard = [
        ("iss", Value::from(shared.url.clone())),
        ("sub", code.subject.into()),
        ("aud", CLIENT.into()),
        ("iat", now.into()),
        ("exp", (now + SERVES).into()),
        ("nonce", code.nonce.into()),
    ];
    claims.extend(standard.map(|(name, value)| (name.to_owned(), value)));
    if let Some(change) = &state.faults.claims {
        change(&mut claims);
    }
    let (claims, keys) = (Value::Object(claims), shared.keys.lock());
    let keys = keys.unwrap_or_else(std::sync::PoisonError::into_inner);
    let token = match &state.faults {
        faults if faults.unsigned => Ok(keys::unsigned(&claims)),
        faults if faults.by_secret => Ok(keys::by_secret(SECRET, &claims)),
        faults if faults.foreign_key => keys.forged(&claims),
        _ => keys.signed(&claims),
    };
    let token =
        token.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response())?;
    Ok(
        Json(
            json!({"access_token": access, "token_type": "Bearer", "expires_in": SERVES, "id_token": token}),
        )
        .into_response(),
    )
}

pub(super) async fn userinfo(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Response> {
    shared.asked(uri.path())?;
    let state = shared.lock();
    let token = text(&headers).and_then(|it| it.strip_prefix("Bearer "));
    let Some(subject) = token.and_then(|token| state.tokens.get(token)) else {
        return Err(StatusCode::UNAUTHORIZED.into_response());
    };
    let mut claims = state.people.get(subject).cloned().unwrap_or_default();
    let subject = if state.faults.other_subject {
        "somebody-else"
    } else {
        subject
    };
    claims.insert("sub".to_owned(), subject.into());
    Ok(Json(Value::Object(claims)).into_response())
}

fn text(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

/// Name and secret stand in the header, each escaped.
fn is_the_desk(headers: &HeaderMap) -> bool {
    let escaped = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = BASE64_STANDARD.encode(format!("{}:{}", escaped(CLIENT), escaped(SECRET)));
    text(headers).and_then(|it| it.strip_prefix("Basic ")) == Some(&expected)
}
