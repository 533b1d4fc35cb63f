//! The transformer's own settings: what may be typed, and the checked form that the rest of the program gets.

use clap::Args;
use pipeline::{
    setting::{ConfigError, duration_within, parse_duration},
    settings,
};
use std::{path::PathBuf, time::Duration};

/// Longer than any batch needs: customers of a pipeline with little to do would wait for it.
const LONGEST_LINGER: Duration = Duration::from_secs(60);

/// How customers are mapped.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Mapping options")]
pub(crate) struct TransformArgs {
    /// 轻易云 target document (JSON) that says which field gets which value (required)
    #[arg(long, env = "MAPPING", value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Our additions to the document (JSON): widget types, time zone; a widget list of the form will do
    #[arg(long, env = "MAPPING_EXTRAS", value_name = "FILE")]
    pub mapping_extras: Option<PathBuf>,
    /// Customers mapped in one go
    #[arg(long, env = "BATCH_SIZE", default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub batch_size: u16,
    /// How long the first customer of a batch waits for company
    #[arg(long, env = "LINGER", default_value = "5ms", value_name = "DURATION")]
    pub linger: String,
    /// Batches at work at the same time
    #[arg(long, env = "CONCURRENCY", default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// Keep the last snapshot of each customer in Redis, so that everything can be mapped again, and the effect of another
    /// mapping be told, without fetching; see SNAPSHOT_KEY
    #[arg(long, env = "KEEP_SNAPSHOTS")]
    pub keep_snapshots: bool,
}

/// Checked settings of the stage.
#[derive(Debug, Clone)]
pub(crate) struct TransformConfig {
    /// Target document.
    pub mapping: PathBuf,
    /// Additions to it.
    pub extras: Option<PathBuf>,
    /// Records per batch.
    pub batch_size: usize,
    /// Wait of an incomplete batch.
    pub linger: Duration,
    /// Batches in flight.
    pub concurrency: usize,
    /// The last snapshot of each customer is kept.
    pub keeps_snapshots: bool,
}

impl TryFrom<TransformArgs> for TransformConfig {
    type Error = ConfigError;

    fn try_from(args: TransformArgs) -> Result<Self, ConfigError> {
        let remedy = words::text!(
            "name the integrator's target document, for example --mapping mappings/default.json"
        );
        let mapping = args
            .mapping
            .ok_or_else(|| ConfigError::new("MAPPING", words::text!("is required but not set"), remedy));
        let linger = linger(&args.linger);
        settings! {
            mapping = mapping;
            linger = linger;
        }
        Ok(Self {
            mapping,
            extras: args.mapping_extras,
            batch_size: args.batch_size.into(),
            linger,
            concurrency: args.concurrency.into(),
            keeps_snapshots: args.keep_snapshots,
        })
    }
}

fn linger(text: &str) -> Result<Duration, ConfigError> {
    let linger = parse_duration(text).map_err(|problem| {
        ConfigError::new("LINGER", problem, words::text!("write a duration such as 5ms"))
    })?;
    duration_within(
        "LINGER",
        linger,
        ..=LONGEST_LINGER,
        words::text!("keeps customers longer than any batch needs"),
        words::text!("write at most 1m"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_company_longer_than_a_minute() {
        for text in ["0ms", "5ms", "1m"] {
            assert!(linger(text).is_ok(), "{text}");
        }
        for text in ["61s", "24h", "five"] {
            assert!(linger(text).is_err(), "{text}");
        }
    }
}
