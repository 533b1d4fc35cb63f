//! The simulated vendors as a process of their own, steered over HTTP like any outsider would.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use kit::config::binary;
use kit::process::{Group, Process};

const STARTED: Duration = Duration::from_secs(20);

/// What the judge says.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Verdict {
    pub source_customers: u64,
    pub form_rows: u64,
    pub missing: u64,
    pub duplicates: u64,
    pub stale: u64,
    pub blank: u64,
    pub wrong_cells: u64,
    pub extra: u64,
    pub foreign: u64,
    pub quota_violations: u64,
    #[serde(default)]
    pub examples: Value,
}

impl Verdict {
    /// The form is what the customers are.
    pub fn is_equal(&self) -> bool {
        [
            self.missing,
            self.duplicates,
            self.stale,
            self.blank,
            self.wrong_cells,
            self.extra,
            self.foreign,
        ]
        .iter()
        .all(|count| *count == 0)
    }
}

/// How far things have come.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Detail calls answered by OKKI.
    pub details: u64,
    /// Rows in the form.
    pub rows: u64,
}

/// The running simulator.
pub struct Vendors {
    /// What it says the services need.
    pub exports: BTreeMap<String, String>,
    url: String,
    http: reqwest::Client,
    _process: Process,
}

impl Vendors {
    /// Starts it. OKKI's unpublished limits are lifted so that the demo is short; Jiandaoyun's are the vendor's.
    pub async fn start(folder: &Path, customers: u32, seed: u64) -> anyhow::Result<Self> {
        let mut command = Command::new(binary("simulator")?);
        command
            .args(["--customers", &customers.to_string(), "--seed", &seed.to_string()])
            .args(["--settings", r#"{"okki":{"per_second":null}}"#]);
        let mut process = Process::spawn(
            "simulator",
            &mut command,
            &folder.join("simulator.log"),
            Group::Own,
        )?;
        let start = std::time::Instant::now();
        let exports = loop {
            let said = process.log_text();
            let exports: BTreeMap<String, String> = said
                .lines()
                .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            // Printed in one go, this one last.
            if exports.contains_key("JDY_KEY_WIDGET") {
                break exports;
            }
            if process.exited()?.is_some() || start.elapsed() > STARTED {
                bail!("the simulator did not start; it says:\n{}", process.log_tail(10));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let url = exports
            .get("JDY_BASE_URL")
            .context("the simulator's address")?
            .clone();
        Ok(Self {
            exports,
            url,
            http: kit::http::client(),
            _process: process,
        })
    }

    /// Compares the form with the customers.
    pub async fn judge(&self) -> anyhow::Result<Verdict> {
        self.get("/sim/judge").await
    }

    /// Counts, cheap enough for a progress bar.
    pub async fn seen(&self) -> anyhow::Result<Seen> {
        let stats: Value = self.get("/sim/stats").await?;
        let number = |pointer: &str| stats.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        Ok(Seen {
            details: number("/okki/calls/info/calls"),
            rows: number("/form_rows"),
        })
    }

    /// The first calls that were over a limit, for a report that must explain itself.
    pub async fn violations(&self) -> anyhow::Result<Vec<Value>> {
        let stats: Value = self.get("/sim/stats").await?;
        let of = |vendor: &str| {
            stats[vendor]["violation_examples"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        };
        Ok([of("okki"), of("jdy")].concat())
    }

    /// Gives some customers a short name that carries `marker`.
    pub async fn mark(&self, count: usize, marker: &str) -> anyhow::Result<()> {
        let drawn: Value = self.post("/sim/touch", &json!({ "count": count })).await?;
        let ids = drawn["company_ids"].as_array().context("the drawn customers")?;
        for id in ids {
            let name = format!("{marker}示例");
            let _: Value = self
                .post(
                    "/sim/change",
                    &json!({"company_id": id, "set": {"short_name": name}}),
                )
                .await?;
        }
        Ok(())
    }

    /// Lets Jiandaoyun refuse every request that contains `marker`, or nothing any more.
    pub async fn refuse(&self, marker: Option<&str>, code: u32) -> anyhow::Result<()> {
        let poison: Vec<Value> = marker
            .iter()
            .map(|marker| json!({"marker": marker, "code": code}))
            .collect();
        let _: Value = self
            .post("/sim/settings", &json!({"jdy": {"poison": poison}}))
            .await?;
        Ok(())
    }

    /// Changes some customers; how many.
    pub async fn change(&self, count: usize) -> anyhow::Result<usize> {
        let changed: Value = self.post("/sim/change", &json!({ "count": count })).await?;
        Ok(changed["company_ids"].as_array().map_or(0, Vec::len))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self
            .http
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .context("ask the simulator")?;
        read(answer, path).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        read(request.send().await.context("steer the simulator")?, path).await
    }
}

async fn read<T: DeserializeOwned>(answer: reqwest::Response, path: &str) -> anyhow::Result<T> {
    let status = answer.status();
    let text = answer.text().await.context("read the simulator's answer")?;
    ensure!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).with_context(|| format!("{path} answers in JSON"))
}
