//! The token call: the one answer that comes without an envelope, or sometimes with one (docs/okki-api.md §2).

use super::{Client, exchange::Raw};
use crate::okki::{
    decode::Members,
    envelope,
    error::{Error, Outage},
    time,
    token::{Fetch, Token, can_be_sent},
};
use pipeline::quota::Lane;
use reqwest::header::CONTENT_TYPE;
use std::time::Duration;

/// The vendor's token life when it names none.
const TOKEN_LIFE_S: i64 = 28_800;

impl Fetch for Client {
    async fn fetch(&self) -> Result<Token, Error> {
        let secret = self.options.client_secret.current();
        let body = serde_json::json!({
            "grant_type": "client_credentials",
            "client_id": self.options.client_id,
            "client_secret": secret.expose(),
            "scope": self.scope,
        });
        let request = self.http.post(self.url("/v1/oauth2/access_token")?);
        let request = request.header(CONTENT_TYPE, "application/json");
        let before = time::now_ms();
        let raw = self
            .exchange(Lane::Live, "token", request, body.to_string().into())
            .await?;
        let lifts = raw.lifts();
        let Raw {
            status,
            retry_after,
            body,
            ..
        } = raw;
        // A server that shows what it was asked shows the secret.
        let token =
            read(status, retry_after, &body, before).map_err(|error| error.without(secret.expose()))?;
        self.answered(lifts).await?;
        Ok(token)
    }
}

/// The token in an answer to a request that was sent at `before`, unix milliseconds.
pub(in crate::okki) fn read(
    status: u16,
    retry_after: Option<Duration>,
    body: &[u8],
    before: i64,
) -> Result<Token, Error> {
    match granted(body) {
        Some((token, life)) if (200..300).contains(&status) => {
            let life = life.filter(|life| *life > 0).unwrap_or(TOKEN_LIFE_S);
            Ok(Token::new(token, before, life.saturating_mul(1_000)))
        }
        _ => Err(token_refusal(status, retry_after, body)),
    }
}

/// The token and its life in seconds, bare or in an envelope.
fn granted(body: &[u8]) -> Option<(String, Option<i64>)> {
    let answer = Members::read(body).ok()?;
    let inner = answer.raw("data");
    let inner = inner.and_then(|data| Members::read(data.get().as_bytes()).ok());
    [inner, Some(answer)].into_iter().flatten().find_map(|members| {
        let token = members.text("access_token")?;
        let token = token.trim();
        // Another one could not be sent, and would be kept until it expires.
        can_be_sent(token).then(|| (token.to_owned(), members.integer("expires_in")))
    })
}

/// Refusals of a token call that are known to be about the credentials, or about what is asked with them.
const REFUSALS: [&str; 6] = [
    "invalid_client",
    "invalid_credentials",
    "invalid_grant",
    "invalid_request",
    "unauthorized_client",
    "unsupported_grant_type",
];

/// A token call knows more reasons than others; what it does not know is no more final than elsewhere.
fn token_refusal(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Error {
    match envelope::read(status, retry_after, body) {
        Err(
            Error::Outage(Outage::Unknown { code, message, .. })
            | Error::Business { code, message }
            | Error::Auth { code, message },
        ) => match code.as_str() {
            "invalid_scope" => Error::Permission { code, message },
            code_known if REFUSALS.contains(&code_known) || is_denied(code_known) => {
                Error::Auth { code, message }
            }
            _ => Outage::Unknown {
                code,
                message,
                retry_after,
            }
            .into(),
        },
        Err(Error::NotFound { message }) => Error::Auth {
            code: "404".to_owned(),
            message,
        },
        Err(Error::Shape(_)) | Ok(_) => Error::Shape(words::tr!(
            "token: no `access_token` in the answer that could be sent in a header"
        )),
        Err(error) => error,
    }
}

fn is_denied(code: &str) -> bool {
    matches!(code, "400" | "401" | "access_denied" | "invalid_token")
}
