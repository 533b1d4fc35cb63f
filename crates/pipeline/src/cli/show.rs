//! `--print-config`: every setting of a command with its value, where that comes from, and what is wrong with it.

use super::{
    config::set_value,
    layers::{Layers, leaf, source_of, variable_of},
};
use crate::{
    say,
    setting::{self, ConfigError, addresses},
};
use clap::{Arg, ArgMatches, Command, parser::ValueSource};
use std::io;
use url::Url;

/// What documents say of settings that are not given: asked with the value of a variable, answered with names, values and
/// documents.
pub type Documents = fn(&dyn Fn(&str) -> Option<String>) -> Vec<(&'static str, String, String)>;

/// What is wrong with the settings of a command, as far as it can be told without running it.
pub type Checks<C> = fn(C) -> Result<(), ConfigError>;

/// In the place of what nobody may see.
const MASKED: &str = "***";

struct Shown {
    variable: String,
    value: String,
    from: String,
    faults: Vec<String>,
}

/// What the command line has refused and what the program refuses, each fault by itself.
pub(super) fn faults<C>(command: C, checks: Checks<C>) -> Vec<String> {
    let both = [setting::refused(), checks(command)];
    let all = ConfigError::all(both.into_iter().filter_map(Result::err));
    let misspelt = setting::noted().into_iter().map(|one| one.fault().to_string());
    all.each().map(str::to_owned).chain(misspelt).collect()
}

/// Prints them as lines of a file of variables, with where each comes from and what is wrong with it as comments.
pub(super) fn print(
    command: &Command,
    matches: &ArgMatches,
    layers: &Layers,
    documents: Documents,
    wrong: Vec<String>,
) -> io::Result<()> {
    let (leaf, matches) = leaf(command, matches);
    let mut all = shown(leaf, matches, layers, documents);
    all.extend(unknown(layers));
    all.sort_by(|a, b| a.variable.cmp(&b.variable));
    all.dedup_by(|a, b| a.variable == b.variable);
    let count = wrong.len();
    let of_nobody = attach(&mut all, leaf, layers, wrong);
    let width = all
        .iter()
        .map(|one| one.variable.len() + one.value.chars().count() + 1)
        .filter(|width| *width <= 60)
        .max()
        .unwrap_or(0);
    for Shown {
        variable,
        value,
        from,
        faults,
    } in &all
    {
        let setting = format!("{:width$}", format!("{variable}={value}"));
        say!("{setting}  # {from}")?;
        for fault in faults {
            say!("# ✗ {fault}")?;
        }
    }
    for fault in of_nobody {
        say!("# ✗ {fault}")?;
    }
    if count > 0 {
        crate::remark!("error: settings that are wrong, marked with ✗: {count}");
    }
    Ok(())
}

/// Variables that are set, look like settings and are none.
fn unknown(layers: &Layers) -> impl Iterator<Item = Shown> {
    setting::noted().into_iter().map(|one| Shown {
        from: match layers.files.of_variable(&one.variable) {
            Some(path) => words::tr!("file {}", path.display()),
            None => words::tr!("environment"),
        },
        // It may hold a secret: nobody knows what it was meant to be.
        value: MASKED.to_owned(),
        variable: one.variable,
        faults: Vec::new(),
    })
}

/// Puts each fault beside its variable, with the value that is at fault; returns those that name none.
fn attach(all: &mut [Shown], leaf: &Command, layers: &Layers, wrong: Vec<String>) -> Vec<String> {
    let mut of_nobody = Vec::new();
    for fault in wrong {
        let named = fault
            .split(|char: char| !char.is_ascii_alphanumeric() && char != '_')
            .next();
        let Some(shown) = all
            .iter_mut()
            .find(|shown| Some(shown.variable.as_str()) == named)
        else {
            of_nobody.push(fault);
            continue;
        };
        shown.faults.push(fault);
        let arg = leaf
            .get_arguments()
            .find(|arg| variable_of(arg).as_ref() == Some(&shown.variable));
        // What the command line has refused has left its place to the default.
        let is_refused = shown.from == words::tr!("default");
        if let (true, Some(arg), Some((value, from))) = (is_refused, arg, given(layers, &shown.variable)) {
            shown.value = masked(arg, &value);
            shown.from = from;
        }
    }
    of_nobody
}

/// What was given for a variable, whether or not it is right, and where.
fn given(layers: &Layers, variable: &str) -> Option<(String, String)> {
    let says = |value: &String| !value.trim().is_empty();
    if let Some(value) = set_value(variable).filter(says) {
        return Some((value.trim().to_owned(), words::tr!("environment")));
    }
    let of_file = layers
        .files
        .of_variable(variable)
        .map(|path| (path, layers.files.settings()));
    let of_setup = layers
        .setup
        .as_ref()
        .map(|(path, settings)| (path.as_path(), settings));
    of_file.into_iter().chain(of_setup).find_map(|(path, settings)| {
        let value = settings.get(variable)?.expose().trim().to_owned();
        Some((value, words::tr!("file {}", path.display())))
    })
}

fn shown(leaf: &Command, matches: &ArgMatches, layers: &Layers, documents: Documents) -> Vec<Shown> {
    let args: Vec<&Arg> = leaf
        .get_arguments()
        .filter(|arg| arg.get_env().is_some())
        .collect();
    let value = |variable: &str| {
        let arg = args
            .iter()
            .find(|arg| variable_of(arg).as_deref() == Some(variable))?;
        raw(matches, arg)
    };
    let documented = documents(&value);
    args.iter()
        .filter_map(|arg| {
            let variable = variable_of(arg)?;
            let given = raw(matches, arg).filter(|value| !value.trim().is_empty());
            let file = value(&format!("{variable}_FILE")).filter(|path| !path.is_empty());
            let in_document = documented.iter().find(|(name, ..)| *name == variable);
            let (value, from) = match (given, file, in_document) {
                (Some(value), ..) => (masked(arg, &value), origin(matches, arg, &variable, layers)),
                (None, Some(path), _) => (MASKED.to_owned(), words::tr!("file {path}")),
                (None, None, Some((_, value, document))) => {
                    (value.clone(), words::tr!("document {document}"))
                }
                (None, None, None) => (String::new(), words::tr!("default")),
            };
            Some(Shown {
                variable,
                value,
                from,
                faults: Vec::new(),
            })
        })
        .collect()
}

fn origin(matches: &ArgMatches, arg: &Arg, variable: &str, layers: &Layers) -> String {
    let of_setup = layers
        .setup
        .as_ref()
        .filter(|(_, settings)| settings.contains_key(variable));
    match source_of(matches, arg.get_id().as_str()) {
        Some(ValueSource::CommandLine) => {
            let flag = arg.get_long().unwrap_or_default();
            words::tr!("flag --{flag}")
        }
        Some(ValueSource::EnvVariable) => words::tr!("environment"),
        // Its blanks were dropped on the way.
        _ if raw(matches, arg).is_some_and(|value| says(variable, &value)) => words::tr!("environment"),
        _ => match (layers.files.of_variable(variable), of_setup) {
            (Some(path), _) => words::tr!("file {}", path.display()),
            (None, Some((path, _))) => words::tr!("file {}", path.display()),
            (None, None) => words::tr!("default"),
        },
    }
}

/// The variable is set to this, but for the blanks around it.
fn says(variable: &str, value: &str) -> bool {
    set_value(variable).is_some_and(|set| set.trim() == value)
}

fn raw(matches: &ArgMatches, arg: &Arg) -> Option<String> {
    let values = matches.try_get_raw(arg.get_id().as_str()).ok().flatten()?;
    let values: Vec<_> = values.map(|value| value.to_string_lossy().into_owned()).collect();
    Some(values.join(","))
}

/// Of an address only the host and who signs in are no secret.
fn masked(arg: &Arg, value: &str) -> String {
    let is_secret = arg.is_hide_env_values_set();
    let each = addresses(value).unwrap_or_default();
    let hides = is_secret || each.iter().any(|url| url.password().is_some());
    match hides && !each.is_empty() && each.iter().all(Url::has_host) {
        true => each.iter().map(bare).collect::<Vec<_>>().join(","),
        _ if is_secret => MASKED.to_owned(),
        _ => value.to_owned(),
    }
}

fn bare(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let who = match (url.username(), url.password()) {
        ("", None) => String::new(),
        (user, None) => format!("{user}@"),
        (user, Some(_)) => format!("{user}:{MASKED}@"),
    };
    // The path of a robot's address is its key; that of a broker's or of Redis is a name.
    let path = match url.scheme() {
        "http" | "https" if url.path().len() > 1 || url.query().is_some() => format!("/{MASKED}"),
        "http" | "https" => String::new(),
        _ => url.path().to_owned(),
    };
    format!("{}://{who}{host}{port}{path}", url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let (secret, plain) = (Arg::new("a").hide_env_values(true), Arg::new("b"));
        for (arg, value, shown) in [
            (&secret, "k3y", "***"),
            (
                &secret,
                "amqp://okki:s3cret@host:5671/%2f",
                "amqp://okki:***@host:5671/%2f",
            ),
            (&secret, "redis://:s3cret@redis/0", "redis://:***@redis/0"),
            (
                &secret,
                "redis+sentinel://:s3cret@a:26379,b/main/0?sentinel_password=s3cret",
                "redis+sentinel://:***@a:26379/main/0,redis+sentinel://:***@b/main/0",
            ),
            (
                &secret,
                "amqp://u:s3cret@a:5672,b/v",
                "amqp://u:***@a:5672/v,amqp://u:***@b/v",
            ),
            (
                &secret,
                "https://oapi.dingtalk.com/robot/send?access_token=s3",
                "https://oapi.dingtalk.com/***",
            ),
            (&plain, "https://api.example.com", "https://api.example.com"),
            (
                &plain,
                "http://u:s3cret@collector:4318",
                "http://u:***@collector:4318",
            ),
            (&plain, "5m", "5m"),
        ] {
            assert_eq!(masked(arg, value), shown);
        }
    }
}
