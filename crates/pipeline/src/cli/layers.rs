//! Where settings come from, the strongest first: what was typed, the environment, files of variables (`--env-file`), what the
//! desk's setup has written (`SETUP_DIR`), defaults. Of two settings that exclude each other the stronger one stays.

use super::{
    blanks::{self, Padded},
    config::{is_blank, is_unset, set_value},
    env_file::EnvFiles,
};
use crate::{
    setting::{ConfigError, Secret},
    setup::Settings,
};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::Resettable, parser::ValueSource};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::PathBuf,
};

/// A variable that no shell can set stands in the place of one that is not asked: an empty one, as compose files set it, would
/// stand in the way.
const NONE: &str = ".none";

/// What is given besides the command line.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) files: EnvFiles,
    /// The folder of the desk's setup, and what lies in it.
    pub(super) setup: Option<(PathBuf, Settings)>,
}

/// A setting of the subcommand that was typed.
pub(super) struct Known {
    pub(super) id: String,
    pub(super) long: Option<String>,
    pub(super) variable: Option<String>,
    /// Ids of what it excludes.
    excludes: BTreeSet<String>,
    pub(super) typed: bool,
    /// Its variable is still asked.
    pub(super) asks: bool,
}

impl Layers {
    /// The command with everything that was given in the place of its defaults, and what was given and cannot be.
    pub(super) fn laid(&self, command: Command, args: &[OsString]) -> (Command, Vec<ConfigError>) {
        let known = settings_of(&command, args);
        let mut given: BTreeSet<String> = known
            .iter()
            .filter(|one| one.typed)
            .map(|one| one.id.clone())
            .collect();
        let mut silent = BTreeSet::new();
        let mut filled = Settings::new();
        let names = |one: &Known| one.variable.clone().unwrap_or_default();
        let mut layer =
            |has: &dyn Fn(&str) -> bool, take: &mut dyn FnMut(&str), beaten: &mut dyn FnMut(&str)| {
                let stronger = given.clone();
                for one in known.iter().filter(|one| !one.typed && has(&names(one))) {
                    let excluded = known.iter().any(|other| {
                        stronger.contains(&other.id) && other.id != one.id && exclude(one, other)
                    });
                    if excluded {
                        beaten(&names(one));
                    } else if !stronger.contains(&one.id) {
                        take(&names(one));
                        given.insert(one.id.clone());
                    }
                }
            };
        let mut padded = Vec::new();
        let mut take = |variable: &str| {
            if let Some(bare) = bare(variable, set_value(variable).as_deref(), &mut padded) {
                filled.insert(variable.to_owned(), bare);
            }
        };
        layer(&|variable| !is_unset(variable), &mut take, &mut |variable| {
            silent.insert(variable.to_owned());
        });
        let weaker = [
            Some(self.files.settings()),
            self.setup.as_ref().map(|(_, settings)| settings),
        ];
        for settings in weaker.into_iter().flatten() {
            let mut take = |variable: &str| {
                if let Some(value) = settings.get(variable) {
                    let bare = bare(variable, Some(value.expose()), &mut padded);
                    filled.insert(variable.to_owned(), bare.unwrap_or_else(|| value.clone()));
                }
            };
            layer(
                &|variable| settings.contains_key(variable),
                &mut take,
                &mut |_| {},
            );
        }
        let silenced = silenced(command, &silent);
        let faults = RefCell::new(BTreeMap::from_iter(padded));
        let is_of_leaf = |variable: &str| known.iter().any(|one| names(one) == variable);
        let filled = with_each(silenced, &|arg| with_setting(arg, &filled, &faults));
        let faults = faults.into_inner().into_iter();
        let faults = faults.filter(|(variable, _)| is_of_leaf(variable));
        (filled, faults.map(|(_, fault)| fault).collect())
    }
}

/// The command without variables that are beaten or say nothing.
fn silenced(command: Command, silent: &BTreeSet<String>) -> Command {
    with_each(command, &|arg| match variable_of(&arg) {
        Some(variable) if silent.contains(&variable) || is_blank(&variable) => {
            arg.env(format!("{variable}{NONE}"))
        }
        _ => arg,
    })
}

/// What a value says that has blanks around it; where they may be meant, that is a fault.
fn bare(variable: &str, value: Option<&str>, faults: &mut Vec<(String, ConfigError)>) -> Option<Secret> {
    match blanks::padded(variable, value)? {
        Padded::Means(bare) => Some(Secret::new(bare)),
        Padded::MayMean(fault) => {
            faults.push((variable.to_owned(), fault));
            None
        }
    }
}

/// One says in another way what the other says, or clap knows that they exclude each other.
fn exclude(one: &Known, other: &Known) -> bool {
    let pair = |one: &Known, other: &Known| {
        let variable = one.variable.as_deref();
        let file = other
            .variable
            .as_deref()
            .and_then(|file| file.strip_suffix("_FILE"));
        variable.is_some() && variable == file
    };
    one.excludes.contains(&other.id)
        || other.excludes.contains(&one.id)
        || pair(one, other)
        || pair(other, one)
}

/// The settings of the subcommand that was typed; nothing while nobody can tell which.
pub(super) fn settings_of(command: &Command, args: &[OsString]) -> Vec<Known> {
    let Some(matches) = typed(command, args) else {
        return Vec::new();
    };
    let (leaf, matches) = leaf(command, &matches);
    leaf.get_arguments()
        .map(|arg| {
            let id = arg.get_id().as_str();
            let conflicts = leaf.get_arg_conflicts_with(arg);
            Known {
                id: id.to_owned(),
                long: arg.get_long().map(str::to_owned),
                variable: variable_of(arg),
                excludes: conflicts.iter().map(|other| other.get_id().to_string()).collect(),
                typed: source_of(matches, id) == Some(ValueSource::CommandLine),
                asks: arg.get_env().is_some() && !is_silent(arg),
            }
        })
        .collect()
}

/// Paths that were typed for an argument.
pub(super) fn typed_paths(command: &Command, args: &[OsString], id: &str) -> Vec<PathBuf> {
    let Some(matches) = typed(command, args) else {
        return Vec::new();
    };
    let (_, matches) = leaf(command, &matches);
    let typed = matches.try_get_many::<PathBuf>(id);
    typed.ok().flatten().into_iter().flatten().cloned().collect()
}

/// What was typed, as far as it is understood, and nothing of the environment.
fn typed(command: &Command, args: &[OsString]) -> Option<ArgMatches> {
    let bare = with_each(command.clone(), &|arg| arg.env(Resettable::Reset).required(false));
    bare.ignore_errors(true).try_get_matches_from(args).ok()
}

/// The innermost subcommand that was typed, and what was typed there.
pub(super) fn leaf<'a>(command: &'a Command, matches: &'a ArgMatches) -> (&'a Command, &'a ArgMatches) {
    match matches.subcommand() {
        Some((name, inner)) => match command.find_subcommand(name) {
            Some(command) => leaf(command, inner),
            None => (command, matches),
        },
        None => (command, matches),
    }
}

/// Where a value comes from; nothing of an argument that the command does not have.
pub(super) fn source_of(matches: &ArgMatches, id: &str) -> Option<ValueSource> {
    match matches.try_contains_id(id) {
        Ok(true) => matches.value_source(id),
        _ => None,
    }
}

/// The variable of an argument, whether or not it is asked.
pub(super) fn variable_of(arg: &Arg) -> Option<String> {
    let name = arg.get_env().and_then(|name| name.to_str())?;
    Some(name.strip_suffix(NONE).unwrap_or(name).to_owned())
}

pub(super) fn with_each(command: Command, change: &dyn Fn(Arg) -> Arg) -> Command {
    let command = command.mut_args(change);
    command.mut_subcommands(|inner| with_each(inner, change))
}

fn with_setting(arg: Arg, settings: &Settings, faults: &RefCell<BTreeMap<String, ConfigError>>) -> Arg {
    // Of a variable that is set only what it says without the blanks around it stands here.
    let Some(variable) = variable_of(&arg) else {
        return arg;
    };
    let Some(value) = settings.get(&variable) else {
        return arg;
    };
    let arg = arg
        .env(format!("{variable}{NONE}"))
        .hide_env(true)
        .required(false);
    if let Err(error) = tried(&arg, value.expose()) {
        faults
            .borrow_mut()
            .insert(variable.clone(), fault(&variable, &error));
        return arg;
    }
    let shows = takes_values(&arg);
    arg.default_value(value.expose().to_owned())
        .hide_default_value(shows)
}

fn takes_values(arg: &Arg) -> bool {
    arg.get_num_args().is_none_or(|count| count.takes_values())
        && !matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse)
}

/// Defaults are trusted by clap, and these are none: they are tried as if they had been typed.
fn tried(arg: &Arg, value: &str) -> Result<(), clap::Error> {
    let long = arg.get_long().unwrap_or("value").to_owned();
    let mut alone = Arg::new("alone").long(long.clone()).num_args(1);
    alone = match takes_values(arg) {
        true => alone.value_parser(arg.get_value_parser().clone()),
        false => alone.value_parser(clap::value_parser!(bool)),
    };
    if let Some(delimiter) = arg.get_value_delimiter() {
        alone = alone.value_delimiter(delimiter);
    }
    let typed = [arg.get_id().to_string(), format!("--{long}={value}")];
    Command::new("alone")
        .arg(alone)
        .try_get_matches_from(typed)
        .map(drop)
}

/// What the command line refuses, for who sets variables.
pub(super) fn fault(variable: &str, error: &clap::Error) -> ConfigError {
    let told = error.to_string();
    let mut lines = told.lines().map(str::trim).filter(|line| !line.is_empty());
    let problem = lines
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned();
    let remedy = lines.find(|line| line.starts_with('['));
    let remedy = remedy.unwrap_or(words::text!("--help says what may stand there"));
    ConfigError::new(variable, problem, remedy)
}

fn is_silent(arg: &Arg) -> bool {
    arg.get_env()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.ends_with(NONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Command {
        let valued = |name: &'static str| Arg::new(name).long(name);
        let run = Command::new("run")
            .arg(valued("key").env("LAYERS_TEST_KEY"))
            .arg(valued("key_file").long("key-file").env("LAYERS_TEST_KEY_FILE"))
            .arg(valued("size").env("LAYERS_TEST_SIZE").default_value("100"))
            .arg(valued("every").env("PATH").conflicts_with("cron"))
            .arg(valued("cron").env("LAYERS_TEST_CRON"))
            .arg(
                valued("switch")
                    .env("LAYERS_TEST_SWITCH")
                    .action(ArgAction::SetTrue),
            );
        Command::new("loader").subcommand(run)
    }

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), Secret::new(*value));
        pairs.iter().map(pair).collect()
    }

    fn laid(file: &[(&str, &str)], setup: &[(&str, &str)], args: &[&str]) -> Result<ArgMatches, String> {
        let layers = Layers {
            files: EnvFiles::of(settings(file), "f.env"),
            setup: Some(("folder".into(), settings(setup))),
        };
        let args: Vec<_> = ["loader", "run"].iter().chain(args).map(OsString::from).collect();
        let (command, faults) = layers.laid(program(), &args);
        assert_eq!(faults, []);
        let matches = command
            .try_get_matches_from(&args)
            .map_err(|error| error.to_string())?;
        Ok(matches.subcommand_matches("run").unwrap().clone())
    }

    fn text(matches: &ArgMatches, name: &str) -> Option<String> {
        matches.get_one::<String>(name).cloned()
    }

    #[test]
    fn what_was_set_up_stands_where_defaults_stand_and_a_file_before_it() {
        let of = |file: &[(&str, &str)], setup: &[(&str, &str)], args: &[&str]| {
            let run = laid(file, setup, args).unwrap();
            (
                text(&run, "key"),
                text(&run, "size").unwrap(),
                run.get_flag("switch"),
            )
        };
        assert_eq!(of(&[], &[], &[]), (None, "100".into(), false));
        let setup = [
            ("LAYERS_TEST_KEY", "k"),
            ("LAYERS_TEST_SIZE", "7"),
            ("LAYERS_TEST_SWITCH", "true"),
        ];
        assert_eq!(of(&[], &setup, &[]), (Some("k".into()), "7".into(), true));
        assert_eq!(
            of(&[], &setup, &["--size", "9"]),
            (Some("k".into()), "9".into(), true)
        );
        let file = [("LAYERS_TEST_SIZE", "8")];
        assert_eq!(of(&file, &setup, &[]), (Some("k".into()), "8".into(), true));
    }

    #[test]
    fn a_secret_and_its_file_are_one_setting_and_the_stronger_one_stays() {
        let of = |file: &[(&str, &str)], setup: &[(&str, &str)], args: &[&str]| {
            let run = laid(file, setup, args).unwrap();
            (text(&run, "key"), text(&run, "key_file"))
        };
        let (key, path) = (("LAYERS_TEST_KEY", "k"), ("LAYERS_TEST_KEY_FILE", "p"));
        assert_eq!(of(&[path], &[key], &[]), (None, Some("p".into())));
        assert_eq!(
            of(&[key], &[path], &["--key-file", "t"]),
            (None, Some("t".into()))
        );
        // Of one and the same place it stays a contradiction, which is said later.
        assert_eq!(of(&[key, path], &[], &[]), (Some("k".into()), Some("p".into())));
    }

    /// The variable of `--every` is set for every process.
    #[test]
    fn a_variable_that_excludes_what_was_typed_loses() {
        let run = laid(&[], &[], &["--cron", "0 * * * *"]).unwrap();
        assert_eq!(
            (text(&run, "cron"), text(&run, "every")),
            (Some("0 * * * *".into()), None)
        );
        let set = text(&laid(&[], &[], &[]).unwrap(), "every");
        assert!(set.is_some());
        let run = laid(&[("LAYERS_TEST_CRON", "1 * * * *")], &[], &[]).unwrap();
        assert_eq!((text(&run, "cron"), text(&run, "every")), (None, set));
        let both = laid(&[], &[], &["--cron", "0 * * * *", "--every", "5m"]);
        assert!(both.unwrap_err().contains("cannot be used with"));
    }

    #[test]
    fn what_cannot_be_is_told_and_not_taken() {
        let number = Arg::new("size").long("size").env("LAYERS_TEST_SIZE");
        let number = number.value_parser(clap::value_parser!(u16)).default_value("7");
        let program = Command::new("loader").subcommand(Command::new("run").arg(number));
        let layers = Layers {
            files: EnvFiles::of(settings(&[("LAYERS_TEST_SIZE", "many")]), "f.env"),
            setup: None,
        };
        let args: Vec<OsString> = ["loader", "run"].map(OsString::from).into();
        let (command, faults) = layers.laid(program, &args);
        assert!(
            faults[0]
                .to_string()
                .starts_with("LAYERS_TEST_SIZE: invalid value 'many'"),
            "{faults:?}"
        );
        assert!(command.try_get_matches_from(&args).is_ok());
    }

    #[test]
    fn help_shows_nothing_that_was_set_up() {
        let help = laid(&[], &[("LAYERS_TEST_KEY", "s3cret")], &["--help"]).unwrap_err();
        assert!(!help.contains("s3cret"), "{help}");
    }
}
