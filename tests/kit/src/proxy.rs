//! A TCP proxy that can be told to cut, to reset, to stall, and to leave its connections half open.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const BUFFER: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    Cut,
    Stall,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// Connections with a smaller number carry nothing any more.
    silent_below: u64,
    /// Connections with a smaller number are closed.
    closed_below: u64,
    /// Number of the next connection.
    next: u64,
}

/// The running proxy; everything it carries ends with it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free loopback port and carries everything to `target`.
    pub async fn start(target: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("bind a proxy")?;
        let address = listener.local_addr().context("a proxy's address")?;
        let (state, _) = watch::channel(State {
            mode: Mode::Pass,
            silent_below: 0,
            closed_below: 0,
            next: 0,
        });
        let task = tokio::spawn(serve(listener, target, state.clone()));
        Ok(Self { address, state, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes every connection and every new one.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.mode = Mode::Cut);
    }

    /// Closes every connection that is open now; new ones are carried.
    pub fn reset(&self) {
        self.state.send_modify(|state| state.closed_below = state.next);
    }

    /// Carries nothing, closes nothing.
    pub fn stall(&self) {
        self.state.send_modify(|state| state.mode = Mode::Stall);
    }

    /// What is connected now is silent for ever; what connects later works.
    pub fn half_open(&self) {
        self.state.send_modify(|state| state.silent_below = state.next);
    }

    /// Ends a cut or a stall.
    pub fn pass(&self) {
        self.state.send_modify(|state| state.mode = Mode::Pass);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn serve(listener: TcpListener, target: SocketAddr, state: watch::Sender<State>) {
    loop {
        // A listener fails for a moment only: a peer that has gone already, or no file handle left.
        let Ok((client, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let mut number = 0;
        state.send_modify(|state| {
            number = state.next;
            state.next += 1;
        });
        tokio::spawn(connection(client, target, number, state.subscribe()));
    }
}

async fn connection(client: TcpStream, target: SocketAddr, number: u64, mut state: watch::Receiver<State>) {
    let watched = state.clone();
    let carried = async {
        let server = TcpStream::connect(target).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        // Either side's end is the end of both: nobody here speaks half-closed.
        tokio::select! {
            ended = carry(from_client, to_server, number, watched.clone()) => ended,
            ended = carry(from_server, to_client, number, watched.clone()) => ended,
        }
    };
    // How a connection ended is the peers' affair.
    tokio::select! {
        ended = carried => drop(ended),
        cut = state.wait_for(|state| state.mode == Mode::Cut || number < state.closed_below) => drop(cut),
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: u64,
    mut state: watch::Receiver<State>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    let gone = |_| std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    loop {
        let speaks = |state: &State| state.mode != Mode::Stall && number >= state.silent_below;
        state.wait_for(speaks).await.map_err(gone)?;
        tokio::select! {
            changed = state.changed() => changed.map_err(gone)?,
            read = from.read(&mut buffer) => match read? {
                0 => return Ok(()),
                length => to.write_all(&buffer[..length]).await?,
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Answers every byte with itself.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.into_split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn ask(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_all(b"x").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn it_carries_stalls_goes_silent_and_cuts() {
        let proxy = Proxy::start(echo().await).await.unwrap();
        let mut old = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut old).await.unwrap(), b'x');

        proxy.stall();
        old.write_all(b"y").await.unwrap();
        proxy.pass();
        assert_eq!(old.read_u8().await.unwrap(), b'y');

        proxy.half_open();
        old.write_all(b"z").await.unwrap();
        let mut new = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut new).await.unwrap(), b'x');
        let mut byte = [0];
        assert!(old.try_read(&mut byte).is_err(), "a silent connection spoke");

        let mut reset = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut reset).await.unwrap(), b'x');
        proxy.reset();
        assert!(ask(&mut reset).await.is_err());
        let mut new = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut new).await.unwrap(), b'x');

        proxy.cut();
        assert!(ask(&mut new).await.is_err());
        assert!(old.read_u8().await.is_err());
        proxy.pass();
        let mut later = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut later).await.unwrap(), b'x');
    }
}
