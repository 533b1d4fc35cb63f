//! `desk token`: what programs sign in with.

use super::{now, people};
use crate::{
    auth::{secret, store::Token},
    cli::TokenCommand,
};
use pipeline::setting::ConfigError;
use replay::when;
use std::time::Duration;

/// Nobody remembers for longer who has it.
const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);

/// Runs a `token` subcommand.
pub(crate) fn run(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Add {
            name,
            role,
            expires,
            folder,
        } => {
            serves(expires)?;
            let (secret, now) = (secret::random(), now());
            let life = i64::try_from(expires.as_millis()).unwrap_or(i64::MAX);
            let token = Token {
                name,
                role,
                added_at: now,
                ends_at: now.saturating_add(life),
            };
            if !people(&folder.data, &folder.namespace)?.add_token(&token, &secret)? {
                words::bail!(
                    "there is a token called `{0}`; `desk token remove {0}` takes it away",
                    token.name
                );
            }
            pipeline::remark!(
                "the token of {}, with the role {}, until {}; it is shown this once:",
                token.name,
                role.told(),
                when::time(token.ends_at)
            );
            Ok(pipeline::say!("{secret}")?)
        }
        TokenCommand::List { json, folder } => {
            let all = people(&folder.data, &folder.namespace)?.tokens()?;
            if json {
                return Ok(pipeline::say!("{}", serde_json::to_string(&all)?)?);
            }
            if all.is_empty() {
                return Ok(pipeline::say!(
                    "there is no token; next: desk token add NAME --role viewer"
                )?);
            }
            for token in all {
                let (name, role, ends) = (token.name, token.role.told(), when::time(token.ends_at));
                match token.ends_at > now() {
                    true => pipeline::say!("{name}  {role}  until {ends}")?,
                    false => pipeline::say!("{name}  {role}  ended {ends}")?,
                }
            }
            Ok(())
        }
        TokenCommand::Remove { name, folder } => {
            match people(&folder.data, &folder.namespace)?.remove_token(&name)? {
                true => Ok(pipeline::say!("the token {name} serves no more")?),
                false => words::bail!("no token is called `{name}`; `desk token list` names all"),
            }
        }
    }
}

fn serves(expires: Duration) -> Result<(), ConfigError> {
    match expires.is_zero() || expires > LONGEST {
        true => Err(ConfigError::message(words::text!(
            "a token serves for at least 1s and at most 3650d"
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_serves_for_a_while_and_not_for_ever() {
        assert!(serves(Duration::from_secs(1)).is_ok() && serves(LONGEST).is_ok());
        assert!(serves(Duration::ZERO).is_err() && serves(LONGEST * 2).is_err());
    }
}
