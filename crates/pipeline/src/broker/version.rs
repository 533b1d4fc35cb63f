//! Which RabbitMQ answers: the broker's greeting carries it, and the client crate does not hand it on.
//!
//! Queue arguments mean different things per version (docs/broker.md), so topology needs it.

use futures::{AsyncReadExt, AsyncWriteExt};
use lapin::{
    runtime,
    tcp::{AMQPUriTcpExt, OwnedTLSConfig},
    uri::AMQPUri,
};
use std::{fmt, io, time::Duration};

/// The greeting is one frame of a few hundred bytes; anything far larger is no AMQP broker.
const GREETING_LIMIT: usize = 64 * 1024;
const GREETING_TIMEOUT: Duration = Duration::from_secs(10);

/// Major and minor version of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerVersion {
    /// `4` in `4.0.5`.
    pub(crate) major: u32,
    /// `0` in `4.0.5`.
    pub(crate) minor: u32,
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Opens a connection only far enough to read the broker's greeting.
///
/// # Errors
/// When the address does not answer like an AMQP broker.
pub(crate) async fn server_version(uri: &AMQPUri, tls: &OwnedTLSConfig) -> io::Result<ServerVersion> {
    let read = async {
        let runtime = runtime::default_runtime().map_err(io::Error::other)?;
        let mut stream = uri.connect_with_config_async(tls.as_ref(), &runtime).await?;
        stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
        // Frame header: type (1), channel (2), payload size (4).
        let mut header = [0; 7];
        stream.read_exact(&mut header).await?;
        let size = u32::from_be_bytes([header[3], header[4], header[5], header[6]]) as usize;
        if header[0] != 1 || size > GREETING_LIMIT {
            return Err(io::Error::other("the answer is not an AMQP greeting"));
        }
        let mut payload = vec![0; size];
        stream.read_exact(&mut payload).await?;
        parse(&payload).ok_or_else(|| io::Error::other("the AMQP greeting names no version"))
    };
    tokio::time::timeout(GREETING_TIMEOUT, read)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Finds the server property `version`, a long string, in the payload of `connection.start`.
fn parse(greeting: &[u8]) -> Option<ServerVersion> {
    const KEY: &[u8] = b"\x07versionS";
    let at = greeting.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let length = u32::from_be_bytes(greeting.get(at..at + 4)?.try_into().ok()?) as usize;
    let text = std::str::from_utf8(greeting.get(at + 4..(at + 4).checked_add(length)?)?).ok()?;
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some(ServerVersion {
        major: parts.next()??,
        minor: parts.next().flatten().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_properties() {
        let mut greeting = b"\x00\x0a\x00\x0a\x00\x09....\x07versionS".to_vec();
        greeting.extend(6u32.to_be_bytes());
        greeting.extend(b"3.10.8\x08platform");
        assert_eq!(parse(&greeting), Some(ServerVersion { major: 3, minor: 10 }));
        assert!(ServerVersion { major: 4, minor: 0 } > ServerVersion { major: 3, minor: 13 });
    }

    #[test]
    fn damaged_greetings_give_nothing() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"\x07versionS\xff\xff\xff\xff4.0"), None);
        assert_eq!(parse(b"\x07versionS\x00\x00\x00\x01x"), None);
    }
}
