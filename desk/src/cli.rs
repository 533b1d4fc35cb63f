//! The command line of the desk.

use crate::{
    auth::Role,
    config::{DeskArgs, FolderArgs},
};
use clap::{Args, Parser, Subcommand};
use pipeline::{cli::common::CommonCommand, config::CommonArgs};
use replay::{cli::StatusCommand, worker::WorkerArgs};
use std::time::Duration;

/// A web page that says whether all is well, what fails, and what to do.
///
/// Keeps the read model, shows it in Chinese and English, and carries out what operators decide. It needs no key of a vendor.
#[derive(Debug, Parser)]
#[command(name = "desk", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the desk can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the page and its API until stopped
    Run(Box<RunArgs>),
    /// Say whether all is well, over all stages: exit code 0 well, 1 not well, 2 cannot tell
    Status(Box<StatusCommand>),
    /// People who may sign in
    #[command(subcommand)]
    User(UserCommand),
    /// Tokens of programs that use the API
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print the OpenAPI document of the API
    Openapi,
    /// What every service can do.
    #[command(flatten)]
    Common(CommonCommand),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// What to do with people.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add somebody, or change their password and role; the password is read from the terminal or from standard input
    #[command(after_help = "Example: desk user add wang --role operator --data /var/lib/okki-desk")]
    Add {
        /// The name, which also stands in the audit log
        name: String,
        /// What they may do
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// List them
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Take somebody away; their sessions end at once
    Remove {
        /// Who
        name: String,
        #[command(flatten)]
        folder: FolderArgs,
    },
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, once
    Add {
        /// What it is for; it stands in the audit log
        name: String,
        /// What it may do
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
        /// How long it serves
        #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = pipeline::setting::parse_duration)]
        expires: Duration,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// List them; the tokens themselves are not kept
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folder: FolderArgs,
    },
    /// Take a token away at once
    Remove {
        /// Which
        name: String,
        #[command(flatten)]
        folder: FolderArgs,
    },
}
