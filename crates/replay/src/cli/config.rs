//! What the dead-letter commands take from their surroundings: who works, and with which editor.

use clap::Args;
use pipeline::setting::Secret;
use std::path::PathBuf;

/// Who is asked instead of the queue.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct DeskArgs {
    /// Ask who keeps a read model there (`events keep`) instead of the queue, which takes a moment however many letters there
    /// are: http://127.0.0.1:9470
    #[arg(long, env = "DESK_URL", value_name = "URL")]
    pub(super) desk: Option<String>,
    /// Token of that one, where it wants one
    #[arg(long, env = "DESK_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(super) desk_token: Option<Secret>,
    /// File that holds DESK_TOKEN
    #[arg(long, env = "DESK_TOKEN_FILE", value_name = "FILE")]
    pub(super) desk_token_file: Option<PathBuf>,
}

/// What every command that shows letters takes: whether nothing is masked, who is asked, and who asks.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct LookArgs {
    /// Show e-mail addresses and phone numbers in full
    #[arg(long)]
    pub(super) reveal: bool,
    #[command(flatten)]
    pub(super) desk: DeskArgs,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// Who works and why, for the audit log.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct OperatorArgs {
    /// Who does it, for the audit log [default: the user of the operating system]
    #[arg(long, value_name = "NAME")]
    pub(super) operator: Option<String>,
}

/// In which zone times are shown and read.
#[derive(Debug, Clone, Args)]
pub(super) struct ZoneArgs {
    /// Time zone of the times on the screen, for instance Asia/Shanghai [default: $TZ, else the machine's]
    #[arg(long, env = "TZ", hide_env = true, value_name = "ZONE")]
    pub(super) time_zone: Option<String>,
}

/// The zone of the terminal alone, for commands that have no flag for another one.
#[derive(Debug, clap::Parser)]
#[command(ignore_errors = true)]
struct Terminal {
    #[command(flatten)]
    zone: ZoneArgs,
}

/// Shows times in the zone of the terminal: that of `TZ`, else the machine's.
pub fn show_in_terminals_zone() {
    let terminal = <Terminal as clap::Parser>::try_parse_from(["zone"]).ok();
    let zone = terminal.and_then(|terminal| terminal.zone.time_zone);
    // What is no zone leaves the machine's.
    if crate::when::show_in(zone.as_deref()).is_err() {
        crate::when::show_in(None).unwrap_or_default();
    }
}

/// The editor of `dead edit`.
#[derive(Debug, Clone, Args)]
pub(super) struct EditorArgs {
    /// Editor to open [default: $EDITOR, else vi]
    #[arg(
        long,
        env = "EDITOR",
        hide_env = true,
        hide_default_value = true,
        default_value = "vi"
    )]
    pub(super) editor: String,
}
