//! One pooled connection, which knows whether it can be trusted to answer the next command.

use std::time::{Duration, Instant};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value};

use super::error::is_outage;

/// A connection that answered this short a time ago needs no ping: if it broke since, the next command says so, and
/// the connection is not used again.
const FRESH: Duration = Duration::from_secs(1);

/// A connection and what happened on it last.
pub struct Link {
    connection: MultiplexedConnection,
    /// When the last answer came; `None` while one is owed, which is for ever when the caller gave up waiting, and
    /// after an answer that says that this server is the wrong one or cannot serve.
    answered: Option<Instant>,
}

impl Link {
    pub(super) fn new(connection: MultiplexedConnection) -> Self {
        Self {
            connection,
            answered: Some(Instant::now()),
        }
    }

    /// Whether it may be used again at all.
    pub(super) fn is_sound(&self) -> bool {
        self.answered.is_some()
    }

    /// Whether it answered a moment ago.
    pub(super) fn is_fresh(&self) -> bool {
        self.answered.is_some_and(|at| at.elapsed() < FRESH)
    }

    fn judge<T>(&mut self, result: &RedisResult<T>, refused: impl Fn(&T) -> bool) {
        let sound = match result {
            Ok(value) => !refused(value),
            Err(error) => !is_outage(error),
        };
        self.answered = sound.then(Instant::now);
    }
}

/// Whether the server answered that it cannot serve now. Another connection may lead to one that can: behind the
/// same name, after a failover.
fn refuses(value: &Value) -> bool {
    match value {
        Value::ServerError(error) => is_outage(&error.clone().into()),
        _ => false,
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            self.answered = None;
            let result = self.connection.req_packed_command(command).await;
            self.judge(&result, refuses);
            result
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            self.answered = None;
            let result = self.connection.req_packed_commands(pipeline, offset, count).await;
            self.judge(&result, |values| values.iter().any(refuses));
            result
        })
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}
