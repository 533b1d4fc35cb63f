//! `desk user`: who may sign in.

use super::{now, people};
use crate::{
    auth::{name::is_name, password},
    cli::UserCommand,
};
use pipeline::setting::ConfigError;
use replay::when;
use std::io::{self, BufRead, IsTerminal, Write};

/// Runs a `user` subcommand.
pub(crate) fn run(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { name, role, folder } => {
            let name = name.trim();
            if !is_name(name) {
                let problem = words::text!("a name has up to 64 letters, digits, and . _ - @");
                return Err(ConfigError::message(problem).into());
            }
            let people = people(&folder.data, &folder.namespace)?;
            let password = typed()?;
            if let Some(problem) = password::problem(&password) {
                return Err(ConfigError::message(problem).into());
            }
            let is_new = people.put(name, &password::hash(&password)?, role, now())?;
            let done = match is_new {
                true => words::tr!("{name} may sign in as {}", role.told()),
                false => words::tr!(
                    "{name} has a new password and is {} now; older sessions have ended",
                    role.told()
                ),
            };
            let namespace = &folder.namespace;
            pipeline::remark!(
                "people of the desk of namespace {namespace}, in {}",
                folder.data.display()
            );
            Ok(pipeline::say!("{done}")?)
        }
        UserCommand::List { json, folder } => {
            let all = people(&folder.data, &folder.namespace)?.list()?;
            if json {
                return Ok(pipeline::say!("{}", serde_json::to_string(&all)?)?);
            }
            if all.is_empty() {
                return Ok(pipeline::say!(
                    "nobody may sign in; next: desk user add NAME --role admin"
                )?);
            }
            for person in all {
                let (name, role, since) = (person.name, person.role.told(), when::time(person.added_at));
                pipeline::say!("{name}  {role}  since {since}")?;
            }
            Ok(())
        }
        UserCommand::Remove { name, folder } => {
            match people(&folder.data, &folder.namespace)?.remove(&name)? {
                true => Ok(pipeline::say!("{name} may not sign in any more")?),
                false => words::bail!("nobody is called `{name}`; `desk user list` names everybody"),
            }
        }
    }
}

/// The password: typed twice at a terminal, else the first line of standard input.
fn typed() -> anyhow::Result<String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return line(&mut stdin.lock());
    }
    let ask = |question: &str| -> anyhow::Result<String> {
        write!(io::stderr(), "{question}")?;
        let typed = hidden(|| line(&mut io::stdin().lock()));
        writeln!(io::stderr())?;
        typed
    };
    let first = ask(words::text!("password: "))?;
    if first != ask(words::text!("once more: "))? {
        words::bail!("the two passwords differ; nothing was changed");
    }
    Ok(first)
}

/// Nobody reads a password over a shoulder, where the terminal can be told so.
fn hidden<T>(what: impl FnOnce() -> T) -> T {
    let stty = |arg: &str| {
        let ran = std::process::Command::new("stty")
            .arg(arg)
            .stdin(std::process::Stdio::inherit())
            .status();
        ran.is_ok_and(|status| status.success())
    };
    let was_hidden = stty("-echo");
    let done = what();
    if was_hidden {
        stty("echo");
    }
    done
}

fn line(input: &mut impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
