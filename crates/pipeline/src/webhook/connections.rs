//! One connection: its calls one after the other, for a while.

use super::{door::Door, receiver::Receiver};
use crate::{shutdown::Shutdown, tls::ServerTls};
use axum::{body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

/// A connection lives this long; whoever calls on opens another one.
const LIFE: Duration = Duration::from_secs(60);
/// Heads are small.
const BUFFER: usize = 16 * 1024;

/// Serves the calls of one connection.
pub(super) struct Connections<R> {
    pub(super) door: Door<R>,
    pub(super) tls: Option<ServerTls>,
    /// For a handshake, a head, and a call.
    pub(super) time: Duration,
    pub(super) shutdown: Shutdown,
}

impl<R: Receiver> Connections<R> {
    pub(super) async fn attend(self: Arc<Self>, stream: TcpStream) {
        let Some(tls) = &self.tls else {
            return self.speak(stream).await;
        };
        match timeout(self.time, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "webhook caller without TLS"),
            Err(_) => tracing::debug!("webhook caller without a word"),
        }
    }

    async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        let service = service_fn(async |request: Request<Incoming>| {
            Ok::<_, Infallible>(self.door.answer(request.map(Body::new)).await)
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.time)
            .max_buf_size(BUFFER);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = self.shutdown.requested() => None,
            () = tokio::time::sleep(LIFE) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                // The call that is under way is finished, and no other one is taken.
                connection.as_mut().graceful_shutdown();
                timeout(self.time, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "webhook connection broke");
        }
    }
}
