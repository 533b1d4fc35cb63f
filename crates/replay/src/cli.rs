//! The `dead` subcommand, the same in each of the three programs for its own stage.

mod browse;
mod keep;
mod repair;
mod replay;

use super::workspace::Workspace;
use pipeline::{
    config::{CommonArgs, CommonConfig},
    service::Runtime,
    setting::ConfigError,
    stage::Stage,
};

use clap::{Args, Subcommand};
use std::io::{self, Write};

/// Arguments of `dead`.
#[derive(Debug, Args)]
pub struct DeadArgs {
    /// What to do with them.
    #[command(subcommand)]
    command: DeadCommand,
    #[command(flatten)]
    common: CommonArgs,
}

/// What to do with this stage's dead letters.
#[derive(Debug, Clone, Subcommand)]
pub enum DeadCommand {
    /// List them, oldest first; looking changes nothing
    List(browse::ListArgs),
    /// Count them by what they died of, with an example of each
    Groups(browse::GroupsArgs),
    /// Show everything about one of them, its body included
    Show(browse::ShowArgs),
    /// Choose letters and see what putting them back would mean; moves nothing
    #[command(after_help = "Example: dead plan --group 1f00c0de --reason \"field fixed in the form\"")]
    Plan(replay::PlanArgs),
    /// Put letters back to be handled again: a plan, or at once those that the filter means
    #[command(after_help = "Examples: dead replay p-20260102-030405-1f2e\n          \
        dead replay --code row-refused --reason \"field fixed in the form\"")]
    Replay(replay::ReplayArgs),
    /// Go on with a plan that was interrupted or has stopped itself
    Resume(replay::ResumeArgs),
    /// End a plan; what it has not put back stays where it is
    Cancel(replay::CancelArgs),
    /// List the plans and what became of them
    Plans(replay::PlansArgs),
    /// Edit the body of one letter as JSON and put the copy back; the original goes to the archive
    Edit(repair::EditArgs),
    /// Change a value in a whole group, or map it anew, and put the copies back
    #[command(
        after_help = "Examples: dead patch 1f00c0de --set 客户名称=ACME --reason \"name was empty\"\n          \
        dead patch 1f00c0de --remap --reason \"mapping 1.4.2\""
    )]
    Patch(repair::PatchArgs),
    /// Put letters away that nobody needs; `undo` brings them back until their time is over
    Discard(keep::DiscardArgs),
    /// Bring back what a discard or a repair put away
    Undo(keep::UndoArgs),
    /// Write letters as lines of JSON; changes nothing
    Export(keep::ExportArgs),
    /// Add the letters of an export to the dead letters
    Import(keep::ImportArgs),
    /// Show who did what, when and why
    Audit(keep::AuditArgs),
}

/// Runs a `dead` subcommand of a program for its stage.
///
/// # Errors
/// When a setting is wrong, and as [`run`].
pub async fn run_for(service: &'static str, stage: Stage, args: DeadArgs) -> anyhow::Result<()> {
    let rt = Runtime::tool(service, &CommonConfig::try_from(args.common)?)?;
    run(&rt, stage, args.command).await
}

/// Runs a `dead` subcommand.
///
/// # Errors
/// When the broker or Redis is away, nothing is meant by the filter, or a replay has ended before its end.
pub async fn run(rt: &Runtime, stage: Stage, command: DeadCommand) -> anyhow::Result<()> {
    let workspace = Workspace::new(rt.clone(), stage);
    match command {
        DeadCommand::List(args) => browse::list(&workspace, args).await,
        DeadCommand::Groups(args) => browse::groups(&workspace, args).await,
        DeadCommand::Show(args) => browse::show(&workspace, args).await,
        DeadCommand::Plan(args) => replay::plan(workspace, args).await,
        DeadCommand::Replay(args) => replay::replay(workspace, args).await,
        DeadCommand::Resume(args) => replay::resume(workspace, args).await,
        DeadCommand::Cancel(args) => replay::cancel(workspace, args).await,
        DeadCommand::Plans(args) => replay::plans(&workspace, args).await,
        DeadCommand::Edit(args) => repair::edit(workspace, args).await,
        DeadCommand::Patch(args) => repair::patch(workspace, args).await,
        DeadCommand::Discard(args) => keep::discard(workspace, args).await,
        DeadCommand::Undo(args) => keep::undo(workspace, args).await,
        DeadCommand::Export(args) => keep::export(workspace, args).await,
        DeadCommand::Import(args) => keep::import(workspace, args).await,
        DeadCommand::Audit(args) => keep::audit(&workspace, args).await,
    }
}

impl Workspace {
    fn by(mut self, args: super::config::OperatorArgs) -> Self {
        if let Some(operator) = args.operator.filter(|name| !name.trim().is_empty()) {
            self.operator = operator;
        }
        self
    }
}

/// A reason that says something.
fn reason(text: &str) -> Result<&str, ConfigError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ConfigError::message("--reason must say why; write one sentence"));
    }
    Ok(text)
}

/// Output that is shown when the letters are back: a reader that takes its time must not keep them from others.
/// Where no file can be written, as in a container, it is kept in memory.
enum Spool {
    File(io::BufWriter<std::fs::File>),
    Memory(Vec<u8>),
}

impl Spool {
    fn new() -> Self {
        match tempfile::tempfile() {
            Ok(file) => Self::File(io::BufWriter::new(file)),
            Err(_) => Self::Memory(Vec::new()),
        }
    }

    fn show(self) -> io::Result<()> {
        use io::Seek;
        let mut out = io::stdout().lock();
        match self {
            Self::File(file) => {
                let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.rewind()?;
                io::copy(&mut file, &mut out)?;
            }
            Self::Memory(bytes) => out.write_all(&bytes)?,
        }
        out.flush()
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Memory(kept) => kept.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Memory(_) => Ok(()),
        }
    }
}

/// Asks on the terminal; without one the answer has to be given as a flag.
fn confirmed(question: &str, yes: bool) -> anyhow::Result<bool> {
    use io::IsTerminal;
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(ConfigError::message("nobody is there to confirm; add --yes").into());
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
