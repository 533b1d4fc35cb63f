//! Whether and when a service works on dead letters by itself.

use clap::{ArgAction, Args};
use std::time::Duration;

/// Replays without a terminal.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Dead letters")]
pub struct WorkerArgs {
    /// Carry out the rules of `dead rule` and adopt replays whose process was killed
    #[arg(long, env = "REPLAY_WORKER", value_name = "BOOL", default_value = "true", action = ArgAction::Set)]
    replay_worker: bool,
    /// A replay that nobody runs any more is adopted after this time, so that `dead resume` comes first
    #[arg(long, env = "REPLAY_ADOPT_AFTER", value_name = "DURATION", default_value = "2m",
        value_parser = pipeline::setting::parse_duration)]
    replay_adopt_after: Duration,
}

/// Checked settings of the worker.
#[derive(Debug, Clone, Copy)]
pub(super) struct WorkerConfig {
    /// Whether it works at all.
    pub(super) is_on: bool,
    /// How long a replay must have been nobody's.
    pub(super) adopt_after: Duration,
}

impl From<WorkerArgs> for WorkerConfig {
    fn from(args: WorkerArgs) -> Self {
        Self {
            is_on: args.replay_worker,
            adopt_after: args.replay_adopt_after,
        }
    }
}
