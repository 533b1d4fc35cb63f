//! The command line of the desk.

use crate::{
    auth::Role,
    config::{DeskArgs, FolderArgs, SetupKeys},
    oidc::config::OidcArgs,
};
use clap::{Args, Parser, Subcommand};
use pipeline::{cli::common::CommonCommand, config::CommonArgs, http::HttpArgs};
use replay::{cli::StatusCommand, worker::WorkerArgs};
use std::{path::PathBuf, time::Duration};

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
    /// Say whether all is well, over all stages: exit code 0 well, 1 not well or not all loaded yet, 2 cannot tell
    Status(Box<StatusCommand>),
    /// Set the pipeline up: keys, form, key widget, mapping, first rows
    ///
    /// Asks for what is not given, unless --non-interactive. The three programs have to run with SETUP_DIR; keys go to them sealed,
    /// and nowhere else. What was chosen before, here or on the page /setup, need not be given again.
    #[command(
        after_help = "Example: desk setup --non-interactive --data /var/lib/okki-desk --app CRM --form 客户 --key-widget 'OKKI ID'"
    )]
    Setup(Box<SetupCommand>),
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
    pub(crate) oidc: OidcArgs,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Arguments of `setup`.
#[derive(Debug, Args)]
pub(crate) struct SetupCommand {
    /// Ask for nothing; what is missing is an error
    #[arg(long)]
    pub(crate) non_interactive: bool,
    /// App with the form, by name or id
    #[arg(long, value_name = "NAME")]
    pub(crate) app: Option<String>,
    /// The form, by name or id
    #[arg(long, value_name = "NAME")]
    pub(crate) form: Option<String>,
    /// Text widget that holds the customers' ids, by caption or name
    #[arg(long, value_name = "CAPTION")]
    pub(crate) key_widget: Option<String>,
    /// 轻易云 target document [default: a draft from captions that are alike]
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Rows without a key are the customers' whose contents of these widgets are the same
    #[arg(long = "match", value_name = "CAPTION,…", value_delimiter = ',')]
    pub(crate) matched: Vec<String>,
    /// With --match: write the keys, and do not only show whose the rows are
    #[arg(long, requires = "matched")]
    pub(crate) yes: bool,
    /// Rows without a key are none of the customers'
    #[arg(long, conflicts_with = "matched")]
    pub(crate) ignore_keyless: bool,
    /// Write all customers and follow what changes [default: the first 20 customers]
    #[arg(long)]
    pub(crate) everything: bool,
    /// Forget what was chosen before
    #[arg(long)]
    pub(crate) anew: bool,
    #[command(flatten)]
    pub(crate) keys: SetupKeys,
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
