//! The shared consumer, the publisher and the dead letters on a real broker.

mod alarm;
mod browse;
mod bundles;
mod consume;
mod crash;
mod drain;
mod hold;
mod nodes;
mod publish;

use kit::workbench::Workbench;
use pipeline::{
    broker::{Browser, Received},
    failure::record::FailureRecord,
    stage::Stage,
};

/// The first dead letter of the extract stage.
async fn first_letter(bench: &Workbench) -> Received {
    let queue = bench.rt.namespace.dead_queue(Stage::Extract);
    let mut browser = Browser::open(&bench.rt.broker, queue).await.unwrap();
    browser.next().await.unwrap().unwrap()
}

/// The failure record of the first dead letter of the extract stage.
async fn first_record(bench: &Workbench) -> FailureRecord {
    let failure = first_letter(bench).await.envelope.failure.unwrap();
    serde_json::from_str(&failure).unwrap()
}
