//! Values that the command line refuses by itself: they are said with everything else that is wrong, by whoever reads the
//! settings, as long as they were not typed.

use super::layers;
use crate::setting::{self, ConfigError};
use clap::{
    ArgMatches, Command,
    builder::Resettable,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::ffi::OsString;

/// Whoever has this argument reads settings, and says then what was refused before.
const OF_SETTINGS: &str = "redis_url";

/// Parses; what a variable or a file says wrongly is kept for later, and what stands without it is parsed. `faults` were found
/// before.
pub(super) fn matches(
    command: &Command,
    args: &[OsString],
    mut faults: Vec<ConfigError>,
) -> Result<ArgMatches, clap::Error> {
    let mut command = command.clone();
    let mut first = faults
        .first()
        .map(|fault| command.clone().error(ErrorKind::InvalidValue, fault));
    let matches = loop {
        let error = match command.clone().try_get_matches_from(args) {
            Ok(matches) => break matches,
            Err(error) => error,
        };
        let Some((id, fault)) = refused(&command, args, &error) else {
            return Err(first.unwrap_or(error));
        };
        faults.push(fault);
        first.get_or_insert(error);
        command = layers::with_each(command, &|arg| match arg.get_id() == id.as_str() {
            true => arg.env(Resettable::Reset),
            false => arg,
        });
    };
    let reads_settings = {
        let (leaf, _) = layers::leaf(&command, &matches);
        leaf.get_arguments().any(|arg| arg.get_id() == OF_SETTINGS)
    };
    match first {
        Some(error) if !reads_settings => Err(error),
        _ => {
            setting::refuse(faults);
            Ok(matches)
        }
    }
}

/// The argument whose variable is at fault, and what is wrong with it.
fn refused(command: &Command, args: &[OsString], error: &clap::Error) -> Option<(String, ConfigError)> {
    if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        return None;
    }
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let long = named.split_whitespace().next()?.strip_prefix("--")?;
    let one = layers::settings_of(command, args)
        .into_iter()
        .find(|one| one.long.as_deref() == Some(long))?;
    let variable = one.variable.filter(|_| !one.typed && one.asks)?;
    Some((one.id, layers::fault(&variable, error)))
}

/// A flag without its value: no setting is wrong.
pub(super) fn is_half_typed(error: &clap::Error) -> bool {
    let value = error.get(ContextKind::InvalidValue);
    let is_empty = matches!(value, Some(ContextValue::String(value)) if value.is_empty());
    error.kind() == ErrorKind::InvalidValue && is_empty
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, value_parser};

    /// These variables are set for every process, and are no numbers.
    #[test]
    fn several_wrong_variables_are_kept_and_a_wrong_flag_is_not() {
        let number = |name: &'static str, variable: &'static str| {
            Arg::new(name)
                .long(name)
                .env(variable)
                .value_parser(value_parser!(u16))
        };
        let run = Command::new("run")
            .arg(number("one", "PATH"))
            .arg(number("two", "HOME"))
            .arg(Arg::new("redis_url").long("redis-url"));
        let program = Command::new("service").subcommand(run);
        let parse = |args: &[&str]| {
            let args: Vec<_> = ["service", "run"]
                .iter()
                .chain(args)
                .map(OsString::from)
                .collect();
            matches(&program, &args, Vec::new()).map_err(|error| error.to_string())
        };
        assert!(parse(&[]).is_ok());
        let told = setting::refused().unwrap_err().to_string();
        assert!(told.contains("PATH: ") && told.contains("HOME: "), "{told}");
        setting::refuse(Vec::new());
        let typed = parse(&["--one", "x", "--two", "2"]).unwrap_err();
        assert!(typed.contains("--one"), "{typed}");
        assert_eq!(setting::refused(), Ok(()));
    }
}
