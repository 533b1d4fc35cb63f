//! A yes of the operator, before something is done that cannot be taken back.

use std::io::{self, IsTerminal, Write};

use pipeline::setting::ConfigError;

/// Asks on the terminal; without one the answer has to be given as a flag.
pub(super) fn confirmed(question: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(ConfigError::message(words::tr!(
            "no terminal to confirm on; add --yes when the list above is right"
        ))
        .into());
    }
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
