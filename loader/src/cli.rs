//! The command line of the loader.

use clap::{Args, Parser, Subcommand};
use pipeline::cli::accounting::BooksArgs;
use pipeline::cli::common::CommonCommand;
use pipeline::doctor::DoctorArgs;
use pipeline::setup::SetupArgs;
use pipeline::webhook::WebhookArgs;
use pipeline::{
    config::{CommonArgs, SharedArgs},
    http::HttpArgs,
};
use readmodel::cli::StageCommand;
use replay::{
    cli::{DeadArgs, StatusCommand, TraceArgs},
    worker::WorkerArgs,
};

use crate::config::{CompanyArgs, FormArgs, LimitArgs, MergeArgs, SetFormArgs, WriteArgs};
use crate::pushes::config::PushArgs;

/// Writes customers to a Jiandaoyun (简道云) form, each to exactly one row.
///
/// Start as many as you like: they share quotas, claims and the index of the form through Redis. A loader that dies
/// leaves nothing half done; the next one finishes its batches.
#[derive(Debug, Parser)]
#[command(name = "loader", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the loader can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work until stopped
    Run(Box<RunArgs>),
    /// Show the apps and forms of the company, or the widgets of one form, and which of them can hold the customers' ids
    Form(Box<FormCommandArgs>),
    /// Try key, form and mapping without writing anything
    Check(CheckArgs),
    /// The index of the form in Redis
    #[command(subcommand)]
    Index(Box<IndexCommand>),
    /// Compare what should be in the form with what is there
    Reconcile(ReconcileArgs),
    /// Give rows that others have made the keys of their customers
    Adopt(Box<AdoptArgs>),
    /// Removals that wait because too many rows would go
    #[command(subcommand)]
    Removals(Box<RemovalsCommand>),
    /// Say where a customer is and what happened to it, over all stages, in the ledger and in the form
    Trace(TraceCommandArgs),
    /// Dead letters of this stage
    Dead(Box<DeadArgs>),
    /// Say where every listed customer is; fails when one is nowhere
    Books(Box<BooksArgs>),
    /// Say whether all is well, over all stages: exit code 0 well, 1 not well or not all loaded yet, 2 cannot tell
    Status(Box<StatusCommand>),
    /// Examine broker, Redis, clocks, form and mapping, and say what to do about each fault
    Doctor(DoctorCommandArgs),
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
    pub(crate) form: FormArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) pushes: PushArgs,
    #[command(flatten)]
    pub(crate) hook: WebhookArgs,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

/// Arguments of `form`.
#[derive(Debug, Args)]
pub(crate) struct FormCommandArgs {
    /// App by name or id
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) app: Option<String>,
    /// Form by name or id; without --app in any app
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) form: Option<String>,
    /// Count the rows that have nothing in this widget
    #[arg(long, value_name = "CAPTION|NAME")]
    pub(crate) key_widget: Option<String>,
    /// Show all apps and forms, also when JDY_ENTRY_ID is set
    #[arg(long, conflicts_with_all = ["app", "form", "key_widget"])]
    pub(crate) all: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) set: SetFormArgs,
    #[command(flatten)]
    pub(crate) company: CompanyArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: Box<RunArgs>,
}

/// What to do with the index.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Read the whole form again; running loaders look up what they need meanwhile. With --merge-duplicates, delete
    /// all rows of a customer but the oldest
    Rebuild(Box<RebuildArgs>),
    /// Show what the index knows of a customer
    Show(ShowArgs),
    /// List customers that have several rows in the form, and what --merge-duplicates would delete
    Duplicates(ShowDuplicatesArgs),
}

/// Arguments of `index rebuild`.
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    pub(crate) merge: MergeArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Arguments of `index show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Company id
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) run: Box<RunArgs>,
}

/// Arguments of `index duplicates`.
#[derive(Debug, Args)]
pub(crate) struct ShowDuplicatesArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: Box<RunArgs>,
}

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    /// Have customers that differ fetched and written again; extra rows are left alone
    #[arg(long)]
    pub(crate) fix: bool,
    /// Begin again instead of going on where the last run was broken off
    #[arg(long)]
    pub(crate) restart: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: Box<RunArgs>,
}

/// Arguments of `adopt`.
#[derive(Debug, Args)]
pub(crate) struct AdoptArgs {
    /// Widgets whose contents say which customer a row belongs to, by name or caption; all of them have to agree
    #[arg(long = "match", value_name = "WIDGET", value_delimiter = ',', required = true)]
    pub(crate) widgets: Vec<String>,
    /// Only show what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Show examples with e-mail addresses and phone numbers
    #[arg(long)]
    pub(crate) reveal: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// What to do about removals that wait.
#[derive(Debug, Subcommand)]
pub(crate) enum RemovalsCommand {
    /// Show what waits and what was decided
    Show(ShowRemovalsArgs),
    /// Let everything go that waits now, and count anew
    Allow {
        /// Also what comes within this time
        #[arg(long = "for", value_name = "DURATION")]
        ahead: Option<String>,
        #[command(flatten)]
        decide: DecideArgs,
    },
    /// Keep the rows of everything that waits now
    Keep(DecideArgs),
}

/// Arguments of `removals show`.
#[derive(Debug, Args)]
pub(crate) struct ShowRemovalsArgs {
    /// So many customers at most
    #[arg(long, default_value_t = 20, value_name = "CUSTOMERS")]
    pub(crate) last: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) run: Box<RunArgs>,
}

/// Arguments of `removals allow` and `keep`.
#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// Why; it stays in the log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) run: Box<RunArgs>,
}

/// Arguments of `trace`.
#[derive(Debug, Args)]
pub(crate) struct TraceCommandArgs {
    #[command(flatten)]
    pub(crate) how: TraceArgs,
    #[command(flatten)]
    pub(crate) run: Box<RunArgs>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorCommandArgs {
    #[command(flatten)]
    pub(crate) how: DoctorArgs,
    #[command(flatten)]
    pub(crate) run: Box<RunArgs>,
}
