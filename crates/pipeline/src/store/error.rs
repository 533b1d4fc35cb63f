//! What can go wrong with Redis, sorted into "pause the stage" and "this command is wrong".

use super::state::{self, State};
use crate::cause::chain;
use deadpool::managed::PoolError;
use redis::{ErrorKind, RedisError};

/// A failed use of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection came free in time.
    #[error("{}", words::tr!("no connection to redis at {place} in time (REDIS_URL)"))]
    Pool {
        /// Where that is, without user and password.
        place: String,
        /// Why.
        source: PoolError<RedisError>,
    },
    /// A connection could not be made, which says nothing about any command.
    #[error("{}", words::tr!("no connection to redis at {place} (REDIS_URL)"))]
    Connect {
        /// Where that is, without user and password.
        place: String,
        /// Why.
        source: RedisError,
    },
    /// Redis took the connection only to say why it will not serve it.
    #[error("{}", words::tr!("redis refuses connections (REDIS_URL): {0}"))]
    Refused(String),
    /// The connection broke, or the server answered with an error.
    #[error("{}", words::tr!("redis command failed"))]
    Redis(#[from] RedisError),
}

impl Error {
    /// Whether waiting can help: Redis is away, loading, failing over, full, or refuses our password or a command that
    /// we are entitled to.
    ///
    /// Nothing may be dead-lettered for such an error; the stage pauses until the probe succeeds
    /// ([`super::Store::probe`]).
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Pool { .. } | Self::Connect { .. } | Self::Refused(_) => true,
            Self::Redis(error) => state_of(error).is_some(),
        }
    }

    /// What state Redis is in, as far as the error tells.
    pub(crate) fn state(&self) -> State {
        match self {
            Self::Pool { .. } => State::Away,
            Self::Refused(text) => state::of_text(text).unwrap_or(State::Refusing),
            Self::Connect { source: error, .. } | Self::Redis(error) => {
                state_of(error).unwrap_or(State::Refusing)
            }
        }
    }

    /// Another node has our keys, and nothing was done.
    pub(super) fn has_moved(&self) -> bool {
        let Self::Redis(error) = self else { return false };
        let answers = error.clone().into_server_errors();
        answers.is_some_and(|answers| answers.iter().any(|(_, answer)| answer.code() == "MOVED"))
    }

    /// A command or key is not permitted to our user.
    pub fn lacks_permission(&self) -> bool {
        self.state() == State::Permission
    }

    /// What is wrong, in full, and what to do about it.
    pub fn explain(&self) -> String {
        let state = self.state();
        format!("{}: {}; {}", state.name(), chain(self), state.remedy())
    }
}

/// The state that explains the error; `None` when the command is wrong by itself.
pub(super) fn state_of(error: &RedisError) -> Option<State> {
    // Of a pipeline or a transaction these are the answers to its single commands.
    if let Some(answers) = error.clone().into_server_errors() {
        return answers.iter().find_map(|(_, answer)| {
            let words = || answer.details().and_then(state::of_text);
            state::of_code(answer.code()).or_else(words)
        });
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed => Some(State::Password),
        ErrorKind::Io
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => Some(State::Away),
        _ => None,
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
    fn states_of_the_server_are_outages_and_named() {
        for (text, state) in [
            ("LOADING Redis is loading the dataset in memory", State::Loading),
            (
                "READONLY You can't write against a read only replica.",
                State::ReadOnly,
            ),
            ("MASTERDOWN Link with MASTER is down", State::Replication),
            ("CLUSTERDOWN The cluster is down", State::Cluster),
            ("MOVED 3999 127.0.0.1:6381", State::Cluster),
            ("ASK 3999 127.0.0.1:6381", State::Cluster),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                State::Full,
            ),
            ("MISCONF Redis is configured to save RDB snapshots", State::Saving),
            ("BUSY Redis is busy running a script.", State::Busy),
            ("NOAUTH Authentication required.", State::Password),
            (
                "NOPERM User okki has no permissions to run the 'hset' command",
                State::Permission,
            ),
            (
                "ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write",
                State::ReadOnly,
            ),
            (
                "ERR The user executing the script can't run this command or subcommand",
                State::Permission,
            ),
            (
                "ERR ACL failure in script: User okki has no permissions to run the 'zadd' command",
                State::Permission,
            ),
            ("ERR max number of clients reached", State::Clients),
        ] {
            assert!(server(text).is_outage(), "{text}");
            assert_eq!(server(text).state(), state, "{text}");
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

    #[test]
    fn the_cause_and_the_remedy_are_told() {
        let told = server("OOM command not allowed when used memory > 'maxmemory'.").explain();
        assert!(
            told.starts_with("Redis is full: redis command failed: "),
            "{told}"
        );
        assert!(told.contains("command not allowed when used memory"), "{told}");
        assert!(told.ends_with(State::Full.remedy()), "{told}");
    }
}
