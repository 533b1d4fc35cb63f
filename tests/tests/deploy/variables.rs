//! Every variable that a manifest sets exists in the program that gets it, and every variable that a program knows is
//! set or at least mentioned in the settings of its stage.

use std::{collections::BTreeSet, fs, process::Command};

use kit::config::{binary, repository};
use regex::Regex;
use serde_json::Value;

use crate::{
    compose,
    manifests::{documents, overlays},
};

const STAGES: [&str; 3] = ["extractor", "transformer", "loader"];
const PROGRAMS: [&str; 4] = ["extractor", "transformer", "loader", "desk"];

/// Variables in the help of a program and all its subcommands.
pub(crate) fn known(service: &str) -> BTreeSet<String> {
    let named = Regex::new(r"\[env: ([A-Z0-9_]+)").unwrap();
    let mut found = BTreeSet::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(words) = open.pop() {
        let output = Command::new(binary(service).unwrap())
            .args(&words)
            .arg("--help")
            .env_clear()
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        found.extend(named.captures_iter(&help).map(|found| found[1].to_owned()));
        let commands = help
            .lines()
            .skip_while(|line| !line.starts_with("Commands:"))
            .skip(1);
        for line in commands.take_while(|line| !line.is_empty()) {
            let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
            match name.and_then(|rest| rest.split_whitespace().next()) {
                Some("help") | None => {}
                Some(name) => open.push(words.iter().cloned().chain([name.to_owned()]).collect()),
            }
        }
    }
    assert!(found.len() > 10, "{service} --help: {found:?}");
    found
}

/// Variables of a settings file: set, and only mentioned.
fn settings(name: &str) -> BTreeSet<String> {
    let line = Regex::new(r"(?m)^#?([A-Z][A-Z0-9_]*)=").unwrap();
    let text = fs::read_to_string(repository().join(format!("deploy/k8s/base/{name}.env"))).unwrap();
    line.captures_iter(&text)
        .map(|found| found[1].to_owned())
        .collect()
}

/// Variables that the Deployment of a stage sets itself, the files of its secrets among them.
fn own(documents: &[Value], service: &str) -> BTreeSet<String> {
    let is_it =
        |document: &&Value| document["kind"] == "Deployment" && document["metadata"]["name"] == service;
    let deployment = documents.iter().find(is_it).expect(service);
    let variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
        .as_array()
        .unwrap();
    variables
        .iter()
        .map(|variable| variable["name"].as_str().unwrap().to_owned())
        .collect()
}

fn rendered(documents: &[Value], service: &str) -> BTreeSet<String> {
    let mut found = own(documents, service);
    for map in ["okki-common", &format!("okki-{service}")] {
        let name = |document: &&Value| {
            let name = document["metadata"]["name"].as_str().unwrap_or_default();
            document["kind"] == "ConfigMap" && name.starts_with(map)
        };
        let data = documents.iter().find(name).expect(map)["data"]
            .as_object()
            .unwrap();
        found.extend(data.keys().cloned());
    }
    found
}

#[test]
fn manifests_and_programs_know_the_same_variables() {
    let common = settings("common");
    let known = STAGES.map(|service| (service, known(service)));
    for overlay in overlays() {
        let documents = documents(&overlay);
        for (service, known) in &known {
            let set = rendered(&documents, service);
            let invented: Vec<_> = set.difference(known).collect();
            assert!(
                invented.is_empty(),
                "{}: {service} does not know {invented:?}",
                overlay.display()
            );
            let mentioned: BTreeSet<_> = common
                .iter()
                .chain(&settings(service))
                .chain(&own(&documents, service))
                .cloned()
                .collect();
            let hidden: Vec<_> = known.difference(&mentioned).collect();
            assert!(
                hidden.is_empty(),
                "deploy/k8s/base/{service}.env does not mention {hidden:?}"
            );
            let stale: Vec<_> = mentioned.difference(known).collect();
            assert!(
                stale.is_empty(),
                "{service} does not know {stale:?}, which its settings mention"
            );
        }
    }
}

/// A document with its merge keys (`<<`) carried out.
pub(crate) fn settled(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut found = members.get("<<").map(settled).unwrap_or_default();
            if found.is_null() {
                found = Value::Object(serde_json::Map::new());
            }
            for (name, member) in members.iter().filter(|(name, _)| *name != "<<") {
                found[name] = settled(member);
            }
            found
        }
        Value::Array(items) => items.iter().map(settled).collect(),
        other => other.clone(),
    }
}

#[test]
fn compose_sets_only_variables_that_the_programs_know() {
    for file in ["compose.yaml", "compose.demo.yaml", "compose.setup.yaml"] {
        for (service, settings) in compose::services(file) {
            if !compose::PROGRAMS.contains(&service.as_str()) {
                continue;
            }
            let own = known(&service);
            let of_any: BTreeSet<String> = compose::PROGRAMS.into_iter().flat_map(known).collect();
            // A key of somebody else is blanked.
            let is_known = |(name, value): &(&String, &Value)| match value.as_str() {
                Some("") => of_any.contains(*name),
                _ => own.contains(*name),
            };
            let set = settings["environment"].as_object().unwrap().iter();
            let invented: Vec<_> = set.filter(|one| !is_known(one)).collect();
            assert!(
                invented.is_empty(),
                "{file}: {service} does not know {invented:?}"
            );
        }
    }
}

/// `--help` behind the arguments of a pod: the program says what it would do, or that it does not know a flag.
#[test]
fn the_arguments_of_every_pod_are_understood() {
    for overlay in crate::manifests::with_every_component() {
        for document in documents(&overlay.path) {
            let mut containers = Vec::new();
            crate::references::collect(&document, "containers", &mut containers);
            for container in containers.into_iter().flat_map(|list| list.as_array().unwrap()) {
                let image = container["image"].as_str().unwrap_or_default();
                let Some(service) = STAGES
                    .into_iter()
                    .find(|stage| image.contains(&format!("okki/{stage}")))
                else {
                    continue;
                };
                let args: Vec<_> = container["args"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|arg| arg.as_str().unwrap())
                    .collect();
                let mut program = Command::new(binary(service).unwrap());
                crate::tools::output(program.args(&args).arg("--help").env_clear());
            }
        }
    }
}

/// A program warns of variables that look like settings and are none, also of those of the other programs.
#[test]
fn every_program_knows_the_names_of_all_settings() {
    let mut all: BTreeSet<String> = PROGRAMS.iter().flat_map(|program| known(program)).collect();
    // Settings of the machine, which the programs only read, too.
    for name in ["TZ", "EDITOR"] {
        all.remove(name);
    }
    let listed: BTreeSet<String> = pipeline::cli::variables::known().map(str::to_owned).collect();
    assert_eq!(listed, all, "put these into pipeline::cli::variables");
}

/// A setting of a command: variable, default, help.
struct Setting {
    variable: String,
    default: String,
    help: String,
}

fn settings_of(command: clap::Command) -> Vec<Setting> {
    let command = command.find_subcommand("run").unwrap().clone();
    let settings = command.get_arguments().filter_map(|arg| {
        let variable = arg.get_env()?.to_str()?.to_owned();
        let default = arg.get_default_values().first();
        (!arg.is_hide_set()).then(|| Setting {
            variable,
            default: default.map_or_else(String::new, |value| value.to_string_lossy().into_owned()),
            help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
        })
    });
    settings.collect()
}

/// All settings of all programs as a file for `--env-file`, Docker and systemd: whatever may be left away is commented out.
fn example() -> String {
    use clap::CommandFactory;
    let programs = [
        ("extractor", settings_of(extractor::Cli::command())),
        ("transformer", settings_of(transformer::Cli::command())),
        ("loader", settings_of(loader::Cli::command())),
        ("desk", settings_of(desk::Cli::command())),
    ];
    let has = |at: usize, variable: &str| programs[at].1.iter().any(|one| one.variable == variable);
    let mut text = "# Settings of all programs, made from their command lines by a test (tests/tests/deploy/variables.rs).\n\
         # A file of these is read with --env-file, by Docker (--env-file, env_file) and by systemd (EnvironmentFile).\n\
         # What is commented out has the default that stands there, or none.\n"
        .to_owned();
    let mut section = |title: &str, settings: Vec<&Setting>| {
        text += &format!("\n# ---- {title} ----\n");
        for Setting {
            variable,
            default,
            help,
        } in settings
        {
            let required = [
                "AMQP_URL",
                "REDIS_URL",
                "OKKI_CLIENT_ID",
                "OKKI_CLIENT_SECRET",
                "MAPPING",
                "JDY_API_KEY",
                "DESK_DATA",
            ];
            let mark = if required.contains(&variable.as_str()) {
                ""
            } else {
                "#"
            };
            text += &format!("\n# {help}\n{mark}{variable}={}\n", quoted(default));
        }
    };
    let shared = programs[0]
        .1
        .iter()
        .filter(|one| has(1, &one.variable) && has(2, &one.variable));
    section("All programs", shared.collect());
    for (at, (program, settings)) in programs.iter().enumerate() {
        let is_shared = |variable: &str| has(0, variable) && has(1, variable) && has(2, variable);
        let said_before = |variable: &str| (0..at).any(|before| has(before, variable));
        let own = settings
            .iter()
            .filter(|one| !is_shared(&one.variable) && !said_before(&one.variable));
        section(program, own.collect());
    }
    text
}

fn quoted(value: &str) -> String {
    pipeline::setup::quoted(value).replace("\"\"", "")
}

#[test]
fn the_example_of_settings_is_that_of_the_command_lines() {
    let example = example();
    let kept = fs::read_to_string(repository().join(".env.example")).unwrap_or_default();
    if kept != example {
        let made = repository().join("target/.env.example");
        fs::write(&made, &example).unwrap();
        panic!("copy {} to .env.example", made.display());
    }
    // It is read as it was meant.
    let lines = dotenvy::from_path_iter(repository().join(".env.example")).unwrap();
    let read: Vec<_> = lines.map(|line| line.unwrap().0).collect();
    assert!(
        read.contains(&"AMQP_URL".to_owned()) && !read.contains(&"LINGER".to_owned()),
        "{read:?}"
    );
    let every = example.replace("\n#", "\n");
    for name in pipeline::cli::variables::known() {
        let only_of_commands = ["MERGE_AT_MOST", "DESK_TOKEN", "DESK_TOKEN_FILE", "DESK_URL"];
        assert!(
            only_of_commands.contains(&name) || every.contains(&format!("\n{name}=")),
            "{name}"
        );
    }
}

/// Every command of a program that does something, with the words that lead to it.
fn leaves(command: &clap::Command, words: &str) -> Vec<(String, clap::Command)> {
    if !command.has_subcommands() {
        return vec![(words.to_owned(), command.clone())];
    }
    let below = command.get_subcommands().map(|below| {
        let words = format!("{words} {}", below.get_name());
        leaves(below, &words)
    });
    below.flatten().collect()
}

fn commands() -> Vec<(String, clap::Command)> {
    use clap::CommandFactory;
    let programs = [
        extractor::Cli::command(),
        transformer::Cli::command(),
        loader::Cli::command(),
        desk::Cli::command(),
    ];
    programs
        .iter()
        .flat_map(|program| leaves(program, program.get_name()))
        .collect()
}

/// README: each variable is also a flag of the same name, those of the desk without their beginning.
#[test]
fn every_variable_is_a_flag_by_its_name() {
    let mut odd = BTreeSet::new();
    for (words, command) in commands() {
        for arg in command.get_arguments() {
            let Some(variable) = arg.get_env().and_then(|name| name.to_str()) else {
                continue;
            };
            let flag = arg.get_long().unwrap_or_default();
            let named = |name: &str| name.to_lowercase().replace('_', "-") == flag;
            let of_desk = variable.strip_prefix("DESK_").is_some_and(named);
            let others = [
                ("DESK_URL", "desk"),
                ("TZ", "time-zone"),
                ("SOURCE", "source-document"),
            ];
            if !named(variable) && !of_desk && !others.contains(&(variable, flag)) {
                odd.insert(format!("{words}: {variable} --{flag}"));
            }
        }
    }
    assert!(odd.is_empty(), "{odd:?}");
}

/// README: of the commands about dead letters these have no `--json`.
#[test]
fn commands_about_dead_letters_print_json_but_for_those_that_the_readme_names() {
    let without: BTreeSet<String> = commands()
        .into_iter()
        .filter(|(_, command)| !command.get_arguments().any(|arg| arg.get_long() == Some("json")))
        .filter_map(|(words, _)| Some(words.strip_prefix("loader ")?.to_owned()))
        .filter(|words| words.starts_with("dead "))
        .collect();
    let named = ["dead export", "dead rule off", "dead rule on", "dead rule remove"];
    assert_eq!(without, named.map(str::to_owned).into());
    for readme in ["README.md", "README.zh-CN.md"] {
        let text = fs::read_to_string(repository().join(readme)).unwrap();
        let line = text
            .lines()
            .find(|line| line.contains("`--reveal`") && line.contains("`--json`"));
        let line = line.unwrap();
        for name in named {
            let last = name.rsplit(' ').next().unwrap();
            assert!(
                line.contains(&format!("`{name}`")) || line.contains(&format!("`{last}`")),
                "{readme}: {name}"
            );
        }
    }
}
