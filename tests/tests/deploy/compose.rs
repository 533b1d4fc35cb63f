//! The compose files: what `.env` says reaches every program, nothing made up stands behind real accounts, and logs end.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use kit::config::repository;
use serde_json::Value;

use crate::{
    kind::{play, played},
    tools::{compose as docker_compose, output},
    variables::{known, settled},
};

pub(crate) const PROGRAMS: [&str; 4] = ["extractor", "transformer", "loader", "desk"];
pub(crate) const FILES: [&str; 4] = [
    "compose.yaml",
    "compose.demo.yaml",
    "compose.setup.yaml",
    "compose.watch.yaml",
];

pub(crate) fn text(file: &str) -> String {
    fs::read_to_string(repository().join("deploy").join(file)).unwrap()
}

pub(crate) fn services(file: &str) -> serde_json::Map<String, Value> {
    let compose: Value =
        serde_saphyr::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    settled(&compose)["services"].as_object().unwrap().clone()
}

/// Keys of vendors that a program does not call: they do not reach it.
fn keys_of_others(program: &str) -> Vec<&'static str> {
    let okki = ["OKKI_CLIENT_SECRET", "HOOK_TOKEN", "HOOK_SECRET"];
    let jdy = ["JDY_API_KEY", "JDY_HOOK_SECRET"];
    match program {
        "extractor" => jdy.to_vec(),
        "loader" => okki.to_vec(),
        _ => [okki.as_slice(), &jdy].concat(),
    }
}

#[test]
fn keys_of_a_vendor_reach_nobody_but_who_calls_it() {
    let services = services("compose.yaml");
    for program in PROGRAMS {
        for key in keys_of_others(program) {
            assert_eq!(services[program]["environment"][key], "", "{program} gets {key}");
        }
    }
}

/// A name that stands in `environment` hides what `.env` says of it, unless it hands it on.
#[test]
fn whatever_the_env_file_says_reaches_every_program() {
    let services = services("compose.yaml");
    for program in PROGRAMS {
        let service = &services[program];
        let files: Vec<_> = service["env_file"].as_array().unwrap().iter().collect();
        let paths: Vec<_> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
        assert_eq!(paths, [".env", &format!("{program}.env")], "{program}");
        assert!(files.iter().all(|file| file["required"] == false), "{program}");
        for (name, value) in service["environment"].as_object().unwrap() {
            if keys_of_others(program).contains(&name.as_str()) {
                assert_eq!(value, "", "{program}: {name} is none of its business");
                continue;
            }
            let own = program == "desk" && ["DESK_LISTEN", "DESK_DATA"].contains(&name.as_str());
            let handed_on = format!("${{{name}:-");
            let value = value.as_str().unwrap();
            assert!(
                own || value.starts_with(&handed_on),
                "{program}: {name} of .env is dropped"
            );
            assert!(
                !value.contains(":-}"),
                "{program}: a blank {name} counts as a value"
            );
        }
    }
}

#[test]
fn nothing_made_up_stands_behind_real_accounts() {
    let real = ["compose.yaml", "compose.setup.yaml"].map(text).concat();
    for made_up in [
        "simulator:8080",
        "sim-",
        "seed",
        "_widget",
        "647efacc2a57",
        "668a08beaf5a",
    ] {
        assert!(!real.contains(made_up), "{made_up} in a file for real accounts");
    }
    let (base, demo) = (services("compose.yaml"), services("compose.demo.yaml"));
    assert!(!base.contains_key("simulator"));
    assert!(
        text("compose.demo.yaml").contains("\nname: okki-demo\n"),
        "the demo has volumes of its own"
    );
    for program in PROGRAMS {
        let service = &demo[program];
        assert_eq!(
            service["env_file"],
            serde_json::json!([]),
            "{program}: .env reaches the demo"
        );
        let environment = service["environment"].as_object().unwrap();
        for name in base[program]["environment"].as_object().unwrap().keys() {
            let own = name.starts_with("DESK_") || keys_of_others(program).contains(&name.as_str());
            assert!(
                own || environment.contains_key(name),
                "{program}: {name} of .env reaches the demo"
            );
        }
        for (name, value) in environment {
            assert!(
                !value.as_str().unwrap().contains("${"),
                "{program}: {name} depends on .env"
            );
        }
    }
}

/// The setup of the browser counts a variable that is there as set, so none may be.
#[test]
fn the_setup_file_sets_the_folder_and_nothing_else() {
    let setup = services("compose.setup.yaml");
    for program in ["extractor", "transformer", "loader"] {
        let environment = setup[program]["environment"].as_object().unwrap();
        assert_eq!(environment.keys().collect::<Vec<_>>(), ["SETUP_DIR"], "{program}");
        let folder = environment["SETUP_DIR"].as_str().unwrap();
        assert_eq!(
            setup[program]["volumes"][0],
            format!("setup:{folder}").as_str(),
            "{program}"
        );
        let recipe = text("Dockerfile");
        assert!(
            recipe.contains(&format!("--chown=65532:65532 /out/data {folder}\n")),
            "the user of the image cannot write to {folder}"
        );
    }
    for example in text(".env.example").lines().filter(|line| line.contains('=')) {
        let (name, value) = example.trim_start_matches('#').split_once('=').unwrap();
        assert!(!value.trim().is_empty(), ".env.example: {name} is blank");
    }
}

#[test]
fn logs_of_every_container_end() {
    for file in FILES {
        for (name, service) in services(file) {
            if service.get("image").is_none() && service.get("build").is_none() {
                continue;
            }
            let logging = &service["logging"];
            assert_eq!(logging["driver"], "json-file", "{file}: {name}");
            assert!(logging["options"]["max-size"].is_string(), "{file}: {name}");
            assert!(logging["options"]["max-file"].is_string(), "{file}: {name}");
        }
    }
}

/// Whoever cannot reach a registry names a mirror, and whoever wants digests names them, without editing a file.
#[test]
fn every_image_can_be_named_from_outside() {
    let recipe = text("Dockerfile");
    assert!(
        !recipe.contains("# syntax"),
        "a frontend would come from Docker Hub"
    );
    for line in recipe.lines().filter(|line| line.starts_with("FROM ")) {
        assert!(line.starts_with("FROM ${"), "{line}: no mirror can stand here");
    }
    let mut wanted: BTreeSet<_> = recipe
        .lines()
        .filter_map(|line| {
            line.strip_prefix("ARG ")?
                .split_once('=')
                .map(|(name, _)| name.to_owned())
        })
        .filter(|name| name.ends_with("_IMAGE") || name.ends_with("_MIRROR"))
        .collect();
    for file in FILES {
        for (name, service) in services(file) {
            if let Some(image) = service["image"].as_str() {
                let named = image.strip_prefix("${").and_then(|rest| rest.split_once(":-"));
                let (variable, default) =
                    named.unwrap_or_else(|| panic!("{name}: {image} cannot be replaced"));
                assert!(default.contains(':'), "{name}: {default} has no version");
                wanted.insert(variable.to_owned());
            }
            if service.get("build").is_some() {
                for argument in ["RUST_IMAGE", "RUNTIME_IMAGE", "CARGO_MIRROR"] {
                    let value = service["build"]["args"][argument].as_str().unwrap_or_default();
                    assert!(
                        value.starts_with(&format!("${{{argument}:-")),
                        "{file}: {name} {argument}"
                    );
                }
            }
        }
    }
    let example = text(".env.example");
    for name in wanted {
        assert!(
            example.contains(&format!("#{name}=")),
            ".env.example does not name {name}"
        );
    }
}

/// The registry is played: it knows every image by the same digest.
#[test]
fn the_digest_of_every_image_is_written_for_the_env_file() {
    let folder = tempfile::tempdir().unwrap();
    play(folder.path(), "docker", "echo sha256:1234");
    let mut script = played(folder.path(), "deploy/pin-images");
    let said = output(script.env("REDIS_IMAGE", "mirror.example.com/redis:7@sha256:old"));
    let lines: BTreeSet<_> = said.lines().collect();
    assert!(
        lines.contains("REDIS_IMAGE=mirror.example.com/redis:7@sha256:1234"),
        "{said}"
    );
    for name in [
        "RUST",
        "RUNTIME",
        "RABBITMQ",
        "REDIS",
        "PROMETHEUS",
        "GRAFANA",
        "ALERTMANAGER",
        "REDIS_EXPORTER",
    ] {
        let of_it = lines
            .iter()
            .filter(|line| line.starts_with(&format!("{name}_IMAGE=")))
            .count();
        assert_eq!(of_it, 1, "{name}: {said}");
    }
    assert!(lines.iter().all(|line| line.ends_with("@sha256:1234")), "{said}");
}

/// What compose itself makes of the files, where it is at hand (2.24 or later).
#[test]
fn compose_hands_every_variable_of_every_program_on() {
    let Some(compose) = docker_compose() else {
        eprintln!("no Docker Compose 2.24 or later here: what it makes of the files was not tried");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for file in FILES {
        fs::copy(repository().join("deploy").join(file), folder.path().join(file)).unwrap();
    }
    for program in PROGRAMS {
        let known = known(program);
        let lines: Vec<_> = known
            .iter()
            .map(|name| format!("{name}=value-of-{name}\n"))
            .collect();
        fs::write(folder.path().join(".env"), lines.concat()).unwrap();
        let environment =
            rendered(&compose, folder.path(), &["compose.yaml"])[program]["environment"].clone();
        for name in known {
            let own = program == "desk" && ["DESK_LISTEN", "DESK_DATA"].contains(&name.as_str());
            assert!(
                own || environment[&name] == format!("value-of-{name}").as_str(),
                "{program}: {name} is {}",
                environment[&name]
            );
        }
        let demo = rendered(&compose, folder.path(), &["compose.yaml", "compose.demo.yaml"]);
        assert!(
            !demo[program]["environment"].to_string().contains("value-of"),
            "{program}: .env reaches the demo"
        );
    }
    fs::remove_file(folder.path().join(".env")).unwrap();
    for files in [
        &["compose.yaml"][..],
        &["compose.yaml", "compose.setup.yaml"],
        &["compose.yaml", "compose.watch.yaml"],
    ] {
        for (name, service) in rendered(&compose, folder.path(), files).as_object().unwrap() {
            for (variable, value) in service["environment"].as_object().into_iter().flatten() {
                assert_ne!(value, "", "{name}: {variable} is blank");
            }
        }
    }
}

fn rendered(compose: &[String], folder: &Path, files: &[&str]) -> Value {
    let mut command = Command::new(&compose[0]);
    command.args(&compose[1..]).current_dir(folder).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("HOME", folder);
    for file in files {
        command.args(["-f", file]);
    }
    let rendered = output(command.args(["config", "--format", "json"]));
    serde_json::from_str::<Value>(&rendered).unwrap()["services"].clone()
}
