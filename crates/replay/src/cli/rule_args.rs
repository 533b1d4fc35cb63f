//! What a rule is made of, as flags.

use super::config::OperatorArgs;
use crate::{
    plan::rate::Rate,
    query::{Problem, Query},
    rule::{Hours, Rule, ms, share},
    when,
    workspace::Workspace,
};
use clap::Args;
use std::time::Duration;

/// Arguments of `rule add`.
#[derive(Debug, Clone, Args)]
pub(super) struct AddArgs {
    /// Its name: small letters, digits and -
    name: String,
    /// Which letters, for instance 'code=row-refused and age<7d'; an age is one at the time of each run
    #[arg(long = "where", value_name = "QUERY", value_parser = readable)]
    query: String,
    /// Why, for the audit log
    #[arg(long)]
    pub(super) reason: String,
    /// From one run to the next
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = pipeline::setting::parse_duration)]
    every: Duration,
    /// How fast: 20 (a second), 200/m, 5000/h [default: as fast as they are handled]
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,
    /// Letters that were put back so often, by whomever, stay where they are
    #[arg(long, value_name = "N", default_value_t = 2)]
    at_most_replays: u32,
    /// Letters of one run at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    at_most: Option<u64>,
    /// Only at these hours: 02:00-06:00, 22:00-06:00; a run that is not over by then goes on the next day
    #[arg(long, value_name = "HOURS")]
    between: Option<Hours>,
    /// The rule switches itself off when more than this share of a run fails again
    #[arg(long, value_name = "PERCENT", default_value = "20%", value_parser = share)]
    stop_at: f64,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
    /// The rule as JSON
    #[arg(long)]
    pub(super) json: bool,
}

fn readable(text: &str) -> Result<String, Problem> {
    text.parse::<Query>().map(|_| text.to_owned())
}

impl AddArgs {
    /// The rule of the workspace's stage.
    pub(super) fn rule(self, workspace: &Workspace) -> Rule {
        Rule {
            name: self.name,
            stage: workspace.stage.name().to_owned(),
            query: self.query,
            reason: self.reason,
            operator: workspace.operator.clone(),
            made_at: 0,
            every_ms: ms(self.every),
            rate: self.rate,
            most_replays: self.at_most_replays,
            at_most: self.at_most,
            hours: self.between,
            zone: when::zone_id(),
            stop_at: self.stop_at,
        }
    }
}
