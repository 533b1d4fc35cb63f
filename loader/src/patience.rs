//! How long a batch is tried, and when the end of the process cuts that short.

use std::time::{Duration, Instant};

use pipeline::shutdown::Shutdown;

/// How long a batch is tried: the deliveries of a batch must go back long before the broker's time-out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) until: Instant,
}

/// The end of the process for batches under way: they may be finished until shortly before the drain deadline.
#[derive(Clone)]
pub(crate) struct Stopping(Shutdown);

impl Stopping {
    pub(crate) fn new(shutdown: Shutdown) -> Self {
        Self(shutdown)
    }

    /// Completes when nothing new may be begun any more.
    pub(crate) async fn over(&self) {
        self.0.too_late().await;
    }

    /// Whether that is so now.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_too_late()
    }
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            until: Instant::now() + limit,
        }
    }

    /// Nothing is left of it.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Sleeps, but not beyond the end; `false` when it is over or the process must stop now.
    pub(crate) async fn sleep(&self, wait: Duration, stopping: &Stopping) -> bool {
        let end = (Instant::now() + wait).min(self.until);
        tokio::select! {
            () = tokio::time::sleep_until(end.into()) => !self.is_over(),
            () = stopping.over() => false,
        }
    }
}
