//! What may be typed about wishes.

use super::config::{OperatorArgs, ZoneArgs};
use crate::when;
use clap::{Args, Subcommand};
use pipeline::{
    config::CommonArgs,
    setting::{ConfigError, parse_duration},
    stage::Stage,
    wish::WishKind,
};
use std::time::Duration;

/// Arguments of `wish`.
#[derive(Debug, Args)]
pub struct WishArgs {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: WishCommand,
    #[command(flatten)]
    pub(super) zone: ZoneArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

/// What can be done about wishes.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum WishCommand {
    /// Ask running services for something, without the vendors' secrets
    #[command(subcommand)]
    Ask(What),
    /// List what was asked for, newest first, and what became of it
    List(ListArgs),
    /// Show one wish
    Show(ShowArgs),
    /// Take a wish back that nobody has taken yet
    Cancel(CancelArgs),
}

/// What can be asked for.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum What {
    /// List what has changed up to now, without waiting for the schedule
    ListNow(HowArgs),
    /// Fetch and write these customers, whatever is known of them
    Customers {
        /// Ids as OKKI has them
        #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
        id: Vec<String>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// List again what has changed between two times
    Period {
        /// From when on: 2h (ago), 2026-01-02, 2026-01-02T03:04:05 or 2026-01-02T03:04:05Z
        #[arg(long, value_name = "TIME")]
        since: String,
        /// Up to when [default: now]
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Compare everything that OKKI lists with everything that was loaded
    Reconcile {
        /// Have what differs fetched again, or handled as ON_REMOVAL of the loader says
        #[arg(long)]
        fix: bool,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Read the whole form again
    ReadForm(HowArgs),
    /// Examine broker, Redis and vendor from a running service, as `doctor` does, with its settings and keys
    Doctor {
        /// Another stage than this program's: extract, transform or load
        #[arg(long, value_name = "STAGE")]
        stage: Option<String>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Send a test notice from a running service, with its settings
    TestNotice {
        /// Another stage than this program's: extract, transform or load
        #[arg(long, value_name = "STAGE")]
        stage: Option<String>,
        #[command(flatten)]
        how: HowArgs,
    },
}

/// How something is asked for.
#[derive(Debug, Clone, Args)]
pub(super) struct HowArgs {
    /// Why; whoever looks at the wish sees it
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    /// A wish that nobody has taken for so long expires
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_duration)]
    pub(super) within: Duration,
    /// Wait until it is over; exit code 1 when it was not done
    #[arg(long)]
    pub(super) wait: bool,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// Arguments of `wish list`.
#[derive(Debug, Clone, Args)]
pub(super) struct ListArgs {
    /// So many at most
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(super) last: usize,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `wish show`.
#[derive(Debug, Clone, Args)]
pub(super) struct ShowArgs {
    /// Its id
    pub(super) wish: String,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `wish cancel`.
#[derive(Debug, Clone, Args)]
pub(super) struct CancelArgs {
    /// Its id
    pub(super) wish: String,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

impl What {
    /// As the library has it; `own` is the stage of the program that asks.
    pub(super) fn checked(self, own: Stage) -> Result<(WishKind, HowArgs), ConfigError> {
        Ok(match self {
            Self::ListNow(how) => (WishKind::ListNow, how),
            Self::Customers { id, how } => (WishKind::Customers { ids: id }, how),
            Self::Period { since, until, how } => {
                let from = second("--since", &since)?;
                let to = second("--until", until.as_deref().unwrap_or("0s"))?;
                (WishKind::Period { from, to }, how)
            }
            Self::Reconcile { fix, how } => (WishKind::Reconcile { fix }, how),
            Self::ReadForm(how) => (WishKind::ReadForm, how),
            Self::Doctor { stage, how } => {
                let stage = named(stage, own)?;
                (WishKind::Doctor { stage }, how)
            }
            Self::TestNotice { stage, how } => {
                let stage = named(stage, own)?;
                (WishKind::TestNotice { stage }, how)
            }
        })
    }
}

/// The stage that is typed, else the program's own.
fn named(stage: Option<String>, own: Stage) -> Result<Stage, ConfigError> {
    let Some(word) = stage else { return Ok(own) };
    Stage::named(word.trim()).ok_or_else(|| {
        let remedy = words::text!("write extract, transform or load");
        ConfigError::new("--stage", words::tr!("`{word}` is no stage"), remedy)
    })
}

fn second(name: &str, text: &str) -> Result<i64, ConfigError> {
    let remedy = words::text!("write 2h (ago), 2026-01-02, 2026-01-02T03:04:05 or 2026-01-02T03:04:05Z");
    let ms = when::parse_time(text).map_err(|problem| ConfigError::new(name, problem, remedy))?;
    Ok(ms.div_euclid(1_000))
}
