//! What a command needs from the operator: a name, a reason, a confirmation.

use super::config::OperatorArgs;
use crate::workspace::Workspace;
use pipeline::setting::ConfigError;
use std::io::{self, IsTerminal, Write};

/// The workspace under the name that the operator gives.
pub(super) fn by(mut workspace: Workspace, args: OperatorArgs) -> Workspace {
    if let Some(operator) = args.operator.filter(|name| !name.trim().is_empty()) {
        workspace.operator = operator;
    }
    workspace
}

/// A reason that says something.
pub(super) fn reason(text: &str) -> Result<&str, ConfigError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ConfigError::message("--reason must say why; write one sentence"));
    }
    Ok(text)
}

/// Asks on the terminal; without one the answer has to be given as a flag.
pub(super) fn confirmed(question: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(ConfigError::message("no terminal to confirm on; add --yes").into());
    }
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
