//! OAuth2 tokens: issuing, expiry, revocation, scopes (docs/okki-api.md §2).

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::simulator::call::Call;
use crate::simulator::dice::Dice;
use crate::simulator::reply::Reply;
use crate::simulator::settings::OkkiSettings;
use crate::simulator::state::{State, lock};

/// Tokens handed out.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    issued: HashMap<String, Grant>,
    /// End of the current session; asking again inside it does not prolong it.
    session_end: i64,
    count: u64,
}

#[derive(Debug)]
struct Grant {
    expires: i64,
    scopes: Vec<String>,
}

impl Tokens {
    /// Makes every token invalid, as the vendor may do at any time.
    pub(crate) fn revoke_all(&mut self) -> usize {
        self.session_end = 0;
        let count = self.issued.len();
        self.issued.clear();
        count
    }
}

/// Bare OAuth2 error, HTTP 400.
pub(super) fn refuse(error: &str, description: &str) -> Reply {
    let body = json!({"error": error, "error_description": description, "message": description});
    Reply::json(400, &body).with_code(400)
}

pub(super) fn issue(state: &State, settings: &OkkiSettings, call: &Call) -> Reply {
    let Some(fields) = fields(call) else {
        return refuse(
            "invalid_request",
            "The request is missing a required parameter or is malformed.",
        );
    };
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    match field("grant_type") {
        "" => return refuse("invalid_request", "grant_type is missing"),
        "client_credentials" => {}
        "password" if !field("username").is_empty() && !field("password").is_empty() => {}
        "password" => return refuse("invalid_credentials", "The user credentials were incorrect."),
        _ => return refuse("unsupported_grant_type", "The grant type is not supported."),
    }
    if field("client_id") != settings.client_id || field("client_secret") != settings.client_secret {
        return refuse("invalid_client", "Client authentication failed");
    }
    if field("scope").is_empty() {
        return refuse("invalid_request", "scope is missing");
    }
    let asked: Vec<&str> = field("scope").split_whitespace().collect();
    if let Some(unknown) = asked
        .iter()
        .find(|scope| !settings.scopes.iter().any(|known| known == *scope))
    {
        return refuse(
            "invalid_scope",
            &format!("The requested scope {unknown} is invalid"),
        );
    }
    let now = state.clock.now();
    let mut tokens = lock(&state.tokens);
    if tokens.session_end <= now {
        tokens.session_end = now + settings.token_lifetime_s;
    }
    tokens.count += 1;
    let mut dice = Dice::new(&[tokens.count, state.clock.now_ms() as u64]);
    let token = format!("eyJ{:016x}{:016x}", dice.next(), dice.next());
    let expires = tokens.session_end;
    tokens.issued.retain(|_, grant| grant.expires > now);
    tokens.issued.insert(
        token.clone(),
        Grant {
            expires,
            scopes: asked.iter().map(|scope| (*scope).to_owned()).collect(),
        },
    );
    let mut answer = json!({"token_type": "Bearer", "access_token": token});
    if settings.show_expires_in {
        answer["expires_in"] = (expires - now).into();
    }
    if settings.enveloped_token {
        answer = json!({"code": 200, "message": "success", "data": answer});
    }
    Reply::json(200, &answer)
}

/// Whether the call carries a token that is good for such calls; `Bearer` and the bare form both count.
pub(super) fn check(state: &State, call: &Call, scope: &str) -> Result<(), &'static str> {
    let header = call.authorization().unwrap_or_default();
    let token = header.strip_prefix("Bearer ").unwrap_or(header).trim();
    let tokens = lock(&state.tokens);
    match tokens.issued.get(token) {
        Some(grant) if grant.expires <= state.clock.now() => Err("The access token has expired"),
        Some(grant) if !grant.scopes.iter().any(|known| known == scope) => Err(match scope {
            "company" => "no permission company scopes",
            _ => "no permission webhook scopes",
        }),
        Some(_) => Ok(()),
        None => Err("The resource owner or authorization server denied the request."),
    }
}

fn fields(call: &Call) -> Option<HashMap<String, String>> {
    if call.is_form() {
        return Some(url::form_urlencoded::parse(&call.body).into_owned().collect());
    }
    let Ok(Value::Object(body)) = serde_json::from_slice(&call.body) else {
        return None;
    };
    let text = |(name, value): (String, Value)| value.as_str().map(|value| (name, value.to_owned()));
    Some(body.into_iter().filter_map(text).collect())
}
