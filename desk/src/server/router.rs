//! Which address leads where.

use super::{
    App, assets,
    connections::{self, Times},
    door, headers, oidc, sign_in,
};
use crate::{api, pages};
use axum::{
    Router,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use pipeline::tls::ServerTls;
use tokio::net::TcpListener;

/// Answers until shutdown; with TLS of its own where there is a certificate.
pub(crate) async fn serve(listener: TcpListener, tls: Option<ServerTls>, app: App) {
    let shutdown = app.rt.shutdown.clone();
    connections::serve(listener, tls, router(app), Times::default(), shutdown).await;
}

fn router(app: App) -> Router {
    let old = readmodel::serve::questions(app.keeper.clone()).layer(from_fn(api::operators_only));
    let inside = Router::new()
        .merge(pages::routes())
        .nest("/api/v1", api::routes())
        .route("/sign-out", post(sign_in::leave))
        .fallback(nothing)
        .with_state(app.clone())
        .merge(old)
        .layer(from_fn_with_state(app.clone(), door::admitted));
    Router::new()
        .route("/sign-in", get(sign_in::page).post(sign_in::enter))
        .route("/sign-in/oidc", get(oidc::begin))
        .route(oidc::BACK, get(oidc::back))
        .route("/language", get(sign_in::speak))
        .route("/assets/{file}", get(assets::asset))
        .route("/livez", get(async || "ok\n"))
        .with_state(app.clone())
        .merge(inside)
        .layer(from_fn_with_state(app, headers::outermost))
}

async fn nothing() -> Response {
    let mut response = super::Failure::nothing(words::kept!("there is no such page")).into_response();
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
