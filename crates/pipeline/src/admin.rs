//! The admin port: `/livez`, `/readyz`, `/metrics`, `/status`.
//!
//! Bound before anything else happens, so that a service that waits for its broker can already be asked why.
//! Live means that the runtime turns; an outage of others never makes a process unlive, it only makes it not ready.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::gate::Gate;
use crate::shutdown::Shutdown;
use crate::telemetry::Metrics;

/// How often histogram samples are folded.
const UPKEEP: Duration = Duration::from_secs(5);

/// What `/status` shows: each part sets its own key whenever it has news. Clones share one board.
#[derive(Clone, Default)]
pub struct StatusBoard {
    parts: Arc<Mutex<BTreeMap<&'static str, Part>>>,
}

/// Says something at the moment at which it is asked.
type Part = Arc<dyn Fn() -> Value + Send + Sync>;

impl StatusBoard {
    /// Replaces what stands under `key`. No secrets, no personal data.
    pub fn set(&self, key: &'static str, value: Value) {
        self.compute(key, move || value.clone());
    }

    /// The same for what changes while nothing happens: an age is computed when it is asked for, or it would stand
    /// still as long as its part does.
    pub fn compute(&self, key: &'static str, part: impl Fn() -> Value + Send + Sync + 'static) {
        self.lock().insert(key, Arc::new(part));
    }

    /// Everything at this moment, as one object.
    pub fn snapshot(&self) -> Value {
        // A part may take its time, or set another one.
        let parts = self.lock().clone();
        parts
            .into_iter()
            .map(|(key, part)| (key.to_owned(), part()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The port cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{}", words::tr!("cannot listen on ADMIN_LISTEN {addr}"))]
pub struct Error {
    addr: SocketAddr,
    source: std::io::Error,
}

/// A bound admin port that does not answer yet.
pub struct Admin {
    listener: TcpListener,
    addr: SocketAddr,
}

/// What the answers are made of.
#[derive(Clone)]
pub struct Facts {
    /// Decides about readiness.
    pub gate: Gate,
    /// A draining process is not ready.
    pub shutdown: Shutdown,
    /// Shown by `/status`.
    pub status: StatusBoard,
    /// Shown by `/metrics`.
    pub metrics: Metrics,
}

impl Admin {
    /// Binds and says where.
    pub async fn bind(addr: SocketAddr) -> Result<Self, Error> {
        let refused = |source| Error { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        tracing::info!(%addr, "admin listening");
        Ok(Self { listener, addr })
    }

    /// The address in use, with the port that was chosen.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until the process ends: a draining service can still be asked how far it is.
    pub fn serve(self, facts: Facts) {
        let metrics = facts.metrics.clone();
        tokio::spawn(async move {
            if let Err(error) = axum::serve(self.listener, router(facts)).await {
                tracing::error!(%error, "admin port stopped");
            }
        });
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                metrics.upkeep();
            }
        });
    }
}

fn router(facts: Facts) -> Router {
    Router::new()
        .route("/livez", routing::get(async || "ok\n"))
        .route("/readyz", routing::get(readyz))
        .route("/metrics", routing::get(metrics))
        .route("/status", routing::get(status))
        .with_state(facts)
}

async fn readyz(State(facts): State<Facts>) -> Response {
    let draining = facts.shutdown.is_requested();
    // A pause that is being tried out stands until the trial has succeeded.
    let paused = facts.gate.pauses();
    let ready = paused.is_empty() && !draining;
    let code = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({ "ready": ready, "draining": draining, "paused": paused });
    (code, Json(body)).into_response()
}

async fn metrics(State(facts): State<Facts>) -> Response {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        facts.metrics.render(),
    )
        .into_response()
}

async fn status(State(facts): State<Facts>) -> Json<Value> {
    let mut status = facts.status.snapshot();
    status["draining"] = facts.shutdown.is_requested().into();
    status["paused"] = json!(facts.gate.pauses());
    Json(status)
}
