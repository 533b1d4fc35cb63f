//! What can go wrong with Redis, sorted into "pause the stage" and "this command is wrong".

use deadpool::managed::PoolError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// A failed use of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection came free, or one could not be made in time.
    #[error("no redis connection available")]
    Pool(#[source] PoolError<RedisError>),
    /// The connection broke, or the server answered with an error.
    #[error("redis command failed")]
    Redis(#[from] RedisError),
}

/// Codes that say something about the server and nothing about the command.
const OUTAGE_CODES: [&str; 12] = [
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "OOM",
    "MISCONF",
    "BUSY",
    "NOREPLICAS",
    "NOAUTH",
    "WRONGPASS",
    "MOVED",
];

impl Error {
    /// Whether waiting can help: Redis is away, loading, failing over, full, or refuses our password.
    ///
    /// Nothing may be dead-lettered for such an error; the stage pauses until a ping succeeds.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Pool(_) => true,
            Self::Redis(error) => is_outage(error),
        }
    }
}

pub(super) fn is_outage(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io
        | ErrorKind::AuthenticationFailed
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => true,
        // Before Redis 7 an error inside a script arrives as plain ERR with the code in the text.
        ErrorKind::Server(ServerErrorKind::ResponseError) => error.detail().is_some_and(|text| {
            OUTAGE_CODES
                .iter()
                .any(|code| text.contains(&format!("-{code} ")))
        }),
        _ => error.code().is_some_and(|code| OUTAGE_CODES.contains(&code)),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use redis::make_extension_error;

    use super::*;

    fn server(text: &str) -> Error {
        let value = redis::parse_redis_value(format!("-{text}\r\n").as_bytes()).unwrap();
        Error::Redis(value.extract_error().unwrap_err())
    }

    #[test]
    fn states_of_the_server_are_outages() {
        for text in [
            "LOADING Redis is loading the dataset in memory",
            "READONLY You can't write against a read only replica.",
            "MASTERDOWN Link with MASTER is down",
            "CLUSTERDOWN The cluster is down",
            "OOM command not allowed when used memory > 'maxmemory'.",
            "MISCONF Redis is configured to save RDB snapshots",
            "BUSY Redis is busy running a script.",
            "NOAUTH Authentication required.",
            "ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write",
        ] {
            assert!(server(text).is_outage(), "{text}");
        }
        let dropped = io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(Error::from(RedisError::from(dropped)).is_outage());
    }

    #[test]
    fn wrong_commands_are_not() {
        for text in [
            "ERR unknown command 'FOO'",
            "WRONGTYPE Operation against a key",
            "CROSSSLOT Keys in request",
        ] {
            assert!(!server(text).is_outage(), "{text}");
        }
        assert!(!Error::from(make_extension_error("EXTRA".to_owned(), None)).is_outage());
    }
}
