//! Flags of everything that runs a plan.

use crate::{
    plan::{
        options::{Canary, Options},
        rate::Rate,
    },
    rule::share,
};
use clap::Args;
use std::time::Duration;

/// Flags of everything that runs a plan.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How to put them back")]
pub(super) struct RunArgs {
    /// Letters put back per second at most, or 200/m, 5000/h [default: as fast as they are handled]
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,
    /// Sizes of the first portions, each waiting for its outcomes, or `none` [default: 1,10]
    #[arg(long, value_name = "SIZES", value_parser = parse_canary)]
    canary: Option<Canary>,
    /// Stop when more than this share has failed again [default: 20%]
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    stop_at: Option<f64>,
    /// Letters under way at a time, so that live changes never wait behind many [default: what is handled in a second, at least 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    window: Option<u64>,
    /// How long no outcome may arrive before the replay pauses [default: a minute more than all retries take]
    #[arg(long, value_name = "DURATION", value_parser = pipeline::setting::parse_duration)]
    patience: Option<Duration>,
    /// Put everything back at once and do not wait for outcomes
    #[arg(long, conflicts_with_all = ["canary", "stop_at", "window", "patience"])]
    no_wait: bool,
}

impl RunArgs {
    /// The options where no flag says otherwise.
    pub(super) fn over(&self, options: Options) -> Options {
        if self.no_wait {
            return Options {
                rate: self.rate.or(options.rate),
                ..Options::at_once()
            };
        }
        Options {
            rate: self.rate.or(options.rate),
            canary: self.canary.clone().unwrap_or(options.canary),
            stop_at: self.stop_at.unwrap_or(options.stop_at),
            window: self.window.or(options.window),
            patience_ms: self
                .patience
                .map(|patience| u64::try_from(patience.as_millis()).unwrap_or(u64::MAX))
                .or(options.patience_ms),
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
        .ok_or_else(|| words::tr!("`{text}` is no list of sizes; write 1,10 or none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_as_people_write_them() {
        assert_eq!(parse_canary("1, 10").unwrap(), Canary(vec![1, 10]));
        assert_eq!(parse_canary("none").unwrap(), Canary(Vec::new()));
        assert!(parse_canary("0").is_err() && parse_canary("").is_err());
    }

    #[test]
    fn a_plan_remembers_its_options_until_a_flag_changes_them() {
        let stored = Options {
            rate: Some(Rate::from(7)),
            ..Options::default()
        };
        let args = RunArgs {
            stop_at: Some(0.5),
            ..RunArgs::default()
        };
        let next = args.over(stored);
        assert_eq!(
            (next.rate, next.stop_at, next.wait),
            (Some(Rate::from(7)), 0.5, true)
        );
        let hurried = RunArgs {
            no_wait: true,
            ..RunArgs::default()
        }
        .over(next);
        assert_eq!(
            (hurried.rate, hurried.wait, hurried.canary.0.len()),
            (Some(Rate::from(7)), false, 0)
        );
    }
}
