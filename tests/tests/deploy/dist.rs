//! What `make dist` gives to people: made of the debug binaries of this build, installed and removed in a clean Debian, signed
//! and checked as a receiver does.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use kit::config::{binary, repository};
use regex::Regex;
use serde_json::Value;

use crate::tools::output;

/// What scripts end with that cannot do their work on this machine, and say why.
const CANNOT: i32 = 75;

/// `deploy/dist` with the binaries of this build, into a folder of the test.
fn dist(folder: &Path) -> Command {
    let mut command = Command::new(repository().join("deploy/dist"));
    command
        .env("DIST", folder)
        .env("DIST_FAST", "1")
        .env("DIST_BIN", binary("loader").unwrap().parent().unwrap())
        .env_remove("MINISIGN_KEY")
        .env_remove("DIST_VERSION");
    command
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .concat()
}

/// The only file of this ending.
fn file(folder: &Path, ending: &str) -> PathBuf {
    let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> = found
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    assert_eq!(found.len(), 1, "{ending}: {found:?}");
    found[0].clone()
}

/// Packing takes a while and hundreds of megabytes, so one test does everything with what was packed once.
#[test]
fn what_is_given_to_people_installs_runs_and_goes_away() {
    for program in ["extractor", "transformer", "loader", "desk"] {
        binary(program).unwrap();
    }
    if !has("dpkg-deb") || !has("readelf") {
        eprintln!("dist: no dpkg-deb or readelf here; nothing was packed");
        return;
    }
    let target = repository().join("target");
    let folder = tempfile::tempdir_in(&target).unwrap();
    output(dist(folder.path()).arg("pack"));
    the_package_says_what_it_needs(folder.path());
    the_archive_unpacks_into_a_prefix(folder.path());
    it_is_installed_and_removed(folder.path());
    it_is_signed_and_checked(folder.path());
}

fn the_package_says_what_it_needs(folder: &Path) {
    let deb = file(folder, ".deb");
    let control = output(Command::new("dpkg-deb").arg("-f").arg(&deb));
    let needs =
        Regex::new(r"(?m)^Depends: libc6 \(>= 2\.\d+\), (libgcc-s1, )?adduser, ca-certificates$").unwrap();
    assert!(needs.is_match(&control), "{control}");
    let files = output(Command::new("dpkg-deb").arg("-c").arg(&deb));
    let strangers = files.lines().filter(|line| !line.contains(" root/root "));
    assert_eq!(strangers.count(), 0, "{files}");
}

/// Every line of `.env.example` is in a settings file of the package, in that of its program.
fn the_archive_unpacks_into_a_prefix(folder: &Path) {
    let prefix = tempfile::tempdir().unwrap();
    let unpack = ["--strip-components=1", "-xzf"];
    output(
        Command::new("tar")
            .arg("--directory")
            .arg(prefix.path())
            .args(unpack)
            .arg(file(folder, "linux-gnu.tar.gz")),
    );
    let said = output(Command::new(prefix.path().join("bin/loader")).arg("--version"));
    assert!(said.starts_with("loader "), "{said}");
    let unit = fs::read_to_string(prefix.path().join("lib/systemd/system/okki-loader@.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/local/bin/loader run"), "{unit}");
    let names = |text: &str| -> BTreeSet<String> {
        let line = Regex::new(r"(?m)^#?([A-Z][A-Z0-9_]+)=").unwrap();
        line.captures_iter(text)
            .map(|found| found[1].to_owned())
            .collect()
    };
    let example = fs::read_to_string(repository().join(".env.example")).unwrap();
    let mut split = String::new();
    for name in ["okki", "extractor", "transformer", "loader", "desk"] {
        let path = prefix.path().join(format!("share/okki/{name}.env"));
        let settings = fs::read_to_string(&path).unwrap();
        assert!(!names(&settings).is_empty(), "{name}.env");
        // The programs and systemd read the same lines.
        let read: Result<Vec<_>, _> = dotenvy::from_path_iter(&path).unwrap().collect();
        let set: Vec<_> = read
            .unwrap()
            .into_iter()
            .filter(|(_, value)| value.is_empty())
            .collect();
        assert!(set.is_empty(), "{name}.env: {set:?}");
        split += &settings;
    }
    assert_eq!(names(&split), names(&example));
    let help = |text: &str| text.lines().filter(|line| line.starts_with("# ")).count();
    assert!(help(&split) >= help(&example) - 8, "explanations were dropped");
}

fn it_is_installed_and_removed(folder: &Path) {
    let mut install = Command::new(repository().join("tests/install-deb"));
    let said = install.arg(file(folder, ".deb")).output().unwrap();
    match said.status.code() {
        Some(0) => println!("{}", text(&said)),
        Some(CANNOT) => eprintln!("{}", text(&said)),
        _ => panic!("{}", text(&said)),
    }
}

fn it_is_signed_and_checked(folder: &Path) {
    output(dist(folder).arg("sums"));
    let unsigned = dist(folder).arg("sign").output().unwrap();
    assert!(text(&unsigned).contains("NOT SIGNED"), "{}", text(&unsigned));
    if !has("minisign") && !has("apt-get") {
        eprintln!("dist: no minisign here; nothing was signed");
        return;
    }
    let keys = tempfile::tempdir().unwrap();
    let (secret, public) = (keys.path().join("okki.key"), keys.path().join("okki.pub"));
    let key = ["minisign", "-G", "-f", "-W", "-s"];
    output(dist(folder).args(key).arg(&secret).arg("-p").arg(&public));
    output(dist(folder).arg("sign").env("MINISIGN_KEY", &secret));
    output(dist(folder).arg("verify").arg(&public));
    // One byte more, and it is none of ours.
    let deb = file(folder, ".deb");
    let mut bytes = fs::read(&deb).unwrap();
    bytes.push(0);
    fs::write(&deb, bytes).unwrap();
    let refused = dist(folder).arg("verify").arg(&public).output().unwrap();
    assert!(!refused.status.success(), "{}", text(&refused));
}

fn has(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.unwrap().status.success()
}

/// What the forge does on a tag is what `deploy/dist` does here, step by step.
#[test]
fn the_release_workflow_takes_steps_that_exist() {
    let path = repository().join(".github/workflows/release.yml");
    let workflow: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let jobs = workflow["jobs"].as_object().unwrap();
    let scripts: Vec<&str> = jobs
        .values()
        .flat_map(|job| job["steps"].as_array().into_iter().flatten())
        .filter_map(|step| step["run"].as_str())
        .collect();
    let known = fs::read_to_string(repository().join("deploy/dist")).unwrap();
    let mut taken = BTreeSet::new();
    // Expressions of the forge are no shell.
    let expression = Regex::new(r"\$\{\{.*?\}\}").unwrap();
    let step = Regex::new(r"deploy/dist (\w+)").unwrap();
    for script in &scripts {
        let shell = expression.replace_all(script, "x");
        output(Command::new("bash").args(["-n", "-c", &shell]));
        for found in step.captures_iter(script) {
            assert!(
                known.contains(&format!("\n{}() {{", &found[1])),
                "deploy/dist has no {}",
                &found[1]
            );
            taken.insert(found[1].to_owned());
        }
    }
    let all = ["build", "pack", "sbom", "sums", "sign"].map(str::to_owned);
    assert!(all.iter().all(|step| taken.contains(step)), "{taken:?}");
    for (name, job) in jobs {
        for step in job["steps"].as_array().into_iter().flatten() {
            let Some(action) = step["uses"].as_str() else {
                continue;
            };
            let version = action.split_once('@').map(|(_, version)| version);
            assert!(
                version.is_some_and(|version| !version.is_empty()),
                "{name}: {action} without a version"
            );
        }
        let needs = job["needs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        for other in needs {
            assert!(jobs.contains_key(other), "{name} needs {other}");
        }
    }
}
