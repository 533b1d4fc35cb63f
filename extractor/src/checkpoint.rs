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
    /// By how much Redis' clock was last ahead of ours, in milliseconds.
    apart_ms: i64,
    /// The checkpoint lies in the future, as people know.
    is_ahead: bool,
}

impl CheckpointWatch {
    /// Nothing is asked yet.
    pub(crate) fn new(rt: Runtime, state: State) -> Self {
        let since = Since {
            ms: time::now_ms(),
            is_checkpoint: false,
        };
        Self {
            rt,
            state,
            since,
            apart_ms: 0,
            is_ahead: false,
        }
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
                Ok((since, state)) => {
                    self.since = since;
                    self.apart_ms = state.redis_ms - time::now_ms();
                    self.judge(&state);
                }
                Err(error) => {
                    tracing::debug!(%error, "the checkpoint's age is counted from what was last known")
                }
            }
            self.report(time::now_ms() + self.apart_ms);
            if !self.rt.shutdown.sleep(POLL).await {
                return;
            }
        }
    }

    async fn ask(&self) -> Result<(Since, KindState), store::Error> {
        let state = self.state.standing(RunKind::Live).await?;
        show_listing(&self.rt.status, &state);
        let since = match state.listed_ms() {
            Some(ms) => Since {
                ms,
                is_checkpoint: true,
            },
            // Counted on Redis' clock: one replica whose own is ahead would hide for all that nothing is listed.
            None => Since {
                ms: {
                    let mine = self.since.ms + (state.redis_ms - time::now_ms());
                    self.state.watched_since(RunKind::Live, mine).await?
                },
                is_checkpoint: false,
            },
        };
        Ok((since, state))
    }

    /// A checkpoint in the future stops the listing until then: said as an error, once, and notified of.
    fn judge(&mut self, state: &KindState) {
        let ahead = state.checkpoint.filter(|_| state.is_ahead());
        let detail = ahead.map(|checkpoint| {
            words::tr!(
                "it is {}; find out which clock was wrong, then `extractor checkpoint set TIME --reason WHY`",
                time::stamp(checkpoint)
            )
        });
        if let Some(detail) = detail.as_deref().filter(|_| !self.is_ahead) {
            tracing::error!(detail, "checkpoint lies in the future, nothing is listed");
        }
        self.is_ahead = detail.is_some();
        self.rt.alerts.checkpoint_ahead(detail);
    }

    fn report(&self, now_ms: i64) {
        let waited = match self.since.is_checkpoint {
            true => {
                metrics::gauge!(names::CHECKPOINT_AGE).set(self.since.seconds(now_ms) as f64);
                0.0
            }
            false => self.since.age(now_ms).as_secs_f64(),
        };
        metrics::gauge!(names::CHECKPOINT_AWAITED).set(waited);
        // Of a checkpoint in the future nobody knows how old it is.
        if !self.is_ahead {
            self.rt.alerts.checkpoint_age(self.since.age(now_ms));
        }
    }
}

/// Puts how the live runs stand on the board; the age is that of the moment at which somebody looks.
pub(crate) fn show_listing(board: &StatusBoard, state: &KindState) {
    let (checkpoint, listed_ms, run) = (state.checkpoint, state.listed_ms(), state.run.clone());
    board.compute("listing", move || {
        serde_json::json!({
            "checkpoint": checkpoint.map(time::format),
            "checkpoint_age_s": listed_ms.map(|at_ms| time::now_ms().saturating_sub(at_ms).div_euclid(1_000)),
            "run": run,
        })
    });
}

impl Since {
    /// Negative for a checkpoint in the future.
    fn seconds(self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(self.ms).div_euclid(1_000)
    }

    /// Clocks differ a little: what is not clearly in the future is new.
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
    fn a_checkpoint_in_the_future_has_a_negative_age() {
        let since = Since {
            ms: 90_000,
            is_checkpoint: true,
        };
        assert_eq!((since.age(1_000), since.seconds(1_000)), (Duration::ZERO, -89));
        let since = Since {
            ms: i64::MIN,
            is_checkpoint: true,
        };
        assert!(since.age(i64::MAX) > Duration::from_secs(60));
    }
}
