//! Settings that the desk's setup has written (`SETUP_DIR`) stand where defaults stand: a variable or a flag wins.

use super::config::{Early, is_unset};
use crate::setup::{FolderError, Settings, SetupFolder};
use clap::{Arg, ArgAction, Command, Parser};
use std::ffi::OsString;

/// The command with the settings of the folder that arguments or environment name, if they name one.
pub(super) fn settled(command: Command, args: &[OsString]) -> Result<Command, FolderError> {
    let service = match command.get_name() {
        "extractor" => "extractor",
        "transformer" => "transformer",
        "loader" => "loader",
        _ => return Ok(command),
    };
    // Whatever else stands there is read afterwards, and complained about.
    let folder = Early::try_parse_from(args)
        .ok()
        .and_then(|early| early.setup.setup_dir);
    let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(command);
    };
    let settings = SetupFolder::new(&folder, service).settings()?;
    Ok(filled(command, &settings))
}

fn filled(command: Command, settings: &Settings) -> Command {
    let command = command.mut_args(|arg| with_setting(arg, settings));
    command.mut_subcommands(|inner| filled(inner, settings))
}

fn with_setting(arg: Arg, settings: &Settings) -> Arg {
    let variable = arg.get_env().and_then(|name| name.to_str()).map(str::to_owned);
    let Some(variable) = variable.filter(|name| is_unset(name)) else {
        return arg;
    };
    match settings.get(&variable) {
        // An empty variable, as compose files set it, would stand in the way; no shell can set one of this name.
        Some(value) => {
            let shows = arg.get_num_args().is_none_or(|count| count.takes_values())
                && !matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse);
            arg.env(format!("{variable}.none"))
                .hide_env(true)
                .default_value(value.expose().to_owned())
                .hide_default_value(shows)
        }
        None => arg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::Secret;

    fn program() -> Command {
        let valued = |name: &'static str| Arg::new(name).long(name);
        let run = Command::new("run")
            .arg(valued("key").env("SETTLED_TEST_KEY"))
            .arg(valued("size").env("SETTLED_TEST_SIZE").default_value("100"))
            .arg(
                valued("switch")
                    .env("SETTLED_TEST_SWITCH")
                    .action(ArgAction::SetTrue),
            );
        Command::new("loader").subcommand(run)
    }

    fn parsed(settings: &[(&str, &str)], args: &[&str]) -> Result<(Option<String>, String, bool), String> {
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect();
        let args = ["loader", "run"].iter().chain(args);
        let matches = filled(program(), &settings)
            .try_get_matches_from(args)
            .map_err(|error| error.to_string())?;
        let run = matches.subcommand_matches("run").unwrap();
        let text = |name: &str| run.get_one::<String>(name).cloned();
        Ok((text("key"), text("size").unwrap(), run.get_flag("switch")))
    }

    #[test]
    fn what_was_set_up_stands_where_defaults_stand() {
        assert_eq!(parsed(&[], &[]), Ok((None, "100".into(), false)));
        let settings = [
            ("SETTLED_TEST_KEY", "k"),
            ("SETTLED_TEST_SIZE", "7"),
            ("SETTLED_TEST_SWITCH", "true"),
        ];
        assert_eq!(parsed(&settings, &[]), Ok((Some("k".into()), "7".into(), true)));
        assert_eq!(
            parsed(&settings, &["--size", "9"]),
            Ok((Some("k".into()), "9".into(), true))
        );
    }

    #[test]
    fn help_shows_nothing_that_was_set_up() {
        let help = parsed(&[("SETTLED_TEST_KEY", "s3cret")], &["--help"]).unwrap_err();
        assert!(!help.contains("s3cret"), "{help}");
    }
}
