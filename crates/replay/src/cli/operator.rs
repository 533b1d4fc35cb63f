//! What a command needs from the operator: a name, a reason, a confirmation.

use super::config::OperatorArgs;
use crate::{
    error::{Error, Result},
    workspace::Workspace,
};
use pipeline::{mask::mask_text, setting::ConfigError};
use std::io::{self, IsTerminal, Write};

/// The workspace under the name that the operator gives.
pub(super) fn by(mut workspace: Workspace, args: OperatorArgs) -> Workspace {
    if let Some(operator) = args.operator.filter(|name| !name.trim().is_empty()) {
        workspace.operator = operator;
    }
    workspace
}

/// A reason that says something; it is kept for long and read by many, so telephone numbers and mail addresses in it are masked.
pub(super) fn reason(text: &str) -> std::result::Result<String, ConfigError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ConfigError::message(words::text!(
            "--reason must say why; write one sentence"
        )));
    }
    Ok(mask_text(text))
}

/// Asks on the terminal; without one the answer has to be given as a flag.
pub(super) async fn confirmed(workspace: &Workspace, question: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(ConfigError::message(words::text!("no terminal to confirm on; add --yes")).into());
    }
    Ok(answered(workspace, question).await?)
}

/// Asks where there is somebody to ask.
pub(super) async fn confirmed_at_terminal(workspace: &Workspace, question: &str, yes: bool) -> Result<bool> {
    if yes || !io::stdin().is_terminal() {
        return Ok(true);
    }
    answered(workspace, question).await
}

pub(super) fn at_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// The answer is read by a thread that nobody waits for, so that an interrupt ends the command at once.
pub(super) async fn answered(workspace: &Workspace, question: &str) -> Result<bool> {
    write!(io::stderr(), "{question} [y/N] ")?;
    let (sender, answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line).map(|_| line);
        drop(sender.send(read));
    });
    tokio::select! {
        answer = answer => {
            let line = answer.unwrap_or_else(|_| Ok(String::new()))?;
            Ok(["y", "yes"].contains(&line.trim().to_lowercase().as_str()))
        }
        () = workspace.stop.requested() => {
            writeln!(io::stderr())?;
            Err(Error::Interrupted(words::text!("nothing was moved")))
        }
    }
}
