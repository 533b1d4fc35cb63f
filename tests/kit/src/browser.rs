//! A real browser, as people use one: Debian's Chromium, driven over WebDriver, installed when it is missing.

use crate::{
    process::{Group, Process},
    services::{
        install::{find, install},
        port,
    },
    wait::eventually,
};
use anyhow::Context;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::sync::Mutex;

/// How long a loaded machine may take until the driver answers.
const STARTED: Duration = Duration::from_secs(60);

/// One installation at a time.
static INSTALLING: Mutex<()> = Mutex::const_new(());

/// A browser with one window; it ends with its handle.
pub struct Browser {
    /// The window, until the end.
    driver: Option<WebDriver>,
    url: String,
    _process: Process,
    folder: TempDir,
}

/// The window would say goodbye and wait for an answer that nobody reads while a test's runtime is ending; the process takes
/// everything with it.
impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            drop(driver.leak());
        }
    }
}

async fn programs() -> anyhow::Result<(PathBuf, PathBuf)> {
    let _one = INSTALLING.lock().await;
    let both = || Some((find("chromium", &[])?, find("chromedriver", &[])?));
    if let Some(found) = both() {
        return Ok(found);
    }
    install(&["chromium", "chromium-driver", "fonts-noto-cjk"]).await?;
    both().context("chromium and chromedriver are not where apt has put them")
}

impl Browser {
    /// Starts a browser whose window is so large, in pixels, and which asks for pages in this language.
    pub async fn start((width, height): (u32, u32), language: &str, dark: bool) -> anyhow::Result<Self> {
        let (chromium, chromedriver) = programs().await?;
        let folder = TempDir::new().context("make a folder for the browser")?;
        let [port] = port::free::<1>()?;
        let mut command = Command::new(chromedriver);
        command.arg(format!("--port={port}")).env("HOME", folder.path());
        let log = folder.path().join("chromedriver.log");
        let process = Process::spawn("chromedriver", &mut command, &log, Group::Own)?;
        let url = format!("http://127.0.0.1:{port}");
        let http = crate::http::client();
        eventually(STARTED, "chromedriver answers", async || {
            let asked = http.get(format!("{url}/status")).send().await;
            asked.map(drop).map_err(|error| error.to_string())
        })
        .await;
        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.set_binary(chromium.to_str().context("the browser's path")?)?;
        let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
        let size = format!("--window-size={width},{height}");
        let mut arguments = vec![
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            &profile,
            &size,
        ];
        if dark {
            arguments.push("--force-dark-mode");
        }
        for argument in arguments {
            capabilities.add_arg(argument)?;
        }
        capabilities.add_experimental_option(
            "prefs",
            json!({
                "intl.accept_languages": language,
                "download.default_directory": folder.path().join("downloads"),
            }),
        )?;
        capabilities.set(
            "goog:loggingPrefs",
            json!({"browser": "ALL", "performance": "ALL"}),
        )?;
        let driver = WebDriver::new(&url, capabilities)
            .await
            .context("open a window")?;
        let browser = Self {
            driver: Some(driver),
            url,
            _process: process,
            folder,
        };
        // No window is narrower than 500 pixels; a page may be.
        let narrow = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        if width < 500 {
            browser.tell("Emulation.setDeviceMetricsOverride", narrow).await?;
        }
        Ok(browser)
    }

    /// A command of the browser's own protocol.
    async fn tell(&self, command: &str, parameters: Value) -> anyhow::Result<()> {
        let session = self.driver().session_id();
        let url = format!("{}/session/{session}/goog/cdp/execute", self.url);
        let sent = crate::http::client().post(url);
        let answer = sent
            .json(&json!({"cmd": command, "params": parameters}))
            .send()
            .await?;
        anyhow::ensure!(
            answer.status().is_success(),
            "{command}: {}",
            answer.text().await?
        );
        Ok(())
    }

    #[expect(clippy::expect_used, reason = "it is there until the browser is dropped")]
    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("an open window")
    }

    /// Goes to a page.
    pub async fn open(&self, url: &str) -> anyhow::Result<()> {
        self.driver()
            .goto(url)
            .await
            .with_context(|| format!("open {url}"))
    }

    /// What is written in the first element that a selector means; nothing when there is none.
    pub async fn text(&self, selector: &str) -> String {
        match self.driver().find(By::Css(selector)).await {
            Ok(found) => found.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// How many elements a selector means.
    pub async fn count(&self, selector: &str) -> usize {
        self.driver()
            .find_all(By::Css(selector))
            .await
            .map_or(0, |all| all.len())
    }

    /// Clicks on the first element that a selector means.
    pub async fn click(&self, selector: &str) -> anyhow::Result<()> {
        let found = self
            .driver()
            .find(By::Css(selector))
            .await
            .with_context(|| format!("find {selector}"))?;
        found.scroll_into_view().await?;
        found.click().await.with_context(|| format!("click {selector}"))
    }

    /// Writes into the first field that a selector means, instead of what is there.
    pub async fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let found = self
            .driver()
            .find(By::Css(selector))
            .await
            .with_context(|| format!("find {selector}"))?;
        found.clear().await?;
        found
            .send_keys(text)
            .await
            .with_context(|| format!("fill {selector}"))
    }

    /// Chooses a file in the first field that a selector means.
    pub async fn upload(&self, selector: &str, file: &Path) -> anyhow::Result<()> {
        let found = self.driver().find(By::Css(selector)).await?;
        found
            .send_keys(file.to_str().context("the file's path")?)
            .await
            .with_context(|| format!("choose a file in {selector}"))
    }

    /// What is written in the first field that a selector means, and tells the page so, as if somebody had typed it.
    pub async fn write(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        const WRITE: &str = "const field = document.querySelector(arguments[0]);
            field.value = arguments[1];
            field.dispatchEvent(new Event('input', {bubbles: true}));";
        let arguments = vec![json!(selector), json!(text)];
        self.driver()
            .execute(WRITE, arguments)
            .await
            .with_context(|| format!("write into {selector}"))?;
        Ok(())
    }

    /// Waits until so many files have come down as a whole, and names them.
    pub async fn downloads(&self, count: usize) -> Vec<PathBuf> {
        let folder = self.folder.path().join("downloads");
        eventually(STARTED, "the file has come down", async || {
            let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            let mut files: Vec<_> = files.map(|file| file.path()).collect();
            files.sort();
            let whole = files
                .iter()
                .all(|file| file.extension().is_some_and(|end| end == "jsonl"));
            match whole && files.len() == count {
                true => Ok(files),
                false => Err(format!("{files:?}")),
            }
        })
        .await
    }

    /// Chooses the option of a field that says this.
    pub async fn choose(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let options = self
            .driver()
            .find_all(By::Css(format!("{selector} option")))
            .await?;
        for option in options {
            if option.text().await?.trim() == text {
                return option.click().await.with_context(|| format!("choose {text}"));
            }
        }
        anyhow::bail!("{selector} has no option {text}")
    }

    /// The whole page as it stands, after its scripts.
    pub async fn source(&self) -> anyhow::Result<String> {
        self.driver().source().await.context("the page's source")
    }

    /// Says yes to a question of the page.
    pub async fn accept(&self) -> anyhow::Result<()> {
        self.driver().accept_alert().await.context("accept the question")
    }

    /// What a script answers.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        let answer = self.driver().execute(script, Vec::new()).await?;
        Ok(answer.json().clone())
    }

    /// What axe-core calls serious or critical on the page: for people who see little, use no mouse, or hear the page.
    pub async fn barriers(&self) -> anyhow::Result<Vec<String>> {
        const AXE: &str = include_str!("../../vendor/axe-core/axe.min.js");
        const ASK: &str = "const done = arguments[arguments.length - 1];
            axe.run().then((all) => done(all.violations), (error) => done([{impact: 'critical', id: String(error)}]));";
        self.driver()
            .execute(AXE, Vec::new())
            .await
            .context("load axe-core")?;
        let answer = self
            .driver()
            .execute_async(ASK, Vec::new())
            .await
            .context("ask axe-core")?;
        let found = answer.json().as_array().cloned().unwrap_or_default();
        let serious = found
            .iter()
            .filter(|one| one["impact"] == "serious" || one["impact"] == "critical");
        let told = |one: &Value| {
            let nodes = one["nodes"].as_array().cloned().unwrap_or_default();
            let places: Vec<_> = nodes
                .iter()
                .take(3)
                .map(|node| format!("{} {}", node["html"], node["failureSummary"]))
                .collect();
            format!("{}: {}", one["id"], places.join(" | "))
        };
        Ok(serious.map(told).collect())
    }

    /// Writes a picture of the whole page.
    pub async fn picture(&self, path: &Path) -> anyhow::Result<()> {
        self.driver()
            .screenshot(path)
            .await
            .with_context(|| format!("picture {}", path.display()))
    }

    /// What the browser has said since the last call: errors of scripts, of the policy, of what was not found.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let said = self.log("browser").await?;
        let text = |entry: &Value| format!("{}: {}", entry["level"], entry["message"]);
        Ok(said.iter().map(text).collect())
    }

    /// Every address that was asked for since the last call.
    pub async fn asked(&self) -> anyhow::Result<Vec<String>> {
        let mut asked = Vec::new();
        for entry in self.log("performance").await? {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap_or_default())?;
            let message = &message["message"];
            if message["method"] == "Network.requestWillBeSent" {
                asked.extend(message["params"]["request"]["url"].as_str().map(str::to_owned));
            }
        }
        Ok(asked)
    }

    async fn log(&self, kind: &str) -> anyhow::Result<Vec<Value>> {
        let session = self.driver().session_id();
        let url = format!("{}/session/{session}/se/log", self.url);
        let answer = crate::http::client()
            .post(url)
            .json(&json!({"type": kind}))
            .send()
            .await?;
        let answer: Value = answer.json().await?;
        Ok(answer["value"].as_array().cloned().unwrap_or_default())
    }
}
