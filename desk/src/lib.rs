//! The desk: one page that says whether all is well, what fails, and what to do; and an API that can do the same.
//!
//! `server` lets people in and answers them, `auth` knows who they are, `oidc` asks a provider who somebody is. `views` gathers what there is to see, once for the
//! pages (`pages`) and for the API (`api`). `work` carries out what operators decide; it goes on when they close the page.
//! `commands` puts it together; `cli` says what may be typed, `config` what of it comes from the environment.

#![warn(unreachable_pub)]

mod api;
mod asking;
mod auth;
mod cli;
mod commands;
mod config;
mod drafts;
mod oidc;
mod pages;
mod server;
mod setup;
mod views;
mod work;

pub use cli::Cli;

use cli::Command;

/// What is wrong with the settings of a command, for `--print-config`.
///
/// # Errors
/// Something is.
pub fn check(cli: Cli) -> Result<(), pipeline::setting::ConfigError> {
    match cli.command {
        Command::Run(args) => commands::run::check(*args),
        _ => Ok(()),
    }
}

/// Runs a command to its end.
///
/// # Errors
/// When a setting is wrong, or the command fails.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Run(args) => commands::run::run(*args).await,
        Command::Status(args) => replay::cli::status_for("desk", *args).await,
        Command::Setup(command) => commands::setup::run(*command).await,
        Command::User(command) => commands::user::run(command),
        Command::Token(command) => commands::token::run(command),
        Command::Openapi => Ok(pipeline::say!("{}", api::document())?),
        Command::Common(command) => pipeline::cli::common::run::<Cli>(command).await,
    }
}
