//! The command line of `extractor webhook`.

use crate::config::{HookTokenArgs, OkkiArgs};
use clap::{Args, Subcommand};
use pipeline::{config::SharedArgs, http::HttpArgs};
use std::path::PathBuf;

/// What can be done with OKKI's webhook; it takes an application with 消息推送 (scope `webhook`), which the Pro plan has.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Let OKKI call this address for every change of a customer; repeating it changes nothing
    Register(WebhookRegisterArgs),
    /// Show where OKKI calls, and for which events
    Status(WebhookArgs),
    /// Let OKKI send a test to the registered address, and say whether it liked the answer
    Test(WebhookArgs),
    /// Let OKKI call nobody any more
    Remove(WebhookArgs),
}

/// Arguments of `webhook register`.
#[derive(Debug, Args)]
pub(crate) struct WebhookRegisterArgs {
    /// Public address of the listener; /hook/TOKEN is added from HOOK_TOKEN when it has no path
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// Take the place of another address that is registered
    #[arg(long)]
    pub(crate) replace: bool,
    /// Let OKKI make a new secret; calls are refused until HOOK_SECRET has it
    #[arg(long)]
    pub(crate) new_secret: bool,
    /// Write the secret into this file instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) token: HookTokenArgs,
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// Arguments of every `webhook` command.
#[derive(Debug, Args)]
pub(crate) struct WebhookArgs {
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
