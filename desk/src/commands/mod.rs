//! What the commands do.

pub(crate) mod run;
pub(crate) mod token;
pub(crate) mod user;

use crate::{auth::People, config::FolderArgs};
use pipeline::{cause::chain, setting::ConfigError};

/// The people of a folder, for commands beside a running desk.
fn people(folder: &FolderArgs) -> Result<People, ConfigError> {
    People::open(&folder.data, &folder.namespace).map_err(|error| {
        let remedy = words::text!("name the folder that the desk runs with, as a user who may write it");
        ConfigError::new("DESK_DATA", chain(&error), remedy)
    })
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
