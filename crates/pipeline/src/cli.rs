//! From the command line to the exit code: the only place that prints a final error.
//!
//! Codes: 0 done, 1 failed (`status`: 1 not well, 2 cannot tell), 64 the command line was not understood, 78 a setting is missing or wrong.
//! `main.rs` of every service is `cli::execute(run).await` and nothing else.

use std::ffi::OsString;
use std::future::Future;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, Parser};

use words::Language;

use crate::{
    setting::ConfigError,
    setup::{FolderError, Settings, SettingsChanged, SetupFolder},
    stage::Stage,
};
use env_file::EnvFiles;
use layers::Layers;

pub mod accounting;
mod blanks;
mod chinese;
pub mod common;
mod config;
mod env_file;
mod layers;
mod notify;
pub mod output;
mod refusals;
mod show;
pub mod variables;
mod wrap;

pub use show::{Checks, Documents};

/// The command line was not understood (`EX_USAGE`).
pub(crate) const EXIT_USAGE: u8 = 64;
/// A setting is missing or wrong (`EX_CONFIG`).
pub(crate) const EXIT_CONFIG: u8 = 78;

/// What a command has found is its exit code; what it means has been printed.
#[derive(Debug, thiserror::Error)]
#[error("exit code {0}")]
pub struct Found(pub u8);

/// Parses the process's arguments, runs, and turns the result into the exit code.
pub fn execute<C, F>(run: impl FnOnce(C) -> F) -> ExitCode
where
    C: Parser,
    F: Future<Output = anyhow::Result<()>>,
{
    execute_with(run, |_| Vec::new(), |_| Ok(()))
}

/// The same of a program some of whose settings may come from documents, and which knows without running what is wrong with them.
pub fn execute_with<C, F>(run: impl FnOnce(C) -> F, documents: Documents, checks: Checks<C>) -> ExitCode
where
    C: Parser,
    F: Future<Output = anyhow::Result<()>>,
{
    words::speak(words::of_environment());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(execute_from(std::env::args_os(), run, (documents, checks))),
        Err(error) => Err(anyhow::Error::new(error).context(words::text!("start the runtime"))),
    };
    let ended = match ended {
        // Other settings mean another process; it keeps its id, so whoever started it sees nothing of it.
        Err(error) if error.is::<SettingsChanged>() => Err(begin_anew()),
        ended => ended,
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(report(&error)),
    }
}

/// Puts a new process of the same program in the place of this one; returns only when that fails.
fn begin_anew() -> anyhow::Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error.into(),
    };
    let failed = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .exec();
    anyhow::Error::new(failed).context(words::text!("begin anew with other settings"))
}

/// The same with given arguments, the program's name first.
pub(crate) async fn execute_from<C, F>(
    args: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    run: impl FnOnce(C) -> F,
    own: (Documents, Checks<C>),
) -> anyhow::Result<u8>
where
    C: Parser,
    F: Future<Output = anyhow::Result<()>>,
{
    crate::tls::install_crypto();
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let command = match parsed::<C>(&args, own)? {
        Parsed::Command(command) => command,
        Parsed::Printed(code) => return Ok(code),
        Parsed::Refused(error) => return Ok(report_parse::<C>(&error, &args)),
    };
    let ended = run(command).await;
    crate::telemetry::trace::finish().await;
    ended.map(|()| 0)
}

/// What becomes of the arguments.
enum Parsed<C> {
    Command(C),
    /// What was asked for has been printed; with the exit code that it deserves.
    Printed(u8),
    Refused(clap::Error),
}

/// The command line of a program with what every program understands: on each of its subcommands.
fn program<C: CommandFactory>() -> Command {
    config::with_sources(C::command())
}

/// What was typed, with what was given elsewhere in the place of the defaults. `run` does not end over settings of the setup's
/// folder that are spoilt: it waits for better ones. Other commands say so and do without them.
fn parsed<C: Parser>(args: &[OsString], own: (Documents, Checks<C>)) -> Result<Parsed<C>, ConfigError> {
    let program = program::<C>();
    let paths = layers::typed_paths(&program, args, config::ENV_FILE);
    let mut layers = Layers {
        files: EnvFiles::read(&paths)?,
        setup: None,
    };
    variables::note(layers.files.settings());
    let unreadable = match set_up(&program, args, &layers) {
        Ok(setup) => {
            layers.setup = setup;
            None
        }
        Err(error) => Some(error),
    };
    let read = |layers: &Layers| -> Result<(Parsed<C>, bool), clap::Error> {
        let (command, faults) = layers.laid(program.clone(), args);
        if let (Some(fault), Some(_)) = (faults.first(), &layers.setup) {
            return Err(command.clone().error(ErrorKind::InvalidValue, fault));
        }
        let matches = refusals::matches(&command, args, faults)?;
        let is_run = matches.subcommand_name() == Some("run");
        if layers::leaf(&command, &matches).1.get_flag(config::PRINT_CONFIG) {
            let (documents, checks) = own;
            let wrong = show::faults(C::from_arg_matches(&matches)?, checks);
            let is_right = wrong.is_empty();
            // Nobody is left to read it when standard output is closed.
            drop(show::print(&command, &matches, layers, documents, wrong));
            return Ok((Parsed::Printed(if is_right { 0 } else { EXIT_CONFIG }), is_run));
        }
        Ok((Parsed::Command(C::from_arg_matches(&matches)?), is_run))
    };
    let problem = match (unreadable, read(&layers)) {
        (None, Ok((parsed, _))) => return Ok(parsed),
        (None, Err(error)) if layers.setup.is_none() => return Ok(Parsed::Refused(error)),
        (None, Err(error)) => Err(error),
        (Some(error), _) => Ok(error),
    };
    layers.setup = None;
    // Without the folder's settings the same words may say something: then the folder is at fault.
    match (problem, read(&layers)) {
        (problem, Ok((parsed, is_run))) => {
            leave_out(is_run, fault(problem));
            Ok(parsed)
        }
        (Ok(unreadable), Err(error)) => {
            // What is missing now may stand there.
            leave_out(false, fault(Ok(unreadable)));
            Ok(Parsed::Refused(error))
        }
        (Err(error), Err(_)) => Ok(Parsed::Refused(error)),
    }
}

/// What is wrong with the settings of the setup's folder, in English: they cannot be read, or one of them is none.
fn fault(problem: Result<FolderError, clap::Error>) -> String {
    match problem {
        Ok(unreadable) => words::english(|| unreadable.to_string()),
        Err(error) => {
            let told = error.to_string();
            let first = told.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}

/// `run` waits for better settings; whoever looks for the fault needs the other commands.
fn leave_out(is_run: bool, problem: String) {
    match is_run {
        true => crate::setup::spoil(problem),
        false => crate::remark!(
            "the settings in SETUP_DIR are left out: {}",
            words::retold(&problem)
        ),
    }
}

/// What lies in the folder of the setup that arguments, environment or a file name; the desk has none of its own.
fn set_up(
    program: &Command,
    args: &[OsString],
    layers: &Layers,
) -> Result<Option<(PathBuf, Settings)>, FolderError> {
    let mut services = Stage::ALL.into_iter().map(Stage::program);
    let Some(service) = services.find(|service| *service == program.get_name()) else {
        return Ok(None);
    };
    let is_named = |folder: &PathBuf| !folder.as_os_str().is_empty();
    let typed = layers::typed_paths(program, args, "setup_dir").pop();
    let early = config::Early::try_parse_from(args.first()).ok();
    let set = early
        .and_then(|early| early.setup.setup_dir)
        .map(|folder| blanks::without(&folder));
    let set = set.filter(is_named);
    let in_file = || {
        layers
            .files
            .settings()
            .get("SETUP_DIR")
            .map(|folder| PathBuf::from(folder.expose()))
    };
    let Some(folder) = typed.or(set).or_else(in_file).filter(is_named) else {
        return Ok(None);
    };
    let folder = SetupFolder::new(&folder, service);
    Ok(Some((folder.path("env"), folder.settings()?)))
}

fn report_parse<C: CommandFactory>(error: &clap::Error, args: &[OsString]) -> u8 {
    match words::current() {
        // Nobody is left to read it when standard output or error is closed.
        Language::English => drop(error.print()),
        Language::Chinese => chinese::print(error, program::<C>(), args),
    }
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
        _ if refusals::is_half_typed(error) => EXIT_USAGE,
        // What a variable may give instead is never required here: who reads the settings says that it is missing.
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::InvalidUtf8 => EXIT_CONFIG,
        _ => EXIT_USAGE,
    }
}

fn report(error: &anyhow::Error) -> u8 {
    if is_closed_pipe(error) {
        return 0;
    }
    if let Some(Found(code)) = error.downcast_ref() {
        return *code;
    }
    // What a part of the program has said in English for others to read is told again here.
    // Of several faults each has a line of its own.
    for line in format!("{error:#}").lines() {
        let text = words::retold(line);
        crate::remark!("error: {text}");
    }
    exit_code(error)
}

fn exit_code(error: &anyhow::Error) -> u8 {
    let in_chain = error.chain().any(|cause| cause.is::<ConfigError>());
    if in_chain || error.downcast_ref::<ConfigError>().is_some() {
        EXIT_CONFIG
    } else {
        1
    }
}

/// `… list | head` closes our output early; the reader asked for no more, it is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_kind =
        |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<io::Error>().map(io::Error::kind);
    error
        .chain()
        .any(|cause| io_kind(cause) == Some(io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
#[path = "cli/tests.rs"]
mod tests;
