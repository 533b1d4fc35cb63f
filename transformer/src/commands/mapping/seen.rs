//! Records that a mapping is held against: files of detail answers, or what the transformers have seen lately.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use mapping::Zone;
use mapping::clean::{clean_in, collisions};
use pipeline::config::{SharedArgs, SharedConfig};
use pipeline::names::Namespace;
use pipeline::store::Store;
use serde_json::Value;

use super::company;
use crate::known::Known;
use crate::profile::{self, Profile};

/// For a Redis that may be away.
const PATIENCE: Duration = Duration::from_secs(5);

/// The profile of the answers in these files; each holds one answer, an array of them, or one a line.
pub(super) fn of_files(files: &[PathBuf], zone: &Zone) -> anyhow::Result<Known> {
    if files.is_empty() {
        return Ok(Known::standard());
    }
    let (mut profile, mut collided) = (Profile::default(), Vec::new());
    for file in files {
        for detail in company::several(file)? {
            let detail = match detail {
                Value::Object(_) => detail,
                _ => words::bail!("{}: every customer must be an object", file.display()),
            };
            collided.extend(collisions(&detail));
            profile.add(&clean_in(detail, zone).with_context(|| file.display().to_string())?);
        }
    }
    Ok(Known::with(profile).collided(collided))
}

/// The same where Redis is set but was not asked for: nobody waits long for it.
pub(super) async fn at_hand(shared: SharedArgs) -> anyhow::Result<Option<Profile>> {
    let SharedConfig { redis, namespace, .. } = shared.try_into()?;
    let store = Store::connect(&redis)?;
    tokio::time::timeout(PATIENCE, lately(&store, &namespace))
        .await
        .with_context(|| words::tr!("REDIS_URL: no answer within {} s", PATIENCE.as_secs()))?
}

/// The profile of what transformers have mapped lately.
pub(super) async fn lately(store: &Store, namespace: &Namespace) -> anyhow::Result<Option<Profile>> {
    profile::last(store, namespace)
        .await
        .with_context(|| words::tr!("REDIS_URL: ask for the keys that customers have had lately"))
}
