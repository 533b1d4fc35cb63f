//! How old the live run's checkpoint is, polled by every replica whatever else stands still, for metrics, `/status` and
//! notices.

use crate::{
    okki::time,
    state::{KindState, RunKind, State},
};
use pipeline::{admin::StatusBoard, service::Runtime, store, telemetry::names};
use std::time::Duration;

/// How often the age is polled.
const POLL: Duration = Duration::from_secs(5);

/// From when on changes in the CRM have not been listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Since {
    ms: i64,
    is_checkpoint: bool,
}

/// Reports the age of the live run's checkpoint.
pub(crate) struct CheckpointWatch {
    rt: Runtime,
    state: State,
    /// As Redis last said.
    since: Since,
}

impl CheckpointWatch {
    /// Nothing is asked yet.
    pub(crate) fn new(rt: Runtime, state: State) -> Self {
        let since = Since {
            ms: time::now_ms(),
            is_checkpoint: false,
        };
        Self { rt, state, since }
    }

    /// Polls until shutdown, also while the gate is closed: an outage of OKKI must not hide that nothing is listed.
    ///
    /// The age counts from the checkpoint in Redis, whichever replica moved it. Before the first checkpoint it counts
    /// from when any replica first polled, which Redis keeps, so that a restart does not begin anew. While Redis is
    /// away it goes on from what Redis last said; a process that has never reached it counts from its own start.
    ///
    /// `ALERT_CHECKPOINT_AGE` has to exceed the longest time between two runs (`EVERY`, or the longest gap of `CRON`),
    /// `SETTLE_DELAY`, and the time that a run takes: the age grows by all of them between two checkpoints.
    pub(crate) async fn run(mut self) {
        loop {
            match self.ask().await {
                Ok(since) => self.since = since,
                Err(error) => {
                    tracing::debug!(%error, "the checkpoint's age is counted from what was last known")
                }
            }
            self.report(time::now_ms());
            if !self.rt.shutdown.sleep(POLL).await {
                return;
            }
        }
    }

    async fn ask(&self) -> Result<Since, store::Error> {
        let state = self.state.standing(RunKind::Live).await?;
        show_listing(&self.rt.status, &state);
        Ok(match state.checkpoint {
            Some(seconds) => Since {
                ms: seconds.saturating_mul(1_000),
                is_checkpoint: true,
            },
            None => Since {
                ms: self.state.watched_since(RunKind::Live, self.since.ms).await?,
                is_checkpoint: false,
            },
        })
    }

    fn report(&self, now_ms: i64) {
        let age = self.since.age(now_ms);
        if self.since.is_checkpoint {
            metrics::gauge!(names::CHECKPOINT_AGE).set(age.as_secs_f64().floor());
        }
        self.rt.alerts.checkpoint_age(age);
    }
}

/// Puts how the live runs stand on the board; the age is that of the moment at which somebody looks.
pub(crate) fn show_listing(board: &StatusBoard, state: &KindState) {
    let (checkpoint, run) = (state.checkpoint, state.run.clone());
    board.compute("listing", move || {
        serde_json::json!({
            "checkpoint": checkpoint.map(time::format),
            "checkpoint_age_s": checkpoint.map(|checkpoint| time::now().saturating_sub(checkpoint)),
            "run": run,
        })
    });
}

impl Since {
    /// Clocks differ: a checkpoint in the future is a new one.
    fn age(self, now_ms: i64) -> Duration {
        Duration::from_millis(u64::try_from(now_ms.saturating_sub(self.ms)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_counts_from_the_checkpoint_or_from_the_first_poll() {
        for is_checkpoint in [true, false] {
            let since = Since {
                ms: 1_000,
                is_checkpoint,
            };
            assert_eq!(since.age(61_500), Duration::from_millis(60_500));
            assert_eq!(since.age(1_000), Duration::ZERO);
        }
    }

    #[test]
    fn the_age_on_the_board_grows_while_nothing_happens() {
        let board = StatusBoard::default();
        let state = KindState {
            checkpoint: Some(time::now() - 100),
            ..KindState::default()
        };
        show_listing(&board, &state);
        let age = || board.snapshot()["listing"]["checkpoint_age_s"].as_i64().unwrap();
        let first = age();
        assert!(first >= 100);
        while age() == first {
            std::thread::yield_now();
        }
        assert!(age() > first);
    }

    #[test]
    fn a_checkpoint_in_the_future_has_no_age() {
        let since = Since {
            ms: i64::MAX,
            is_checkpoint: true,
        };
        assert_eq!(since.age(1_000), Duration::ZERO);
        let since = Since {
            ms: i64::MIN,
            is_checkpoint: true,
        };
        assert!(since.age(i64::MAX) > Duration::from_secs(60));
    }
}
