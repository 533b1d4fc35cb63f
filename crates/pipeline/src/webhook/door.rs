//! One call: is it for us, is it within the limits, and what does the receiver say?

use super::{
    config::{Limits, WebhookConfig},
    rate::Rate,
    receiver::{Push, Receiver, Verdict},
    secret::{is_same, token_of},
};
use crate::{setting::Secret, telemetry::names};
use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};

/// Bytes beyond the limit that are read and thrown away.
const SKIPPED: usize = 256 * 1024;
/// The same of calls that are not heard at all, for so long.
const UNHEARD: Duration = Duration::from_secs(1);

/// What became of the calls so far.
#[derive(Debug, Default)]
pub(super) struct Counts([AtomicU64; Verdict::ALL.len()]);

impl Counts {
    pub(super) fn count(&self, verdict: Verdict) {
        self.0[verdict as usize].fetch_add(1, Ordering::Relaxed);
        metrics::counter!(names::WEBHOOK_CALLS, "result" => verdict.name()).increment(1);
    }

    pub(super) fn read(&self) -> serde_json::Value {
        let read = |verdict: Verdict| json!(self.0[verdict as usize].load(Ordering::Relaxed));
        Verdict::ALL
            .into_iter()
            .map(|verdict| (verdict.name().to_owned(), read(verdict)))
            .collect()
    }
}

/// What is seen of a call before its body.
enum Entry {
    Heard,
    /// It only asks whether the path is right.
    Shown,
    Refused(Verdict, StatusCode),
}

/// What every call passes.
pub(super) struct Door<R> {
    receiver: Arc<R>,
    token: Secret,
    limits: Limits,
    rate: Rate,
    calls: Semaphore,
    pub(super) counts: Arc<Counts>,
}

impl<R: Receiver> Door<R> {
    pub(super) fn new(config: &WebhookConfig, receiver: Arc<R>, counts: Arc<Counts>) -> Self {
        Self {
            receiver,
            token: config.token.clone(),
            limits: config.limits,
            rate: Rate::new(config.limits.rate),
            calls: Semaphore::new(config.limits.calls),
            counts,
        }
    }

    pub(super) async fn answer(&self, request: Request<Body>) -> Response {
        match self.examine(&request) {
            Entry::Heard => {}
            Entry::Shown => return "ok\n".into_response(),
            Entry::Refused(verdict, status) => return self.refuse(request, verdict, status).await,
        }
        let Ok(_call) = self.calls.try_acquire() else {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return self.refuse(request, Verdict::Busy, status).await;
        };
        let until = Instant::now() + self.limits.time;
        let (head, body) = request.into_parts();
        let body = match timeout_at(until, read(body, self.limits.body)).await {
            Ok(Some(body)) => body,
            // Or the connection broke, and nobody is answered any more.
            Ok(None) => return self.end(Verdict::Malformed, StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return self.end(Verdict::Malformed, StatusCode::REQUEST_TIMEOUT),
        };
        let push = Push {
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body,
        };
        match timeout_at(until, self.receiver.answer(push)).await {
            Ok((verdict, None)) => self.end(verdict, verdict.status()),
            Ok((verdict, Some(json))) => {
                let mut response = self.end(verdict, verdict.status());
                *response.body_mut() = json.into();
                let kind = HeaderValue::from_static("application/json");
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                response.headers_mut().remove(header::CONTENT_LENGTH);
                response
            }
            Err(_) => self.end(Verdict::Failed, Verdict::Failed.status()),
        }
    }

    fn examine(&self, request: &Request<Body>) -> Entry {
        let token = token_of(request.uri().path()).unwrap_or_default();
        if !is_same(token.as_bytes(), self.token.current().expose().as_bytes()) {
            return Entry::Refused(Verdict::Forged, StatusCode::NOT_FOUND);
        }
        match *request.method() {
            Method::POST if self.rate.take() => Entry::Heard,
            Method::POST => Entry::Refused(Verdict::Busy, Verdict::Busy.status()),
            // Whoever sets it up can see that the path is right.
            Method::GET | Method::HEAD => Entry::Shown,
            _ => Entry::Refused(Verdict::Malformed, StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// Reads what is not heard, for a moment: closed before, the connection would be reset and the answer lost.
    async fn refuse(&self, request: Request<Body>, verdict: Verdict, status: StatusCode) -> Response {
        drop(timeout(UNHEARD, read(request.into_body(), 0)).await);
        self.end(verdict, status)
    }

    fn end(&self, verdict: Verdict, status: StatusCode) -> Response {
        self.counts.count(verdict);
        tracing::debug!(result = verdict.name(), status = status.as_u16(), "webhook call");
        let mut response = (status, verdict.name()).into_response();
        let headers = response.headers_mut();
        match verdict {
            Verdict::Accepted => {}
            Verdict::Busy | Verdict::Failed => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            // Whoever has nothing to say shall not keep a connection.
            Verdict::Forged | Verdict::Malformed => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
        }
        response
    }
}

/// The body; `None` when it is larger, or breaks off. What is larger is read to its end as well, up to a limit of its own.
async fn read(body: Body, limit: usize) -> Option<Bytes> {
    let (mut stream, mut taken, mut total) = (body.into_data_stream(), BytesMut::new(), 0_usize);
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.ok()?;
        total = total.saturating_add(bytes.len());
        if total > limit.saturating_add(SKIPPED) {
            return None;
        }
        if total <= limit {
            taken.extend_from_slice(&bytes);
        }
    }
    (total <= limit).then(|| taken.freeze())
}
