//! How a process stops: the first signal drains, the second one, if it comes later than a second, exits at once.
//!
//! Shutdown is a value handed down, never a static, so that several services can live in one test process.
//! Everything that loops watches `requested`; work already begun is finished within the drain deadline. What is
//! still unsettled then simply returns to the queue.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::setting::ConfigError;

/// Kept of the drain deadline to settle what is finished and to give back the rest.
const RESERVED: Duration = Duration::from_secs(3);

/// Signals that come so soon after the first one say the same.
const SAME_WISH: Duration = Duration::from_secs(1);

/// The request to stop, and how long stopping may take. Clones share both.
#[derive(Debug, Clone)]
pub struct Shutdown {
    token: CancellationToken,
    drain: Duration,
    /// When the request was first seen.
    asked: Arc<OnceLock<Instant>>,
}

/// Work was still going on when the drain deadline passed.
#[derive(Debug, thiserror::Error)]
#[error("{}", words::tr!("not drained within {0:?}"))]
pub struct DeadlineExceeded(Duration);

impl Shutdown {
    /// Stops only when `trigger` is called; for tests and short commands.
    pub fn manual(drain: Duration) -> Self {
        Self {
            token: CancellationToken::new(),
            drain,
            asked: Arc::default(),
        }
    }

    /// Stops on SIGTERM and SIGINT, too. Must be called inside the runtime.
    pub fn on_signals(drain: Duration) -> Result<Self, ConfigError> {
        let refused = |error| ConfigError::message(words::tr!("cannot listen for signals: {error}"));
        let terminate = signal(SignalKind::terminate()).map_err(refused)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
        let shutdown = Self::manual(drain);
        tokio::spawn(shutdown.clone().watch(terminate, interrupt));
        Ok(shutdown)
    }

    /// A request of its own for a part of the work: it comes with this one, and can come earlier.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            token: self.token.child_token(),
            drain: self.drain,
            asked: Arc::default(),
        }
    }

    /// Completes when the shutdown was requested.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// Whether the shutdown was requested.
    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Requests the shutdown; calling it again changes nothing.
    pub fn trigger(&self) {
        self.asked.get_or_init(Instant::now);
        self.token.cancel();
    }

    /// From when on nothing may be begun that has to be waited for: shortly before the drain deadline. `None` while no
    /// shutdown was requested.
    pub fn too_late_at(&self) -> Option<Instant> {
        if !self.is_requested() {
            return None;
        }
        let asked = *self.asked.get_or_init(Instant::now);
        Some(asked + self.drain.saturating_sub(RESERVED.min(self.drain / 4)))
    }

    /// Whether that is so now.
    pub fn is_too_late(&self) -> bool {
        self.too_late_at().is_some_and(|at| Instant::now() >= at)
    }

    /// Completes when that is so.
    pub async fn too_late(&self) {
        self.requested().await;
        if let Some(at) = self.too_late_at() {
            tokio::time::sleep_until(at.into()).await;
        }
    }

    /// How long work already begun may take after the request.
    pub fn deadline(&self) -> Duration {
        self.drain
    }

    /// The token itself, for libraries that take one.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Lets `work` end by itself within the drain deadline, counted from this call.
    pub async fn drain<T>(&self, work: impl Future<Output = T>) -> Result<T, DeadlineExceeded> {
        let ended = tokio::time::timeout(self.drain, work).await;
        ended.map_err(|_| DeadlineExceeded(self.drain))
    }

    /// Sleeps, but not beyond the request to stop; `false` when that came first.
    pub async fn sleep(&self, duration: Duration) -> bool {
        self.token
            .run_until_cancelled(tokio::time::sleep(duration))
            .await
            .is_some()
    }

    async fn watch(self, mut terminate: Signal, mut interrupt: Signal) {
        let first = next_signal(&mut terminate, &mut interrupt).await;
        tracing::info!(
            signal = first.name,
            drain_ms = ms(self.drain),
            "shutdown requested"
        );
        self.trigger();
        // One wish to stop may come as several signals: to the process and to its group, or from a terminal and a supervisor.
        drop(tokio::time::timeout(SAME_WISH, repeats(&mut terminate, &mut interrupt)).await);
        let second = next_signal(&mut terminate, &mut interrupt).await;
        tracing::warn!(signal = second.name, "second signal, exiting without draining");
        std::process::exit(second.exit_code);
    }
}

/// A signal's name and the exit code that a shell would show for it.
struct Received {
    name: &'static str,
    exit_code: i32,
}

async fn repeats(terminate: &mut Signal, interrupt: &mut Signal) {
    loop {
        next_signal(terminate, interrupt).await;
    }
}

async fn next_signal(terminate: &mut Signal, interrupt: &mut Signal) -> Received {
    tokio::select! {
        _ = terminate.recv() => Received { name: "SIGTERM", exit_code: 143 },
        _ = interrupt.recv() => Received { name: "SIGINT", exit_code: 130 },
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sleepers_wake_when_the_shutdown_is_requested() {
        let shutdown = Shutdown::manual(Duration::from_secs(1));
        assert!(shutdown.sleep(Duration::from_secs(5)).await);
        let sleeper = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.sleep(Duration::from_secs(3600)).await }
        });
        shutdown.trigger();
        assert!(!sleeper.await.unwrap());
        assert!(shutdown.is_requested());
        shutdown.requested().await;
    }

    /// The process would end here otherwise.
    #[tokio::test]
    async fn two_signals_at_once_are_one_wish() {
        let terminate = signal(SignalKind::user_defined1()).unwrap();
        let interrupt = signal(SignalKind::user_defined2()).unwrap();
        let both = format!("kill -USR1 {0}; kill -USR2 {0}", std::process::id());
        let sent = std::process::Command::new("sh").args(["-c", &both]).status();
        assert!(sent.unwrap().success());
        let shutdown = Shutdown::manual(Duration::from_secs(1));
        let watch = tokio::spawn(shutdown.clone().watch(terminate, interrupt));
        shutdown.requested().await;
        // Longer than it takes to read the other one, which is there already.
        tokio::time::timeout(SAME_WISH / 2, watch).await.unwrap_err();
    }

    #[test]
    fn a_part_ends_with_the_whole_and_not_the_other_way_round() {
        let shutdown = Shutdown::manual(Duration::from_secs(1));
        let (one, other) = (shutdown.child(), shutdown.child());
        one.trigger();
        assert!(one.is_requested() && !other.is_requested() && !shutdown.is_requested());
        shutdown.trigger();
        assert!(other.is_requested());
    }

    #[tokio::test(start_paused = true)]
    async fn draining_has_a_deadline() {
        let shutdown = Shutdown::manual(Duration::from_secs(25));
        assert_eq!(shutdown.drain(async { 7 }).await.unwrap(), 7);
        let stuck = shutdown.drain(std::future::pending::<()>()).await;
        assert_eq!(stuck.unwrap_err().to_string(), "not drained within 25s");
    }
}
