//! The read model's answers over HTTP, as JSON, to who runs on the same machine or has the token.

mod answers;
mod asked;
mod door;

pub use door::is_local;

use crate::keep::{Keeper, State};
use axum::{Router, middleware, routing};
use pipeline::{service::Runtime, setting::Secret};
use std::{io, sync::Arc};
use tokio::{net::TcpListener, sync::Semaphore};

/// Looks into the file at a time.
const LOOKS: usize = 3;

/// What the answers are made of.
#[derive(Clone)]
pub(crate) struct App {
    keeper: Keeper,
    state: Arc<State>,
    token: Option<Secret>,
    looks: Arc<Semaphore>,
}

/// Answers until shutdown.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, keeper: Keeper, token: Option<Secret>) -> io::Result<()> {
    let rt: Runtime = keeper.rt.clone();
    let app = App::new(keeper, token);
    let router = asked_for(app.clone())
        .fallback(asked::unknown)
        .method_not_allowed_fallback(asked::not_allowed)
        .layer(middleware::from_fn_with_state(app, door::admitted))
        .route("/livez", routing::get(async || "ok\n"))
        .method_not_allowed_fallback(asked::not_allowed);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { rt.shutdown.requested().await })
        .await
}

/// The questions under `/v1`, for who lets people in by himself.
pub fn questions(keeper: Keeper) -> Router {
    asked_for(App::new(keeper, None))
}

fn asked_for(app: App) -> Router {
    Router::new()
        .route("/v1/status", routing::get(answers::status))
        .route("/v1/letters", routing::get(answers::letters))
        .route("/v1/letter", routing::get(answers::letter))
        .route("/v1/groups", routing::get(answers::groups))
        .route("/v1/customers", routing::get(answers::customers))
        .route("/v1/customer", routing::get(answers::customer))
        .route("/v1/audit", routing::get(answers::audit))
        .route("/v1/runs", routing::get(answers::runs))
        .route("/v1/minutes", routing::get(answers::minutes))
        .route("/v1/moves", routing::get(answers::moves))
        .route("/v1/moved", routing::get(answers::moved))
        .with_state(app)
}

impl App {
    fn new(keeper: Keeper, token: Option<Secret>) -> Self {
        Self {
            state: keeper.state(),
            keeper,
            token,
            looks: Arc::new(Semaphore::new(LOOKS)),
        }
    }
}
