//! From the command line to the exit code: the only place that prints a final error.
//!
//! Codes: 0 done, 1 failed (`status`: 1 not well, 2 cannot tell), 64 the command line was not understood, 78 a setting is missing or wrong.
//! `main.rs` of every service is `cli::execute(run).await` and nothing else.

use std::ffi::OsString;
use std::future::Future;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, Parser};

use words::Language;

use crate::{setting::ConfigError, setup::SettingsChanged};

pub mod accounting;
mod chinese;
pub mod common;
mod config;
mod notify;
pub mod output;
mod settled;
mod wrap;

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
    words::speak(words::of_environment());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(execute_from(std::env::args_os(), run)),
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
) -> anyhow::Result<u8>
where
    C: Parser,
    F: Future<Output = anyhow::Result<()>>,
{
    crate::tls::install_crypto();
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let command = match parsed::<C>(&args)? {
        Ok(command) => command,
        Err(error) => return Ok(report_parse::<C>(&error, &args)),
    };
    let ended = run(command).await;
    crate::telemetry::trace::finish().await;
    ended.map(|()| 0)
}

/// What was typed, with the settings of the setup's folder in their place. `run` does not end over settings of that folder that
/// are spoilt: it waits for better ones.
fn parsed<C: Parser>(args: &[OsString]) -> Result<Result<C, clap::Error>, ConfigError> {
    let read = |command: Command| {
        let matches = command.try_get_matches_from(args)?;
        let is_run = matches.subcommand_name() == Some("run");
        C::from_arg_matches(&matches).map(|command| (command, is_run))
    };
    let problem = match settled::settled(C::command(), args) {
        Ok(command) => match read(command) {
            Ok((command, _)) => return Ok(Ok(command)),
            Err(error) => Err(error),
        },
        Err(error) => Ok(error),
    };
    // Without the folder's settings the same words may say something: then the folder is at fault.
    match (problem, read(C::command())) {
        (Ok(unreadable), Ok((command, true))) => {
            crate::setup::spoil(words::english(|| unreadable.to_string()));
            Ok(Ok(command))
        }
        (Err(error), Ok((command, true))) => {
            let told = error.to_string();
            let first = told.lines().next().unwrap_or_default();
            crate::setup::spoil(first.trim_start_matches("error: ").to_owned());
            Ok(Ok(command))
        }
        (Ok(unreadable), Ok(_)) => Err(ConfigError::message(unreadable.to_string())),
        (Ok(_), Err(error)) | (Err(error), _) => Ok(Err(error)),
    }
}

fn report_parse<C: CommandFactory>(error: &clap::Error, args: &[OsString]) -> u8 {
    match words::current() {
        // Nobody is left to read it when standard output or error is closed.
        Language::English => drop(error.print()),
        Language::Chinese => chinese::print(error, C::command(), args),
    }
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
        ErrorKind::MissingRequiredArgument
        | ErrorKind::InvalidValue
        | ErrorKind::ValueValidation
        | ErrorKind::InvalidUtf8 => EXIT_CONFIG,
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
    let text = words::retold(&format!("{error:#}"));
    crate::remark!("error: {text}");
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
