//! A TCP proxy that cuts, resets, stalls, leaves its connections half open, or carries everything later.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

const BUFFER: usize = 16 * 1024;
/// Chunks on their way in one direction of a late connection.
const ON_THE_WAY: usize = 4_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    Cut,
    Stall,
}

#[derive(Debug, Clone)]
struct State {
    mode: Mode,
    /// Connections with a smaller number carry nothing any more.
    silent_below: u64,
    /// Connections with a smaller number are closed.
    closed_below: u64,
    /// Number of the next connection.
    next: u64,
    /// Connections that are carried.
    open: BTreeSet<u64>,
    /// Something waits at a connection that carries nothing.
    withheld: bool,
}

/// The running proxy; everything it carries ends with it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free loopback port and carries everything to where `url` leads.
    pub async fn before(url: &str) -> anyhow::Result<Self> {
        Self::start(address(url)?, Duration::ZERO).await
    }

    /// The same, but everything arrives this much later at either end.
    pub async fn before_far(url: &str, delay: Duration) -> anyhow::Result<Self> {
        Self::start(address(url)?, delay).await
    }

    async fn start(target: SocketAddr, delay: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("bind a proxy")?;
        let address = listener.local_addr().context("a proxy's address")?;
        let (state, _) = watch::channel(State {
            mode: Mode::Pass,
            silent_below: 0,
            closed_below: 0,
            next: 0,
            open: BTreeSet::new(),
            withheld: false,
        });
        let task = tokio::spawn(serve(listener, target, delay, state.clone()));
        Ok(Self { address, state, task })
    }

    /// The URL that leads through this proxy to where `url` leads.
    pub fn redirected(&self, url: &str) -> anyhow::Result<String> {
        let mut through = Url::parse(url).context("a service's URL")?;
        let changed = through.set_ip_host(self.address.ip()).is_ok()
            && through.set_port(Some(self.address.port())).is_ok();
        anyhow::ensure!(changed, "{url} takes no port");
        // Base URLs of the vendors are written without the slash that a parsed one ends with.
        let text = String::from(through);
        Ok(match url.ends_with('/') {
            true => text,
            false => text.trim_end_matches('/').to_owned(),
        })
    }

    /// Closes every connection and every new one.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.mode = Mode::Cut);
    }

    /// Closes every connection that is open now, and returns when they are closed; new ones are carried.
    pub async fn reset(&self) {
        self.state.send_modify(|state| state.closed_below = state.next);
        let closed = |state: &State| state.open.range(..state.closed_below).next().is_none();
        // The sender lives in `self`, so waiting cannot fail.
        drop(self.state.subscribe().wait_for(closed).await);
    }

    /// Carries nothing, closes nothing.
    pub fn stall(&self) {
        self.state
            .send_modify(|state| (state.mode, state.withheld) = (Mode::Stall, false));
    }

    /// What is connected now is silent for ever; what connects later works.
    pub fn half_open(&self) {
        self.state
            .send_modify(|state| (state.silent_below, state.withheld) = (state.next, false));
    }

    /// Returns when something was sent that a stall or a silent connection does not carry.
    pub async fn withheld(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        drop(self.state.subscribe().wait_for(|state| state.withheld).await);
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

/// Where a URL leads.
fn address(url: &str) -> anyhow::Result<SocketAddr> {
    let url = Url::parse(url).context("a service's URL")?;
    let default = match url.scheme() {
        "amqp" => Some(5672),
        "redis" => Some(6379),
        _ => None,
    };
    let addresses = url.socket_addrs(|| default).context("a service's address")?;
    addresses.first().copied().context("a service's address")
}

async fn serve(listener: TcpListener, target: SocketAddr, delay: Duration, state: watch::Sender<State>) {
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
            state.open.insert(number);
        });
        tokio::spawn(connection(client, target, delay, number, state.clone()));
    }
}

async fn connection(
    client: TcpStream,
    target: SocketAddr,
    delay: Duration,
    number: u64,
    shared: watch::Sender<State>,
) {
    let mut state = shared.subscribe();
    let carried = async {
        let server = TcpStream::connect(target).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        // Either side's end is the end of both: nobody here speaks half-closed.
        tokio::select! {
            ended = carry(from_client, to_server, delay, number, shared.clone()) => ended,
            ended = carry(from_server, to_client, delay, number, shared.clone()) => ended,
        }
    };
    // How a connection ended is the peers' affair.
    tokio::select! {
        ended = carried => drop(ended),
        cut = state.wait_for(|state| state.mode == Mode::Cut || number < state.closed_below) => drop(cut),
    }
    // The sockets are closed by now, for the future that owns them has ended.
    shared.send_modify(|state| {
        state.open.remove(&number);
    });
}

async fn carry(
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: Duration,
    number: u64,
    shared: watch::Sender<State>,
) -> std::io::Result<()> {
    let mut source = Source {
        from,
        number,
        state: shared.subscribe(),
        shared,
    };
    let mut buffer = vec![0; BUFFER];
    if delay.is_zero() {
        loop {
            match source.read(&mut buffer).await? {
                0 => return Ok(()),
                length => to.write_all(&buffer[..length]).await?,
            }
        }
    }
    let (sender, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
    let read = async {
        loop {
            let length = source.read(&mut buffer).await?;
            let late = (Instant::now() + delay, buffer[..length].to_vec());
            if length == 0 || sender.send(late).await.is_err() {
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

/// One direction of a connection.
struct Source {
    from: OwnedReadHalf,
    number: u64,
    state: watch::Receiver<State>,
    shared: watch::Sender<State>,
}

impl Source {
    /// What arrives next, while the proxy carries it; 0 at the end.
    async fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let aborted = |_| std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
        loop {
            let number = self.number;
            let carries = |state: &State| state.mode != Mode::Stall && number >= state.silent_below;
            let withheld = tokio::select! {
                biased;
                carried = async { self.state.wait_for(carries).await.map(drop) } => {
                    carried.map_err(aborted)?;
                    false
                }
                ready = self.from.readable() => ready.map(|()| true)?,
            };
            if withheld {
                self.shared
                    .send_if_modified(|state| !std::mem::replace(&mut state.withheld, true));
                self.state.wait_for(carries).await.map_err(aborted)?;
            }
            // What arrives after a change is not carried any more.
            tokio::select! {
                biased;
                changed = self.state.changed() => changed.map_err(aborted)?,
                read = self.from.read(buffer) => return read,
            }
        }
    }
}

#[cfg(test)]
mod tests;
