//! The simulator as a process of its own, asked and changed over HTTP.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Judgement, Options, Stats};
use crate::config::binary;
use crate::process::{Group, Process};

/// How long a loaded machine may take until the simulator listens.
const STARTED: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// A running simulator; dropping it kills it.
#[derive(Debug)]
pub struct SimulatorProcess {
    url: String,
    http: reqwest::Client,
    _process: Process,
}

impl SimulatorProcess {
    /// Starts the binary with these customers, seed and settings; its log goes to `folder`.
    pub async fn start(options: &Options, folder: &Path) -> anyhow::Result<Self> {
        let settings = serde_json::to_string(&options.settings).context("write the simulator's settings")?;
        let mut command = Command::new(binary("simulator")?);
        command.args(["--settings", &settings]);
        match &options.replay {
            Some(folder) => command.arg("--replay").arg(folder),
            None => command
                .args(["--customers", &options.customers.to_string()])
                .args(["--seed", &options.seed.to_string()]),
        };
        let log = folder.join("simulator.log");
        let mut process = Process::spawn("simulator", &mut command, &log, Group::Own)?;
        let start = Instant::now();
        let url = loop {
            let said = process.log_text();
            let url = said
                .lines()
                .find_map(|line| line.strip_prefix("export OKKI_BASE_URL="));
            if let Some(url) = url {
                break url.to_owned();
            }
            if process.exited()?.is_some() || start.elapsed() > STARTED {
                bail!("the simulator did not start; it says:\n{}", process.log_tail(10));
            }
            tokio::time::sleep(POLL).await;
        };
        Ok(Self {
            url,
            http: crate::http::client(),
            _process: process,
        })
    }

    /// `http://127.0.0.1:PORT`, good for `OKKI_BASE_URL` and `JDY_BASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Judges the first form.
    pub async fn judge(&self) -> anyhow::Result<Judgement> {
        self.get("/sim/judge").await
    }

    /// Calls, limits, transactions.
    pub async fn stats(&self) -> anyhow::Result<Stats> {
        self.get("/sim/stats").await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let request = self.http.get(format!("{}{path}", self.url));
        read(request.send().await.context("ask the simulator")?, path).await
    }

    /// Posts to a path of the control side.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        read(request.send().await.context("ask the simulator")?, path).await
    }
}

async fn read<T: DeserializeOwned>(answer: reqwest::Response, path: &str) -> anyhow::Result<T> {
    let status = answer.status();
    let text = answer.text().await.context("read the simulator's answer")?;
    ensure!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).with_context(|| format!("{path} answers in JSON"))
}
