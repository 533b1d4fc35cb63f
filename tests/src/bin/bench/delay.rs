//! A line that carries everything, later: what a far-away service costs.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

const BUFFER: usize = 64 * 1024;
/// Chunks under way in one direction.
const UNDER_WAY: usize = 1_000;

/// The running line.
pub struct Delay {
    pub address: SocketAddr,
    _task: AbortOnDropHandle<()>,
}

impl Delay {
    /// Everything arrives this much later at either end.
    pub async fn start(target: SocketAddr, by: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("bind a line")?;
        let address = listener.local_addr().context("a line's address")?;
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, target, by));
            }
        });
        Ok(Self {
            address,
            _task: AbortOnDropHandle::new(task),
        })
    }
}

async fn connection(client: TcpStream, target: SocketAddr, by: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        ended = carry(from_client, to_server, by) => ended,
        ended = carry(from_server, to_client, by) => ended,
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, by: Duration) -> std::io::Result<()> {
    let (sender, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let read = async {
        let mut buffer = vec![0; BUFFER];
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0
                || sender
                    .send((Instant::now() + by, buffer[..length].to_vec()))
                    .await
                    .is_err()
            {
                return Ok(());
            }
        }
    };
    let write = async {
        while let Some((due, chunk)) = chunks.recv().await {
            tokio::time::sleep_until(due).await;
            to.write_all(&chunk).await?;
        }
        Ok(())
    };
    tokio::select! {
        ended = read => ended,
        ended = write => ended,
    }
}
