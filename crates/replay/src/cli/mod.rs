//! The `dead` subcommand, the same in each of the three programs for its own stage.

mod archive;
mod asked;
mod audit;
mod browse;
mod config;
mod desk;
mod edit;
mod exchange;
mod filter;
mod operations;
mod operator;
mod patch;
mod pause;
mod plan;
pub(crate) mod print;
mod replay;
mod rule;
mod rule_args;
mod run_args;
mod run_plan;
mod show;
mod spool;
mod stage;
mod status;
mod trace;
mod whom;
mod wish;
mod wish_args;

pub use config::show_in_terminals_zone;
pub use filter::FilterArgs;
pub use stage::{PauseStageArgs, ResumeStageArgs, pause_for, resume_for};
pub use status::{More, StatusArgs, StatusCommand, status, status_for};
pub use trace::{TraceArgs, TraceCommand, Traced, trace_for};
pub use wish::wish_for;
pub use wish_args::WishArgs;

use crate::{when, workspace::Workspace};
use pipeline::{
    config::{CommonArgs, CommonConfig},
    service::Runtime,
    setting::ConfigError,
    stage::Stage,
};

use clap::{Args, Subcommand};
use std::io::IsTerminal;

/// Arguments of `dead`.
#[derive(Debug, Args)]
pub struct DeadArgs {
    /// What to do with them.
    #[command(subcommand)]
    command: DeadCommand,
    #[command(flatten)]
    zone: config::ZoneArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// What to do with this stage's dead letters.
#[derive(Debug, Clone, Subcommand)]
enum DeadCommand {
    /// List them, oldest first; changes nothing
    List(browse::ListArgs),
    /// Count them by cause of failure, with an example of each
    Groups(browse::GroupsArgs),
    /// Show everything about one of them, its body included
    Show(show::ShowArgs),
    /// Choose letters and see what putting them back would mean; moves nothing
    #[command(after_help = "Example: dead plan --group 1f00c0de --reason \"field fixed in the form\"")]
    Plan(plan::PlanArgs),
    /// Put letters back to be handled again: a plan, or at once those that the filter means
    #[command(after_help = "Examples: dead replay p-20260102-030405-1f2e\n          \
        dead replay --code row-refused --reason \"field fixed in the form\"")]
    Replay(replay::ReplayArgs),
    /// Go on with a plan that was interrupted or has stopped itself, or with an interrupted discard or undo
    Resume(replay::ResumeArgs),
    /// End a plan; what it has not put back stays where it is
    Cancel(plan::CancelArgs),
    /// Let a running plan rest, whoever runs it; `resume` goes on
    Pause(pause::PauseArgs),
    /// Put letters back by themselves: so often, so fast, at these hours, and only as long as it helps
    #[command(subcommand)]
    Rule(rule::RuleCommand),
    /// List the plans and what became of them
    Plans(plan::PlansArgs),
    /// What became of each letter of a plan, those that failed again with place and reason
    Outcomes(plan::OutcomesArgs),
    /// Edit the body of one letter as JSON and put the copy back; the original goes to the archive
    Edit(edit::EditArgs),
    /// Change values in many letters, or map them anew, and put the copies back
    #[command(
        after_help = "Examples: dead patch 1f00c0de --set 客户名称=ACME --reason \"name was empty\"\n          \
        dead patch --code row-refused --trim 客户名称 --truncate 客户名称=50 --reason \"too long\"\n          \
        dead patch 1f00c0de --from fetch --reason \"mapping 1.4.2\""
    )]
    Patch(patch::PatchArgs),
    /// Move letters that are not needed to the archive; `undo` brings them back until their time is over
    Discard(archive::DiscardArgs),
    /// Take back a discard, a repair or an import
    Undo(archive::UndoArgs),
    /// Write letters as lines of JSON; changes nothing
    Export(exchange::ExportArgs),
    /// Add the letters of an export to the dead letters
    Import(exchange::ImportArgs),
    /// List discards, undos and imports, those that were interrupted with what can be done
    Operations(operations::OperationsArgs),
    /// Show who did what, when and why
    Audit(audit::AuditArgs),
}

/// Runs a `dead` subcommand of a program for its stage.
///
/// # Errors
/// When a setting is wrong, the broker or Redis is away, the filter matches nothing, or a replay has ended before
/// its end.
pub async fn run_for(service: &'static str, stage: Stage, args: DeadArgs) -> anyhow::Result<()> {
    let zone = args.zone.time_zone.as_deref();
    when::show_in(zone)
        .map_err(|problem| ConfigError::new("TZ", problem, words::text!("or leave it away")))?;
    let mut common = CommonConfig::try_from(args.common)?;
    quiet_at_terminal(&mut common);
    let rt = Runtime::tool(service, &common)?;
    let ended = run(&rt, stage, args.command).await;
    rt.events.finish().await;
    ended
}

/// At a terminal a result is not to be looked for between log lines.
fn quiet_at_terminal(common: &mut CommonConfig) {
    if std::io::stderr().is_terminal() && common.log.filter == "info" {
        "warn".clone_into(&mut common.log.filter);
    }
}

async fn run(rt: &Runtime, stage: Stage, command: DeadCommand) -> anyhow::Result<()> {
    let mut workspace = Workspace::new(rt.clone(), stage);
    workspace.notice = |line| pipeline::remark!("{line}");
    match command {
        DeadCommand::List(args) => browse::list(&workspace, args).await,
        DeadCommand::Groups(args) => browse::groups(&workspace, args).await,
        DeadCommand::Show(args) => show::show(&workspace, args).await,
        DeadCommand::Plan(args) => plan::plan(workspace, args).await,
        DeadCommand::Replay(args) => replay::replay(workspace, args).await,
        DeadCommand::Resume(args) => replay::resume(workspace, args).await,
        DeadCommand::Cancel(args) => plan::cancel(workspace, args).await,
        DeadCommand::Pause(args) => pause::pause(workspace, args).await,
        DeadCommand::Rule(command) => rule::rule(workspace, command).await,
        DeadCommand::Plans(args) => plan::plans(&workspace, args).await,
        DeadCommand::Outcomes(args) => plan::outcomes(&workspace, args).await,
        DeadCommand::Edit(args) => edit::edit(workspace, args).await,
        DeadCommand::Patch(args) => patch::patch(workspace, args).await,
        DeadCommand::Discard(args) => archive::discard(workspace, args).await,
        DeadCommand::Undo(args) => archive::undo(workspace, args).await,
        DeadCommand::Export(args) => exchange::export(workspace, args).await,
        DeadCommand::Import(args) => exchange::import(workspace, args).await,
        DeadCommand::Operations(args) => operations::operations(&workspace, args).await,
        DeadCommand::Audit(args) => audit::audit(&workspace, args).await,
    }
}
