//! What the commands do.

pub(crate) mod run;
pub(crate) mod setup;
pub(crate) mod token;
pub(crate) mod user;

use crate::auth::People;
use pipeline::{cause::chain, setting::ConfigError};
use std::path::Path;

/// The people of a folder.
fn people(folder: &Path, namespace: &str) -> Result<People, ConfigError> {
    People::open(folder, namespace).map_err(|error| {
        let remedy = words::text!("name the folder that the desk runs with, as a user who may write it");
        ConfigError::new("DESK_DATA", chain(&error), remedy)
    })
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
