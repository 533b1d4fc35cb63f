//! One pooled connection, which knows whether it can be trusted to answer the next command.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisFuture, RedisResult, Value};

use super::error::state_of;
use super::state::State;

/// A connection that answered this short a time ago needs no ping: if it broke since, the next command says so, and
/// the connection is not used again.
const FRESH: Duration = Duration::from_secs(1);

/// A connection and what happened on it last.
pub struct Link {
    connection: MultiplexedConnection,
    /// When the last answer came; `None` while one is owed, which is for ever when the caller gave up waiting, and
    /// after an answer that says that this server is the wrong one or cannot serve.
    answered: Option<Instant>,
    /// Of all connections of the pool, and of this one.
    generation: Arc<AtomicU64>,
    made_in: u64,
}

impl Link {
    /// `generation` as it was before the server was looked for.
    pub(super) fn new(generation: Arc<AtomicU64>, made_in: u64, connection: MultiplexedConnection) -> Self {
        Self {
            connection,
            answered: Some(Instant::now()),
            generation,
            made_in,
        }
    }

    /// Whether it may be used again at all.
    pub(super) fn is_sound(&self) -> bool {
        self.answered.is_some() && self.made_in >= self.generation.load(Ordering::Acquire)
    }

    /// It is of no use, and neither are those that were made before it was known.
    pub(super) fn give_up(&mut self) {
        self.answered = None;
        self.generation.fetch_max(self.made_in + 1, Ordering::AcqRel);
    }

    /// Whether it answered a moment ago.
    pub(super) fn is_fresh(&self) -> bool {
        self.answered.is_some_and(|at| at.elapsed() < FRESH)
    }

    fn judge<T>(&mut self, result: &RedisResult<T>, trouble: impl Fn(&T) -> Option<State>) {
        let trouble = match result {
            Ok(value) => trouble(value),
            Err(error) => state_of(error),
        };
        match trouble {
            None => self.answered = Some(Instant::now()),
            // Another server has our keys, or will.
            Some(State::Away | State::ReadOnly | State::Cluster | State::Replication) => self.give_up(),
            Some(_) => self.answered = None,
        }
    }
}

/// What the server answered if it cannot serve now. Another connection may lead to one that can: behind the same name,
/// after a failover.
fn refusal(value: &Value) -> Option<State> {
    match value {
        Value::ServerError(error) => state_of(&error.clone().into()),
        // Answers within a transaction.
        Value::Array(values) => values.iter().find_map(refusal),
        _ => None,
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            self.answered = None;
            let result = self.connection.req_packed_command(command).await;
            self.judge(&result, refusal);
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
            self.judge(&result, |values| values.iter().find_map(refusal));
            result
        })
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}
