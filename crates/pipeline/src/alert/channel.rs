//! What each kind of receiver takes: body, signature, and what its answer means.

use super::{
    config::{AlertKind, Receiver},
    problem::{Origin, Problem},
    refusal,
};
use crate::http::{Client, read_capped};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

/// An answer is a code and a sentence.
const ANSWER_LIMIT: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);

/// One thing to notify people of.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    pub(super) problem: Problem,
    pub(super) news: News,
    pub(super) since_ms: i64,
    pub(super) now_ms: i64,
}

/// What a notice says of its problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It stands.
    Stands,
    /// It is over.
    Over,
    /// There is none; somebody tries whether notices arrive.
    Test,
}

/// Why a notice did not arrive. The URL is left out, for it holds a token.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{}", words::tr!("the receiver did not answer; is ALERT_URL right, and may this machine connect to it?"))]
    Http(#[source] reqwest::Error),
    #[error("{}", words::tr!("the receiver answered {0}"))]
    Refused(String),
    #[error("{}", words::tr!("the webhook's address is not a URL"))]
    Address,
}

/// A request as it will be sent.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    url: Url,
    body: Value,
    signature: Option<String>,
}

/// Sends notices to one receiver.
pub(super) struct Channel {
    receiver: Receiver,
    client: Client,
}

impl Channel {
    pub(super) fn new(receiver: Receiver, client: Client) -> Self {
        Self { receiver, client }
    }

    pub(super) async fn send(&self, notice: &Notice, origin: &Origin) -> Result<(), Error> {
        let Request { url, body, signature } = request(&self.receiver, notice, origin)?;
        let mut request = self.client.post(url).timeout(TIMEOUT).json(&body);
        if let Some(signature) = signature {
            request = request.header("x-okki-signature", signature);
        }
        let http = |error: reqwest::Error| Error::Http(error.without_url());
        let response = request.send().await.map_err(http)?;
        let status = response.status();
        let answer = read_capped(response, ANSWER_LIMIT).await.unwrap_or_default();
        if !status.is_success() {
            return Err(Error::Refused(refusal::of_status(
                self.receiver.kind,
                status.as_u16(),
            )));
        }
        refusal::of(self.receiver.kind, &answer).map_or(Ok(()), |refusal| Err(Error::Refused(refusal)))
    }

    /// Whether the receiver's host answers at all, without sending anything.
    pub(super) async fn reach(&self) -> Result<(), Error> {
        let mut url = Url::parse(self.receiver.url.current().expose()).map_err(|_| Error::Address)?;
        url.set_path("");
        url.set_query(None);
        let asked = self.client.get(url).timeout(TIMEOUT).send().await;
        asked.map(drop).map_err(|error| Error::Http(error.without_url()))
    }
}

/// In the language of the receiver, whatever the process speaks.
pub(super) fn request(receiver: &Receiver, notice: &Notice, origin: &Origin) -> Result<Request, Error> {
    words::scoped(receiver.language, || written(receiver, notice, origin))
}

fn written(receiver: &Receiver, notice: &Notice, origin: &Origin) -> Result<Request, Error> {
    let mut url = Url::parse(receiver.url.current().expose()).map_err(|_| Error::Address)?;
    let secret = receiver.secret.as_ref().map(crate::setting::Secret::current);
    let secret = secret.as_ref().map(crate::setting::Secret::expose);
    let mut signature = None;
    let title = title(notice, origin);
    let body = match receiver.kind {
        AlertKind::Generic => {
            let body = generic(notice, origin);
            signature =
                secret.map(|secret| format!("sha256={}", hex(&sign(secret, body.to_string().as_bytes()))));
            body
        }
        AlertKind::Dingtalk => {
            if let Some(secret) = secret {
                let sign = STANDARD.encode(sign(secret, format!("{}\n{secret}", notice.now_ms).as_bytes()));
                url.query_pairs_mut()
                    .append_pair("timestamp", &notice.now_ms.to_string())
                    .append_pair("sign", &sign);
            }
            json!({ "msgtype": "markdown", "markdown": { "title": title, "text": text(notice, origin, "\n\n") } })
        }
        AlertKind::Wecom => {
            json!({ "msgtype": "markdown", "markdown": { "content": text(notice, origin, "\n") } })
        }
        AlertKind::Feishu => {
            let mut body = json!({ "msg_type": "text", "content": { "text": text(notice, origin, "\n") } });
            if let Some(secret) = secret {
                let seconds = (notice.now_ms / 1000).to_string();
                // Their rule: the text to be signed is the key, and nothing is signed with it.
                body["sign"] = STANDARD.encode(sign(&format!("{seconds}\n{secret}"), b"")).into();
                body["timestamp"] = seconds.into();
            }
            body
        }
    };
    Ok(Request { url, body, signature })
}

fn generic(notice: &Notice, origin: &Origin) -> Value {
    let time = |ms| {
        jiff::Timestamp::from_millisecond(ms)
            .map(|at| at.to_string())
            .unwrap_or_default()
    };
    json!({
        "status": if notice.news == News::Over { "resolved" } else { "firing" },
        "problem": notice.problem.key,
        "severity": notice.problem.severity,
        "summary": words::retold(&notice.problem.summary),
        "detail": words::retold(&notice.problem.detail),
        "namespace": origin.namespace,
        "service": origin.service,
        "instance": origin.instance,
        "since": time(notice.since_ms),
        "at": time(notice.now_ms),
    })
}

fn title(notice: &Notice, origin: &Origin) -> String {
    let sign = match notice.news {
        News::Over => words::text!("✓ over"),
        News::Stands => "✗",
        News::Test => "✉",
    };
    words::of(
        format_args!("[{}] {sign} {}", origin.namespace, origin.service),
        words::retold(&notice.problem.summary),
    )
}

fn text(notice: &Notice, origin: &Origin, gap: &str) -> String {
    let minutes = (notice.now_ms - notice.since_ms).max(0) / 60_000;
    let mut lines = vec![title(notice, origin)];
    match notice.news {
        News::Over => lines.push(words::tr!("lasted {minutes} min")),
        News::Stands => {
            lines.push(words::retold(&notice.problem.detail));
            lines.push(words::tr!("on {}, for {minutes} min", origin.instance));
        }
        News::Test => {
            lines.push(words::retold(&notice.problem.detail));
            lines.push(words::tr!("sent from {}", origin.instance));
        }
    }
    lines.join(gap)
}

fn sign(key: &str, message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), message)
        .as_ref()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "channel_tests.rs"]
mod tests;
