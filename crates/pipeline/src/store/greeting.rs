//! What a Redis says that refuses a connection: it speaks first, once, and hangs up.
//!
//! The client library takes that line for the answer to its own greeting, or drops it, and then knows only that the
//! connection broke (or that "the password" was refused). So the line is read from a connection of its own.

use redis::ConnectionAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A server that has nothing against the connection stays silent.
const SPEAKS_WITHIN: Duration = Duration::from_millis(500);
const LONGEST: u64 = 512;

/// The refusal, without the sign of an error; `None` when the server stays silent, or talks TLS.
pub(super) async fn refusal(address: &ConnectionAddr) -> Option<String> {
    let said = async {
        match address {
            ConnectionAddr::Tcp(host, port) => {
                line(
                    tokio::net::TcpStream::connect((host.as_str(), *port))
                        .await
                        .ok()?,
                )
                .await
            }
            ConnectionAddr::Unix(path) => line(tokio::net::UnixStream::connect(path).await.ok()?).await,
            _ => None,
        }
    };
    tokio::time::timeout(SPEAKS_WITHIN, said).await.ok().flatten()
}

async fn line(stream: impl AsyncRead + Unpin) -> Option<String> {
    let mut said = Vec::new();
    // It hangs up behind its line.
    stream.take(LONGEST).read_to_end(&mut said).await.ok()?;
    let said = String::from_utf8_lossy(&said);
    let refusal = said.lines().next()?.strip_prefix('-')?;
    Some(refusal.trim().to_owned())
}
