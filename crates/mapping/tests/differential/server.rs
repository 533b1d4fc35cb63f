//! A private MariaDB: own data folder, own socket, no network; it ends with the test.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// What one side says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The value as text; NULL is the empty text, as in a mapping.
    Value(String),
    /// The expression failed.
    Error,
}

impl Answer {
    /// `None` is an error.
    pub(crate) fn of(value: Option<&str>) -> Answer {
        value.map_or(Answer::Error, |text| Answer::Value(text.to_owned()))
    }
}

/// The running server.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
    now: i64,
}

fn program(names: &[&str]) -> Option<PathBuf> {
    let folders = [
        "/usr/sbin",
        "/usr/bin",
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/libexec",
        "/opt/homebrew/bin",
    ];
    let all = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| Path::new(folder).join(name)));
    all.into_iter().find(|path| path.is_file())
}

impl Server {
    /// Starts one, or says why not.
    pub(crate) fn start(now: i64) -> Option<Server> {
        let (Some(daemon), Some(_)) = (program(&["mariadbd"]), program(&["mariadb"])) else {
            eprintln!(
                "NOTICE: no MariaDB on this machine (Debian: mariadb-server); the comparison with it is skipped"
            );
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a data folder");
        let as_root =
            std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
        let mut process = Command::new(daemon)
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", folder.path().join("s").display()))
            .arg(format!("--pid-file={}", folder.path().join("pid").display()))
            .args([
                "--skip-networking",
                "--skip-log-bin",
                "--character-set-server=utf8mb4",
                "--default-time-zone=+08:00",
            ])
            // No system tables are needed to compute expressions, so none are installed.
            .args([
                "--skip-grant-tables",
                "--innodb-buffer-pool-size=8M",
                "--innodb-use-native-aio=0",
            ])
            .args(as_root.then_some("--user=root"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("mariadbd starts");
        let log = BufReader::new(process.stderr.take().expect("a pipe"));
        let mut lines = log.lines().map_while(Result::ok);
        let ready = lines.any(|line| line.contains("ready for connections"));
        assert!(ready, "mariadbd ended before it was ready");
        // Whatever it still has to say must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Server { process, folder, now })
    }

    /// One answer per expression.
    pub(crate) fn ask<'a>(&self, expressions: impl Iterator<Item = &'a str>) -> Vec<Answer> {
        let mut script = format!(
            "SET NAMES utf8mb4; SET time_zone='+08:00'; SET timestamp={};\n",
            self.now
        );
        let mut count = 0;
        for expression in expressions {
            script.push_str(&format!("SELECT {count}, ({expression});\n"));
            count += 1;
        }
        let mut client = Command::new(program(&["mariadb"]).expect("the client"))
            .args([
                "--no-defaults",
                "--user=root",
                "--batch",
                "--skip-column-names",
                "--force",
                "--default-character-set=utf8mb4",
            ])
            .arg(format!("--socket={}", self.folder.path().join("s").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the client starts");
        let mut stdin = client.stdin.take().expect("a pipe");
        let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
        let output = client.wait_with_output().expect("the client ends");
        writer
            .join()
            .expect("the script is written")
            .expect("the client reads it");
        // With --force the client goes on after an error; anything else on its side must not pass for one.
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code().is_some_and(|code| code <= 1),
            "the client failed: {log}"
        );
        let mut answers = vec![Answer::Error; count];
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let (number, value) = line.split_once('\t').expect("two columns");
            let number: usize = number.parse().expect("a number");
            answers[number] = Answer::Value(if value == "NULL" {
                String::new()
            } else {
                unescape(value)
            });
        }
        answers
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let killed = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = killed {
            eprintln!("mariadbd could not be ended: {error}");
        }
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('0') => '\0',
            Some(other) => other,
            None => '\\',
        });
    }
    out
}
