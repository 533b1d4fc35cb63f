//! The desk as people use it: a real browser in front of the real programs, and what others may not do.

mod access;
mod by_hand;
mod cells;
mod document;
mod exchange;
mod goes_on;
mod health;
mod links;
mod looks;
mod oidc;
mod oidc_hostile;
mod people;
mod repairs;
mod replays;
mod rules;
mod setup;
mod sign_in;
mod tls;
mod viewer;

use crate::loader::feed::Feed;
use kit::{
    browser::Browser,
    desk::Desk,
    pipeline::{PipelineUnderTest, Service},
    wait::eventually,
};
use pipeline::stage::Stage;
use serde_json::Value;
use std::{path::PathBuf, time::Duration};

const LIMIT: Duration = Duration::from_secs(90);
const WIDE: (u32, u32) = (1_280, 900);

/// A pipeline with so many customers in the form, and a desk beside it.
struct Scene {
    pipeline: PipelineUnderTest,
    desk: Desk,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn of(customers: u32, seed: u64, more: &[&str]) -> Self {
        let mut pipeline = PipelineUnderTest::for_test()
            .customers(customers)
            .seed(seed)
            .start()
            .await;
        pipeline.run_all();
        pipeline.rows(LIMIT, customers as usize).await;
        pipeline.quiet(LIMIT, 0).await;
        Self::beside(pipeline, more).await
    }

    async fn beside(pipeline: PipelineUnderTest, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::start(&pipeline, folder.path(), more).await.unwrap();
        Self {
            pipeline,
            desk,
            folder,
        }
    }

    /// So many dead letters of the loader, which runs alone; each is the state of a customer that has no row.
    async fn buried(letters: u32, seed: u64, more: &[&str]) -> Self {
        let mut pipeline = PipelineUnderTest::for_test()
            .customers(letters)
            .seed(seed)
            .start()
            .await;
        pipeline.run(Service::Loader);
        let feed = Feed::new(&pipeline).await;
        let customers = pipeline.simulator.company_ids();
        feed.bury(Stage::Load, &feed.records(&pipeline, &customers)).await;
        let scene = Self::beside(pipeline, more).await;
        scene.letters("load", letters as usize).await;
        scene
    }

    /// New customers whose rows the form refuses; they are dead letters afterwards.
    async fn refused(&self, count: usize) -> Vec<String> {
        let ids: Vec<String> = self
            .pipeline
            .simulator
            .add(count)
            .iter()
            .map(ToString::to_string)
            .collect();
        for id in &ids {
            self.pipeline.simulator.fault(super::ops::refuse_row(id));
        }
        self.letters("load", count).await;
        ids
    }

    /// Waits until the desk knows so many letters of a stage, and what they hold.
    async fn letters(&self, stage: &str, count: usize) {
        eventually(LIMIT, "the desk knows the letters", async || {
            let page = self.ask(&format!("dead/{stage}/letters?limit=500")).await?;
            let known = page["letters"].as_array().map_or(0, Vec::len);
            match known == count && page["known"]["unseen"] == 0 {
                true => Ok(()),
                false => Err(format!("{known} of {count}: {}", page["known"])),
            }
        })
        .await;
    }

    async fn ask(&self, path: &str) -> Result<Value, String> {
        let url = format!("{}/api/v1/{path}", self.desk.url);
        let answer = kit::http::client()
            .get(url)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        answer.json().await.map_err(|error| error.to_string())
    }

    /// Sends something to the API, as the desk's own pages may; it has to be taken.
    async fn post(&self, path: &str, body: &Value) {
        let me = self.ask("me").await.unwrap();
        let sent = kit::http::client()
            .post(self.url(&format!("/api/v1/{path}")))
            .header("x-form-token", me["form_token"].as_str().unwrap());
        let answer = sent.json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {:?}", answer.text().await);
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.desk.url)
    }
}

/// Where pictures of pages are found afterwards.
fn pictures() -> PathBuf {
    let folder = kit::config::repository().join("target/desk");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A browser as most people here have it.
async fn browser(language: &str) -> Browser {
    Browser::start(WIDE, language, false).await.unwrap()
}

/// Waits until an element says something.
async fn says(browser: &Browser, selector: &str, text: &str) {
    eventually(LIMIT, &format!("{selector} says {text}"), async || {
        let said = browser.text(selector).await;
        match said.contains(text) {
            true => Ok(()),
            false => Err(said),
        }
    })
    .await;
}

/// Chooses the letter in this line of the table, counted from 1.
async fn tick(browser: &Browser, line: usize) {
    let of_line = format!("tbody tr:nth-child({line}) input[name=id]");
    browser.click(&of_line).await.unwrap();
}
