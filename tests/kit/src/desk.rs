//! The desk as a process beside a pipeline under test.

use crate::{
    config::binary,
    pipeline::{PipelineUnderTest, Service},
    process::{Group, Process},
    services::port,
    wait::eventually,
};
use anyhow::Context;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::net::TcpStream;

/// How long a loaded machine may take until the desk answers.
const STARTED: Duration = Duration::from_secs(60);

/// A desk that runs.
pub struct Desk {
    /// The process.
    pub process: Process,
    /// Where its pages are.
    pub url: String,
    /// Its folder.
    pub data: PathBuf,
}

/// The program with the settings of a pipeline, which names no vendor.
pub fn command<V>(pipeline: &PipelineUnderTest<V>) -> anyhow::Result<Command> {
    let mut command = Command::new(binary("desk")?);
    let settings = pipeline.settings(Service::Transformer);
    let shared = ["AMQP_URL", "REDIS_URL", "NAMESPACE", "RETRY_DELAYS", "LOG_FORMAT"];
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("OKKI_LANG", "en")
        .envs(
            settings
                .into_iter()
                .filter(|(name, _)| shared.contains(&name.as_str())),
        );
    Ok(command)
}

impl Desk {
    /// Starts it with its files in a folder, on a free port, and waits until it answers.
    pub async fn start<V>(
        pipeline: &PipelineUnderTest<V>,
        folder: &Path,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let [port] = port::free::<1>()?;
        Self::start_at(pipeline, folder, port, more).await
    }

    /// The same on this port.
    pub async fn start_at<V>(
        pipeline: &PipelineUnderTest<V>,
        folder: &Path,
        port: u16,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let (addr, data) = (format!("127.0.0.1:{port}"), folder.join("desk"));
        let mut command = command(pipeline)?;
        command
            .args(["run", "--listen", &addr, "--walk-every", "1s", "--data"])
            .arg(&data)
            .args(more);
        let process = Process::spawn("desk", &mut command, &folder.join("desk.log"), Group::Own)?;
        let scheme = match more.contains(&"--tls-cert-file") {
            true => "https",
            false => "http",
        };
        let url = format!("{scheme}://{addr}");
        let http = crate::http::client();
        eventually(STARTED, "the desk answers", async || {
            // Whom a certificate is to be trusted by, the test knows.
            let asked = match scheme {
                "https" => TcpStream::connect(&addr)
                    .await
                    .map(drop)
                    .map_err(|error| error.to_string()),
                _ => {
                    let asked = http.get(format!("{url}/livez")).send().await;
                    asked.map(drop).map_err(|error| error.to_string())
                }
            };
            asked.map_err(|error| format!("{error}; its log ends:\n{}", process.log_tail(10)))
        })
        .await;
        Ok(Self { process, url, data })
    }

    /// Adds somebody who may sign in, beside the running desk.
    pub fn add_user<V>(
        &self,
        pipeline: &PipelineUnderTest<V>,
        name: &str,
        role: &str,
        password: &str,
    ) -> anyhow::Result<()> {
        use std::io::Write;
        let mut command = command(pipeline)?;
        command
            .args(["user", "add", name, "--role", role, "--data"])
            .arg(&self.data);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        let mut input = child.stdin.take().context("the command's input")?;
        writeln!(input, "{password}")?;
        drop(input);
        anyhow::ensure!(child.wait()?.success(), "desk user add failed");
        Ok(())
    }
}
