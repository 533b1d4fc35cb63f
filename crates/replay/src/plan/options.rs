//! How a plan is run: speed, canary, when it stops by itself.

use clap::Args;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Flags of everything that runs a plan.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How to put them back")]
pub struct RunArgs {
    /// Letters put back per second at most [default: as fast as they are handled]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// Sizes of the first portions, each waiting for its outcomes, or `none` [default: 1,10]
    #[arg(long, value_name = "SIZES", value_parser = parse_canary)]
    pub canary: Option<Canary>,
    /// Stop when more than this share has failed again [default: 20%]
    #[arg(long, value_name = "PERCENT", value_parser = parse_ratio)]
    pub stop_at: Option<f64>,
    /// Letters under way at a time, so that live changes never wait behind many [default: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub window: Option<u64>,
    /// How long no outcome may arrive before the replay pauses [default: a minute more than all retries take]
    #[arg(long, value_name = "DURATION", value_parser = pipeline::setting::parse_duration)]
    pub patience: Option<Duration>,
    /// Put everything back at once and do not wait for outcomes
    #[arg(long, conflicts_with_all = ["canary", "stop_at", "window", "patience"])]
    pub no_wait: bool,
}

/// Sizes of the first portions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Canary(pub Vec<u64>);

/// Checked options; kept with the plan, so that `resume` goes on in the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Letters per second.
    pub rate: Option<u32>,
    /// First portions.
    pub canary: Canary,
    /// Share of failures that is too much.
    pub stop_at: f64,
    /// Letters under way at a time.
    pub window: u64,
    /// Longest silence in milliseconds; `None`: by the retry ladder.
    pub patience_ms: Option<u64>,
    /// Whether the outcomes are waited for.
    pub wait: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rate: None,
            canary: Canary(vec![1, 10]),
            stop_at: 0.2,
            window: 1_000,
            patience_ms: None,
            wait: true,
        }
    }
}

impl Options {
    /// Everything at once, and nobody waits.
    #[must_use]
    pub fn at_once() -> Self {
        Self {
            canary: Canary(Vec::new()),
            wait: false,
            ..Self::default()
        }
    }

    /// These options where no flag says otherwise.
    #[must_use]
    pub fn with(self, args: &RunArgs) -> Self {
        if args.no_wait {
            return Self {
                rate: args.rate.or(self.rate),
                ..Self::at_once()
            };
        }
        Self {
            rate: args.rate.or(self.rate),
            canary: args.canary.clone().unwrap_or(self.canary),
            stop_at: args.stop_at.unwrap_or(self.stop_at),
            window: args.window.unwrap_or(self.window),
            patience_ms: args
                .patience
                .map(|patience| u64::try_from(patience.as_millis()).unwrap_or(u64::MAX))
                .or(self.patience_ms),
            wait: true,
        }
    }
}

fn parse_canary(text: &str) -> Result<Canary, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Canary(Vec::new()));
    }
    let size = |part: &str| part.trim().parse().ok().filter(|size: &u64| *size > 0);
    let sizes: Option<Vec<_>> = text.split(',').map(size).collect();
    sizes
        .map(Canary)
        .ok_or_else(|| format!("`{text}` is no list of sizes; write 1,10 or none"))
}

fn parse_ratio(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim().parse::<f64>().ok();
    number
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| format!("`{text}` is no share; write a percentage from 0 to 100 such as 20 or 20%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_people_write_them() {
        assert_eq!(parse_canary("1, 10").unwrap(), Canary(vec![1, 10]));
        assert_eq!(parse_canary("none").unwrap(), Canary(Vec::new()));
        assert!(parse_canary("0").is_err() && parse_canary("").is_err());
        assert_eq!(parse_ratio("20%"), Ok(0.2));
        assert!(parse_ratio("120").is_err() && parse_ratio("x").is_err());
    }

    #[test]
    fn a_plan_remembers_its_options_until_a_flag_changes_them() {
        let kept = Options {
            rate: Some(7),
            ..Options::default()
        };
        let args = RunArgs {
            stop_at: Some(0.5),
            ..RunArgs::default()
        };
        let next = kept.with(&args);
        assert_eq!((next.rate, next.stop_at, next.wait), (Some(7), 0.5, true));
        let hurried = next.with(&RunArgs {
            no_wait: true,
            ..RunArgs::default()
        });
        assert_eq!(
            (hurried.rate, hurried.wait, hurried.canary.0.len()),
            (Some(7), false, 0)
        );
    }
}
