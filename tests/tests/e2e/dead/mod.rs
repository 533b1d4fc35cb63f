//! Dead letters from outside: every command of every program, replays that say what became of each letter, and
//! `kill -9` in the middle of one.

mod audit_end;
mod browsing;
mod config;
mod doubles;
mod events;
mod kills;
mod letters;
mod lives;
mod operations;
mod repairs;
mod rules;
mod said;
mod stages;
mod starts;

use kit::pipeline::{PipelineUnderTest, Service};
use pipeline::stage::Stage;
use serde_json::Value;

use crate::loader::feed::Feed;

/// So many letters of the loader, which does not run.
async fn buried(letters: usize, seed: u64) -> (PipelineUnderTest, Feed) {
    let pipeline = PipelineUnderTest::for_test()
        .customers(u32::try_from(letters).unwrap())
        .seed(seed)
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    feed.bury(Stage::Load, &feed.records(&pipeline, &customers)).await;
    (pipeline, feed)
}

/// `<service> dead …` that must succeed; what it printed as JSON.
async fn dead(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> Value {
    let printed = said(pipeline, service, arguments).await;
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {printed}"))
}

/// The same as text.
async fn said(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> String {
    let command: Vec<_> = ["dead"].iter().chain(arguments).copied().collect();
    pipeline
        .tool(service, &command)
        .await
        .unwrap_or_else(|error| panic!("{error:#}"))
}

/// A command that must fail; what it said.
async fn refused(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> String {
    let command: Vec<_> = ["dead"].iter().chain(arguments).copied().collect();
    match pipeline.tool(service, &command).await {
        Ok(printed) => panic!("{arguments:?} succeeded: {printed}"),
        Err(error) => format!("{error:#}"),
    }
}

/// Ids of the letters in their order.
async fn ids(pipeline: &PipelineUnderTest, service: Service) -> Vec<String> {
    let listed = said(pipeline, service, &["list", "--json"]).await;
    let id = |line: &str| {
        serde_json::from_str::<Value>(line).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    listed.lines().map(id).collect()
}
