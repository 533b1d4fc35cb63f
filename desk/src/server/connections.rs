//! Connections, each served by itself: whoever says nothing, or only half of it, is left in the end, and keeps nobody from
//! stopping the desk.

use super::peer::Peer;
use axum::{Router, body::Body, extract::ConnectInfo};
use futures::StreamExt;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use pipeline::{shutdown::Shutdown, tls::ServerTls};
use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::task::TaskTracker;

/// Handshakes at a time.
const HANDSHAKES: usize = 64;
/// After a refused `accept`, as when there are no file descriptors left.
const REST: Duration = Duration::from_millis(100);

/// How long a caller may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// For a handshake.
    pub(super) handshake: Duration,
    /// For the head of a request, the wait for its first byte included: longer than proxies keep idle connections, which would
    /// else send a request into one that is being closed.
    pub(super) head: Duration,
    /// Until the next part of a body.
    pub(super) body: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(150),
            body: Duration::from_secs(30),
        }
    }
}

/// How all connections are served; cheap to clone.
#[derive(Clone)]
struct Served {
    service: TowerToHyperService<Router>,
    tls: Option<Arc<ServerTls>>,
    times: Times,
    shutdown: Shutdown,
}

/// Answers until shutdown; what is under way then may take until the drain deadline.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<ServerTls>,
    router: Router,
    times: Times,
    shutdown: Shutdown,
) {
    let served = Served {
        service: TowerToHyperService::new(router),
        tls: tls.map(Arc::new),
        times,
        shutdown: shutdown.clone(),
    };
    let (handshakes, tasks) = (Arc::new(Semaphore::new(HANDSHAKES)), TaskTracker::new());
    while let Some((stream, peer)) = next(&listener, &shutdown).await {
        // Where TLS is spoken, callers without a word keep others waiting rather than fill the memory.
        let permit = match &served.tls {
            None => None,
            Some(_) => {
                let permit = Arc::clone(&handshakes).acquire_owned();
                let Some(Ok(permit)) = shutdown.token().run_until_cancelled(permit).await else {
                    break;
                };
                Some(permit)
            }
        };
        let served = served.clone();
        tasks.spawn(async move {
            let Some(tls) = &served.tls else {
                return served.speak(stream, peer).await;
            };
            let shaken = timeout(served.times.handshake, tls.acceptor().accept(stream)).await;
            drop(permit);
            match shaken {
                Ok(Ok(stream)) => served.speak(stream, peer).await,
                Ok(Err(error)) => tracing::debug!(%error, "a caller without TLS"),
                Err(_) => tracing::debug!("a caller without a word"),
            }
        });
    }
    drop(listener);
    tasks.close();
    if let Err(error) = shutdown.drain(tasks.wait()).await {
        tracing::warn!(%error, "requests are given up");
    }
}

/// The next connection; `None` when the shutdown is requested.
async fn next(listener: &TcpListener, shutdown: &Shutdown) -> Option<(TcpStream, SocketAddr)> {
    loop {
        match shutdown.token().run_until_cancelled(listener.accept()).await? {
            Ok(accepted) => return Some(accepted),
            Err(error) => {
                tracing::warn!(%error, "a connection was refused");
                if !shutdown.sleep(REST).await {
                    return None;
                }
            }
        }
    }
}

impl Served {
    async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send, peer: SocketAddr) {
        let wait = self.times.body;
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(|body| patient(body, wait));
            request.extensions_mut().insert(ConnectInfo(Peer(peer)));
            self.service.call(request)
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.times.head);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.shutdown.requested() => {
                // The request that is under way is answered, and no other one is taken.
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

/// A body whose next part is waited for so long.
fn patient(body: Incoming, wait: Duration) -> Body {
    let parts = Box::pin(Body::new(body).into_data_stream());
    Body::from_stream(futures::stream::unfold(Some(parts), move |parts| async move {
        let mut parts = parts?;
        match timeout(wait, parts.next()).await {
            Ok(Some(Ok(part))) => Some((Ok(part), Some(parts))),
            Ok(Some(Err(error))) => Some((Err(io::Error::other(error)), None)),
            Ok(None) => None,
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Bytes, routing::post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const LIMIT: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3_600);

    struct Open {
        addr: SocketAddr,
        shutdown: Shutdown,
        serving: tokio::task::JoinHandle<()>,
    }

    async fn open(times: Times) -> Open {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shutdown = Shutdown::manual(Duration::from_millis(50));
        let router = Router::new().route("/", post(async |body: Bytes| format!("{}\n", body.len())));
        let serving = tokio::spawn(serve(listener, None, router, times, shutdown.clone()));
        Open {
            addr,
            shutdown,
            serving,
        }
    }

    impl Open {
        async fn say(&self, text: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.addr).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            stream
        }
    }

    async fn end(mut stream: TcpStream) -> String {
        let mut said = Vec::new();
        let read = timeout(LIMIT, stream.read_to_end(&mut said)).await;
        read.expect("the connection ends").ok();
        String::from_utf8(said).unwrap()
    }

    #[tokio::test]
    async fn a_request_that_is_half_sent_keeps_nobody_from_stopping() {
        let patient = Times {
            handshake: HOUR,
            head: HOUR,
            body: HOUR,
        };
        for half in [
            "GET / HT",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n1",
        ] {
            let open = open(patient).await;
            let _held = open.say(half).await;
            // This one came later, so that the other one is under way.
            let whole = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab";
            assert!(end(open.say(whole).await).await.ends_with("2\n"));
            open.shutdown.trigger();
            timeout(LIMIT, open.serving).await.expect("it stops").unwrap();
        }
    }

    #[tokio::test]
    async fn who_says_only_half_is_left() {
        let short = Duration::from_millis(20);
        let heads = open(Times {
            handshake: HOUR,
            head: short,
            body: HOUR,
        })
        .await;
        end(heads.say("GET / HT").await).await;
        let bodies = open(Times {
            handshake: HOUR,
            head: HOUR,
            body: short,
        })
        .await;
        let half = bodies.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n1");
        assert!(end(half.await).await.starts_with("HTTP/1.1 400"));
    }
}
