//! What the dead-letter commands take from their surroundings: who works, and with which editor.

use clap::Args;

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
