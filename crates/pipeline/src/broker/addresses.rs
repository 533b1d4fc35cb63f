//! The addresses of the broker, one or several: tried in turn, beginning with the one that answered last.

use super::error::Error;
use crate::{
    cause::chain,
    setting::{Secret, addresses, shown},
};
use lapin::uri::AMQPUri;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Half-open connections are noticed after two missed heartbeats.
const HEARTBEAT_SECONDS: u16 = 15;
/// The usual setting of brokers, asked for by ourselves: the client library makes its buffers of 32 frames as it
/// connects, and when it must enlarge them to what a broker says, it fills 4 MiB each with zeros that stay in memory.
const FRAME_MAX: u32 = 128 << 10;

/// Where the broker's nodes are.
pub(super) struct Addresses {
    url: Secret,
    /// The address that answered last.
    last: AtomicUsize,
}

impl Addresses {
    /// Fails when one of them is not an address of a broker.
    pub(super) fn new(url: &Secret) -> Result<Self, Error> {
        parse(url)?;
        Ok(Self {
            url: url.clone(),
            last: AtomicUsize::new(0),
        })
    }

    /// The virtual host of all queues.
    pub(super) fn vhost(&self) -> String {
        let first = parse(&self.url.current())
            .ok()
            .and_then(|uris| uris.into_iter().next());
        first.map_or_else(|| "/".to_owned(), |uri| uri.vhost)
    }

    /// The addresses as they are now, to be tried one after the other.
    pub(super) fn tries(&self) -> Result<Tries<'_>, Error> {
        Ok(Tries {
            addresses: self,
            uris: parse(&self.url.current())?,
            begin: self.last.load(Ordering::Relaxed),
            turn: 0,
            failures: Vec::new(),
        })
    }
}

/// A way through the addresses.
pub(super) struct Tries<'a> {
    addresses: &'a Addresses,
    uris: Vec<AMQPUri>,
    begin: usize,
    turn: usize,
    failures: Vec<(String, Error)>,
}

impl Tries<'_> {
    fn index(&self) -> usize {
        (self.begin + self.turn) % self.uris.len().max(1)
    }

    /// The address whose turn it is.
    pub(super) fn uri(&self) -> AMQPUri {
        self.uris.get(self.index()).cloned().unwrap_or_default()
    }

    /// What came of it: the end of the way, or `None` while there is another address. When none answers, what each of them
    /// said.
    pub(super) fn ended<T>(&mut self, tried: Result<T, Error>) -> Option<Result<T, Error>> {
        let index = self.index();
        let uri = self.uri();
        let address = format!("{}:{}", uri.authority.host, uri.authority.port);
        match tried {
            Ok(reached) => {
                if self.turn > 0 {
                    let failures = told(&self.failures);
                    tracing::warn!(address, failures, "another address of the broker is used");
                }
                self.addresses.last.store(index, Ordering::Relaxed);
                return Some(Ok(reached));
            }
            Err(error) if error.is_permanent() => return Some(Err(error)),
            Err(error) if self.uris.len() == 1 => {
                let (place, source) = (shown(self.addresses.url.current().expose()), Box::new(error));
                return Some(Err(Error::Unconnected { place, source }));
            }
            Err(error) => self.failures.push((address, error)),
        }
        self.turn += 1;
        (self.turn >= self.uris.len()).then(|| Err(Error::Unreached(told(&self.failures))))
    }
}

fn told(failures: &[(String, Error)]) -> String {
    let each = failures
        .iter()
        .map(|(address, error)| format!("{address}: {}", chain(error)));
    each.collect::<Vec<_>>().join("; ")
}

fn parse(url: &Secret) -> Result<Vec<AMQPUri>, Error> {
    let urls = addresses(url.expose()).map_err(|error| Error::Address(error.to_string()))?;
    let parsed = urls.iter().map(|url| {
        let mut uri: AMQPUri = url.as_str().parse().map_err(Error::Address)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        uri.query.frame_max.get_or_insert(FRAME_MAX);
        Ok(uri)
    });
    parsed.collect()
}
