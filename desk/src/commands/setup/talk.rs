//! Who sits at the terminal: what is asked, what is missing, how far something is.

use crate::setup::{Kept, Tried};
use anyhow::Context;
use pipeline::{
    setting::ConfigError,
    wish::{State, Wishes},
};
use replay::workspace::Workspace;
use std::{
    io::{self, Write},
    time::Duration,
};

/// How often it is looked how far a wish is.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A person or a script.
pub(super) struct Talk {
    /// Somebody sits there who may be asked.
    pub(super) asks: bool,
    pub(super) workspace: Workspace,
    pub(super) kept: Kept,
    pub(super) tried: Tried,
}

impl Talk {
    pub(super) async fn wait(&self, wish: Option<&str>) -> anyhow::Result<()> {
        let wishes = Wishes::of(&self.workspace.rt);
        let id = wish.context("a wish")?;
        loop {
            let wish = wishes.load(id).await?;
            match wish.state {
                State::Done => return Ok(pipeline::say!("✓ {}", words::retold(&wish.outcome))?),
                state if state.is_over() => anyhow::bail!(words::retold(&wish.outcome)),
                _ => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
    /// What somebody types, or which setting is missing.
    pub(super) fn typed(&self, name: &str) -> anyhow::Result<String> {
        if !self.asks {
            let problem = words::text!("is required but not set");
            return Err(ConfigError::new(
                name,
                problem,
                words::tr!("set it, or leave --non-interactive away"),
            )
            .into());
        }
        print!("{name}: ");
        io::stdout().flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// The only one of some, or the one that somebody chooses.
    pub(super) fn one_of(&self, flag: &str, names: &[String]) -> anyhow::Result<usize> {
        match names.len() {
            0 => words::bail!("{flag}: there is none of that name"),
            1 => return Ok(0),
            _ if !self.asks => words::bail!("{flag} has to name one of:\n  {}", names.join("\n  ")),
            _ => {}
        }
        for (at, name) in names.iter().enumerate() {
            pipeline::say!("{:4} {name}", at + 1)?;
        }
        let number: usize = self.typed(flag)?.parse().unwrap_or(0);
        match number.checked_sub(1).filter(|at| *at < names.len()) {
            Some(at) => Ok(at),
            None => words::bail!("{flag}: type a number from 1 to {}", names.len()),
        }
    }
}
