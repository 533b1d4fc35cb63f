//! One call: is it for us, is it within the limits, and what does the receiver say?

use super::{
    config::{Limits, WebhookConfig},
    rate::Rate,
    receiver::{Push, Receiver, Verdict},
    secret::{is_same, token_of},
};
use crate::{setting::Secret, telemetry::names};
use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, Method, Request, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

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
        let token = token_of(request.uri().path()).unwrap_or_default();
        if !is_same(token.as_bytes(), self.token.current().expose().as_bytes()) {
            return self.end(Verdict::Forged, StatusCode::NOT_FOUND);
        }
        match *request.method() {
            Method::POST => {}
            // Whoever sets it up can see that the path is right.
            Method::GET | Method::HEAD => return "ok\n".into_response(),
            _ => return self.end(Verdict::Malformed, StatusCode::METHOD_NOT_ALLOWED),
        }
        if !self.rate.take() {
            return self.end(Verdict::Busy, Verdict::Busy.status());
        }
        let Ok(_call) = self.calls.try_acquire() else {
            return self.end(Verdict::Busy, StatusCode::SERVICE_UNAVAILABLE);
        };
        let until = Instant::now() + self.limits.time;
        let (head, body) = request.into_parts();
        if length(&head).is_some_and(|length| length > self.limits.body) {
            return self.end(Verdict::Malformed, StatusCode::PAYLOAD_TOO_LARGE);
        }
        let body = match timeout_at(until, to_bytes(body, self.limits.body)).await {
            Ok(Ok(body)) => body,
            // Larger than it said, or the connection broke, which nobody is answered any more.
            Ok(Err(_)) => return self.end(Verdict::Malformed, StatusCode::PAYLOAD_TOO_LARGE),
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

fn length(head: &Parts) -> Option<usize> {
    head.headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
