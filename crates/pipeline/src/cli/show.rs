//! `--print-config`: every setting of a command with its value and where that comes from.

use super::layers::{Layers, leaf, source_of, variable_of};
use crate::{say, setting::addresses};
use clap::{Arg, ArgMatches, Command, parser::ValueSource};
use std::io;
use url::Url;

/// What documents say of settings that are not given: asked with the value of a variable, answered with names, values and
/// documents.
pub type Documents = fn(&dyn Fn(&str) -> Option<String>) -> Vec<(&'static str, String, String)>;

/// In the place of what nobody may see.
const MASKED: &str = "***";

struct Shown {
    variable: String,
    value: String,
    from: String,
}

/// Prints them as lines of a file of variables, with where each comes from as a comment.
pub(super) fn print(
    command: &Command,
    matches: &ArgMatches,
    layers: &Layers,
    documents: Documents,
) -> io::Result<()> {
    let (leaf, matches) = leaf(command, matches);
    let mut all = shown(leaf, matches, layers, documents);
    all.sort_by(|a, b| a.variable.cmp(&b.variable));
    all.dedup_by(|a, b| a.variable == b.variable);
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
    } in &all
    {
        let setting = format!("{:width$}", format!("{variable}={value}"));
        say!("{setting}  # {from}")?;
    }
    Ok(())
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
        _ => match (layers.files.of_variable(variable), of_setup) {
            (Some(path), _) => words::tr!("file {}", path.display()),
            (None, Some((path, _))) => words::tr!("file {}", path.display()),
            (None, None) => words::tr!("default"),
        },
    }
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
