//! A private Redis: started, killed, emptied and restarted by the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::{READY, port};
use crate::process::{Group, Process};

/// A Redis server of our own.
#[derive(Debug)]
pub struct Redis {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    process: Process,
}

/// Of a Redis that asks for a password.
pub const PASSWORD: &str = "s3cret-of-redis";

impl Redis {
    /// Starts one with its data in `folder` and waits until it answers.
    pub async fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        Self::start_with(program, folder, Vec::new()).await
    }

    /// The same with more settings, as on its command line.
    pub(super) async fn start_with(
        program: &Path,
        folder: &Path,
        settings: Vec<String>,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).context("make Redis's folder")?;
        let [port] = port::free()?;
        let process = spawn(program, folder, port, &settings)?;
        let mut redis = Self {
            program: program.to_path_buf(),
            folder: folder.to_path_buf(),
            port,
            settings,
            process,
        };
        redis.ready().await?;
        Ok(redis)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        let asks = self.settings.iter().any(|setting| setting == "--requirepass");
        let credentials = if asks {
            format!(":{PASSWORD}@")
        } else {
            String::new()
        };
        format!("redis://{credentials}127.0.0.1:{}/0", self.port)
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// `kill -9`; what was not yet on disk is lost, as in a crash.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill9()
    }

    /// Starts it again on the same port with the data that survived.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.process.kill9()?;
        self.process = spawn(&self.program, &self.folder, self.port, &self.settings)?;
        self.ready().await
    }

    /// Starts it again with nothing in it.
    pub async fn restart_empty(&mut self) -> anyhow::Result<()> {
        self.process.kill9()?;
        std::fs::remove_dir_all(&self.folder).context("remove Redis's data")?;
        std::fs::create_dir_all(&self.folder).context("make Redis's folder")?;
        self.restart().await
    }

    /// Keeps a copy of what is on disk now, for [`Redis::restart_as_remembered`].
    pub fn remember(&self) -> anyhow::Result<()> {
        let kept = self.kept();
        if kept.exists() {
            std::fs::remove_dir_all(&kept).context("remove an older copy of Redis's data")?;
        }
        copy(&self.folder, &kept).context("copy Redis's data")
    }

    /// Starts it again with the copy: everything written since then is lost, as the last second is in a crash.
    pub async fn restart_as_remembered(&mut self) -> anyhow::Result<()> {
        self.process.kill9()?;
        std::fs::remove_dir_all(&self.folder).context("remove Redis's data")?;
        copy(&self.kept(), &self.folder).context("put Redis's older data back")?;
        self.restart().await
    }

    fn kept(&self) -> PathBuf {
        self.folder.with_extension("kept")
    }

    /// Of the server's process.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The process, for those who freeze it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let client = redis::Client::open(self.url()).context("read our own Redis URL")?;
        let start = Instant::now();
        loop {
            let answer = async {
                let mut connection = client.get_multiplexed_async_connection().await?;
                redis::cmd("PING").query_async::<String>(&mut connection).await
            }
            .await;
            let Err(error) = answer else { return Ok(()) };
            if let Some(status) = self.process.exited()? {
                bail!(
                    "Redis ended at once ({status}); its log ends:\n{}",
                    self.process.log_tail(15)
                );
            }
            if start.elapsed() > READY {
                bail!(
                    "Redis does not answer ({error}); its log ends:\n{}",
                    self.process.log_tail(15)
                );
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(std::fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}

fn spawn(program: &Path, folder: &Path, port: u16, settings: &[String]) -> anyhow::Result<Process> {
    let mut command = Command::new(program);
    command
        .args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--daemonize",
            "no",
            "--save",
            "",
        ])
        .args([
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
            "--maxmemory-policy",
            "noeviction",
        ])
        .arg("--dir")
        .arg(folder)
        .args(settings);
    // Beside the folder, so that the log outlives the data.
    Process::spawn("redis", &mut command, &folder.with_extension("log"), Group::Own)
}
