//! The HTTP side: one listener, one dispatcher by path, and connections that can be reset on purpose.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::http::{Request, Response};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::call::{Call, serve_vendor};
use super::control;
use super::faults::Vendor;
use super::reply::{Ending, Reply};
use super::state::State;

/// Larger request bodies are refused.
const MAX_BODY: usize = 64 << 20;

/// Accepts connections whose handlers may break them.
struct Door(TcpListener);

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        // answers are small; without this a delayed ACK costs 40 ms
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        (
            Connection {
                stream,
                broken: Broken::default(),
            },
            from,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(&self.0)
    }
}

/// Set by a handler that wants its connection reset: the next write fails and the socket closes with RST.
#[derive(Clone, Debug, Default)]
struct Broken(Arc<AtomicBool>);

impl Connected<IncomingStream<'_, Door>> for Broken {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().broken.clone()
    }
}

struct Connection {
    stream: TcpStream,
    broken: Broken,
}

impl Connection {
    fn check(&self) -> io::Result<()> {
        if self.broken.0.load(Ordering::Acquire) {
            self.stream.set_zero_linger()?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Serves until `state.stop`; requests in flight get a moment to end, hanging ones are reset.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>) -> io::Result<()> {
    let shared = state.clone();
    let router = Router::new().fallback(move |request: Request<Body>| dispatch(shared.clone(), request));
    let service = router.into_make_service_with_connect_info::<Broken>();
    let stop = state.stop.clone();
    let server = axum::serve(Door(listener), service).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        result = async { server.await } => result,
        () = async { stop.cancelled().await; tokio::time::sleep(Duration::from_secs(2)).await } => Ok(()),
    }
}

async fn dispatch(state: Arc<State>, request: Request<Body>) -> Response<Body> {
    // A vendor counts a call when it comes, not when the last byte of a large body has been read.
    let arrived = Instant::now();
    let broken = request
        .extensions()
        .get::<ConnectInfo<Broken>>()
        .map(|info| info.0.clone());
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return Reply::gateway(413).into_response();
    };
    let call = Call::new(parts, body);
    let path = call.path().to_owned();
    let ending = if path.starts_with("/sim") {
        Ending::Answer(control::serve(&state, &call).await)
    } else if path.starts_with("/api/") {
        serve_vendor(&state, Vendor::Jdy, call, arrived).await
    } else {
        serve_vendor(&state, Vendor::Okki, call, arrived).await
    };
    if let Ending::Answer(reply) = ending {
        return reply.into_response();
    }
    if let Some(broken) = broken {
        broken.0.store(true, Ordering::Release);
    }
    Reply::gateway(500).into_response()
}
