//! Arguments of `books`.

use crate::config::CommonArgs;
use clap::Args;
use std::time::Duration;

/// Arguments of `books`.
#[derive(Debug, Args)]
pub struct BooksArgs {
    /// Only this run, finished or not [default: every run that is not finished, and the total]
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// A customer without a message in any queue is missing after this time
    #[arg(long, default_value = "15m", value_name = "DURATION", value_parser = crate::setting::parse_duration)]
    pub(super) patience: Duration,
    /// The settings of the pipeline.
    #[command(flatten)]
    pub(super) common: CommonArgs,
}
