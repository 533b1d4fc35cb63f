//! The command line of the extractor.

mod fields;
mod record;
mod webhook;

use crate::config::{BARE, DetailArgs, DocumentArgs, HookArgs, LeaseArgs, ListArgs, OkkiArgs, ScheduleArgs};
use clap::{Args, Parser, Subcommand};
use pipeline::{
    cli::common::CommonCommand,
    config::{CommonArgs, SharedArgs},
    doctor::DoctorArgs,
    http::HttpArgs,
    setup::SetupArgs,
};
use readmodel::cli::StageCommand;
use replay::{
    cli::{DeadArgs, TraceCommand},
    worker::WorkerArgs,
};

pub(crate) use fields::FieldsArgs;
pub(crate) use record::RecordArgs;
pub(crate) use webhook::{WebhookArgs, WebhookCommand, WebhookRegisterArgs};

/// Lists customers that changed in 小满 OKKI, fetches their details, and hands them to the transformer.
///
/// Start as many as you like: one of them lists, all of them fetch details within one shared quota.
#[derive(Debug, Parser)]
#[command(name = "extractor", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the extractor can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work until stopped: list on a schedule, fetch details all the time
    Run(RunArgs),
    /// List once and fetch until its details are done; with --since a backfill
    Sync(SyncArgs),
    /// The same as `sync` without dates, for a CronJob: quiet, and done at once when another replica lists
    Once(OnceArgs),
    /// Try credentials, permission, clock, one page and one detail, without changing anything
    Check(CheckArgs),
    /// Print one customer's detail answer as JSON, for `transformer mapping try FILE --company -`
    Fetch(FetchArgs),
    /// Print the fields that customers of the account have, and how a mapping names each of them
    ///
    /// With --json they come with the details of a few customers, which are personal data, for `transformer mapping draft`.
    Fields(FieldsArgs),
    /// Keep answers of the account in a folder, personal data replaced, for a report or a test
    Record(RecordArgs),
    /// Browse refs that could not be fetched, and put them back
    Dead(DeadArgs),
    /// Say where a customer is and what happened to it, over all stages
    Trace(TraceCommand),
    /// Examine broker, Redis, clocks and OKKI, and say what to do about each fault
    Doctor(DoctorCommandArgs),
    /// Tell OKKI where its webhook calls, and for which events
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Say whether all is well, over all stages (exit code 0 well, 1 not well or not all loaded yet, 2 cannot
    /// tell), and show runs, checkpoint, leader, and what is still to be fetched
    Status(Box<StatusArgs>),
    /// Compare everything that OKKI lists with everything that was loaded
    Reconcile(Box<ReconcileArgs>),
    /// Show the checkpoint, or set it after a clock was wrong
    #[command(subcommand)]
    Checkpoint(CheckpointCommand),
    /// What each of the three programs can do for its stage.
    #[command(flatten)]
    Stage(StageCommand),
    /// What every service can do.
    #[command(flatten)]
    Common(CommonCommand),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) okki: OkkiArgs,
    #[command(flatten)]
    pub(crate) list: ListArgs,
    #[command(flatten)]
    pub(crate) schedule: ScheduleArgs,
    #[command(flatten)]
    pub(crate) detail: DetailArgs,
    #[command(flatten)]
    pub(crate) lease: LeaseArgs,
    #[command(flatten)]
    pub(crate) hook: HookArgs,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

/// Arguments of `sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Backfill from this time: 2026-01-31, "2026-01-31 08:00:00" (Beijing), or an instant with a zone
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Backfill up to this time, a bare date to its end [default: now]
    #[arg(long, value_name = "TIME", requires = "since")]
    pub(crate) until: Option<String>,
    /// Fetch details even of versions that are loaded; with --id, write what OKKI shows even where a newer state was written
    #[arg(long)]
    pub(crate) force: bool,
    /// List everything again, as the first load does; what is known to be loaded costs no detail call
    #[arg(long, conflicts_with = "since")]
    pub(crate) full: bool,
    /// Fetch these customers now, whatever is known of them, and wait until their rows are written
    #[arg(
        long,
        value_name = "IDS",
        value_delimiter = ',',
        conflicts_with_all = ["since", "full", "restart"]
    )]
    pub(crate) id: Vec<String>,
    /// Drop an unfinished run and begin anew
    #[arg(long)]
    pub(crate) restart: bool,
    #[command(flatten)]
    pub(crate) once: OnceArgs,
}

/// Arguments of `once`.
#[derive(Debug, Args)]
pub(crate) struct OnceArgs {
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) okki: OkkiArgs,
    #[command(flatten)]
    pub(crate) list: ListArgs,
    #[command(flatten)]
    pub(crate) detail: DetailArgs,
    #[command(flatten)]
    pub(crate) lease: LeaseArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
#[command(mut_arg("source", |arg| arg.num_args(0..=1).default_missing_value(BARE)))]
pub(crate) struct ReconcileArgs {
    /// Have customers that are missing or stale fetched again, and have those that have left handled as ON_REMOVAL of the
    /// loader says
    #[arg(long)]
    pub(crate) fix: bool,
    /// Hand no leavings to the loader when more than this share of the customers (percent) has gone
    #[arg(long, default_value = "50", value_name = "PERCENT")]
    pub(crate) at_most: String,
    /// Begin again instead of going on where the last comparison was broken off
    #[arg(long)]
    pub(crate) restart: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) document: DocumentArgs,
    #[command(flatten)]
    pub(crate) okki: OkkiArgs,
    #[command(flatten)]
    pub(crate) list: ListArgs,
    #[command(flatten)]
    pub(crate) lease: LeaseArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Judge the source document and the settings only, without asking OKKI; so it is without credentials, too
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) okki: OkkiArgs,
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}

/// Arguments of `fetch`.
#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// Company id
    pub(crate) company: String,
    #[command(flatten)]
    pub(crate) okki: OkkiArgs,
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorCommandArgs {
    #[command(flatten)]
    pub(crate) how: DoctorArgs,
    #[command(flatten)]
    pub(crate) okki: OkkiArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}

/// What can be done with the checkpoint.
#[derive(Debug, Subcommand)]
pub(crate) enum CheckpointCommand {
    /// Show up to which update time everything is listed, and the clocks that it is compared with
    Show(CheckpointShowArgs),
    /// List from another time on; what is known to be loaded costs no detail call
    Set(CheckpointSetArgs),
}

/// Arguments of `checkpoint show`.
#[derive(Debug, Args)]
pub(crate) struct CheckpointShowArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Arguments of `checkpoint set`.
#[derive(Debug, Args)]
pub(crate) struct CheckpointSetArgs {
    /// 2026-01-31, "2026-01-31 08:00:00" (Beijing), or an instant with a zone; not in the future
    #[arg(value_name = "TIME")]
    pub(crate) at: String,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Where there was no checkpoint: load nobody who has not changed since TIME; without it the first load lists everybody
    #[arg(long)]
    pub(crate) nothing_earlier: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Finished runs to show, of the last 90 days and without those that a schedule made and that found nothing
    #[arg(long, default_value_t = 5)]
    pub(crate) runs: u16,
    #[command(flatten)]
    pub(crate) how: replay::cli::StatusArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
