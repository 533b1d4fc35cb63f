//! The socket: bound at the start, served until the process stops.

use super::{
    config::WebhookConfig,
    connections::Connections,
    door::{Counts, Door},
    receiver::{Receiver, Verdict},
};
use crate::{admin::StatusBoard, shutdown::Shutdown, tls::ServerTls};
use serde_json::json;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::task::TaskTracker;

/// After a refused `accept`, as when there are no file descriptors left.
const REST: Duration = Duration::from_millis(100);

/// The listener cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port cannot be had.
    #[error("{}", words::tr!("cannot listen on HOOK_LISTEN {addr}"))]
    Bind {
        /// Where.
        addr: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Certificate and key cannot be used.
    #[error("{}", words::tr!("cannot use HOOK_CERT_FILE with HOOK_KEY_FILE"))]
    Certificate(#[source] io::Error),
}

/// A bound listener that does not answer yet.
pub struct Listener {
    config: WebhookConfig,
    socket: TcpListener,
    addr: SocketAddr,
    tls: Option<ServerTls>,
    counts: Arc<Counts>,
}

impl Listener {
    /// Binds, and says where: in the log, and under `webhook` in `/status`.
    ///
    /// # Errors
    /// When the port is taken, or the certificate cannot be used.
    pub async fn bind(config: WebhookConfig, status: &StatusBoard) -> Result<Self, Error> {
        let refused = |source| Error::Bind {
            addr: config.listen,
            source,
        };
        let tls = match config.tls.is_empty() {
            true => None,
            false => Some(ServerTls::new(config.tls.clone()).map_err(Error::Certificate)?),
        };
        let socket = TcpListener::bind(config.listen).await.map_err(refused)?;
        let addr = socket.local_addr().map_err(refused)?;
        tracing::info!(%addr, tls = tls.is_some(), "webhook listening");
        let counts = Arc::new(Counts::default());
        let (shown, is_tls) = (Arc::clone(&counts), tls.is_some());
        status.compute(
            "webhook",
            move || json!({ "listen": addr.to_string(), "tls": is_tls, "calls": shown.read() }),
        );
        Ok(Self {
            config,
            socket,
            addr,
            tls,
            counts,
        })
    }

    /// The address in use, with the port that was chosen.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until the shutdown is requested; returns when the calls that were under way are answered, or when the drain
    /// deadline has passed.
    pub async fn serve<R: Receiver>(self, receiver: Arc<R>, shutdown: Shutdown) {
        let limits = self.config.limits;
        let connections = Arc::new(Connections {
            door: Door::new(&self.config, receiver, Arc::clone(&self.counts)),
            tls: self.tls,
            time: limits.time,
            shutdown: shutdown.clone(),
        });
        let (open, tasks) = (Arc::new(Semaphore::new(limits.connections)), TaskTracker::new());
        while let Some(stream) = next(&self.socket, &shutdown).await {
            let Ok(permit) = Arc::clone(&open).try_acquire_owned() else {
                // Closing it is the answer that costs least.
                self.counts.count(Verdict::Busy);
                continue;
            };
            let connections = Arc::clone(&connections);
            tasks.spawn(async move {
                connections.attend(stream).await;
                drop(permit);
            });
        }
        drop(self.socket);
        tasks.close();
        if let Err(error) = shutdown.drain(tasks.wait()).await {
            tracing::warn!(%error, "webhook calls are given up");
        }
    }
}

/// The next connection; `None` when the shutdown is requested.
async fn next(socket: &TcpListener, shutdown: &Shutdown) -> Option<TcpStream> {
    loop {
        let accepted = shutdown.token().run_until_cancelled(socket.accept()).await?;
        match accepted {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "webhook caller is gone");
                }
                return Some(stream);
            }
            Err(error) => {
                tracing::warn!(%error, "webhook connection refused");
                if !shutdown.sleep(REST).await {
                    return None;
                }
            }
        }
    }
}
