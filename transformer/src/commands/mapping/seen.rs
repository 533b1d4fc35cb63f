//! Records that a mapping is held against: files of detail answers, or what the transformers have seen lately.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use mapping::Zone;
use mapping::clean::{clean_in, collisions};
use pipeline::config::{SharedArgs, SharedConfig};
use pipeline::names::Namespace;
use pipeline::setting::ConfigError;
use pipeline::store::Store;
use serde_json::Value;

use super::company;
use crate::known::Known;
use crate::map::Mapping;
use crate::profile::{self, Profile};
use crate::tables;

/// For a Redis that may be away.
const PATIENCE: Duration = Duration::from_secs(5);

/// The profile of the answers in these files; each holds one answer, an array of them, or one a line.
pub(super) fn of_files(files: &[PathBuf], zone: &Zone) -> anyhow::Result<Known> {
    if files.is_empty() {
        return Ok(Known::standard());
    }
    let (mut profile, mut collided, mut listed) = (Profile::default(), Vec::new(), Vec::new());
    for file in files {
        listed.extend(company::dictionary(file)?);
        for detail in company::several(file)? {
            let detail = match detail {
                Value::Object(_) => detail,
                _ => words::bail!("{}: every customer must be an object", file.display()),
            };
            collided.extend(collisions(&detail));
            profile.add(&clean_in(detail, zone).with_context(|| file.display().to_string())?);
        }
    }
    if profile.records() == 0 && listed.is_empty() {
        let names = files.iter().map(|file| file.display().to_string());
        words::bail!(
            "{}: no customer is in it",
            words::list(&names.collect::<Vec<_>>())
        );
    }
    Ok(Known::with(profile).collided(collided).listed(listed))
}

/// The same where Redis is set but was not asked for: nobody waits long for it.
pub(super) async fn at_hand(shared: SharedArgs, mapping: &Mapping) -> anyhow::Result<Option<Profile>> {
    let SharedConfig { redis, namespace, .. } = shared.try_into()?;
    let store = Store::connect(&redis)?;
    let asked = async {
        tables::ask(&store, &namespace, mapping).await?;
        lately(&store, &namespace).await
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .with_context(|| words::tr!("REDIS_URL: no answer within {} s", PATIENCE.as_secs()))?
}

/// Asks for the rows of tables that are in Redis, for commands that work without it: where it is set, it must answer.
pub(super) async fn rows(shared: &SharedArgs, mappings: &[&Mapping]) -> anyhow::Result<()> {
    let has_hashes = mappings
        .iter()
        .any(|mapping| !mapping.sources().hashes().is_empty());
    if !has_hashes || !shared.names_redis() {
        return Ok(());
    }
    let SharedConfig { redis, namespace, .. } = shared.clone().try_into()?;
    let store = Store::connect(&redis)?;
    let asked = async {
        for mapping in mappings {
            tables::ask(&store, &namespace, mapping).await?;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .with_context(|| words::tr!("REDIS_URL: no answer within {} s", PATIENCE.as_secs()))?
}

/// The same for a command whose answer would be wrong without the rows.
pub(super) async fn all_rows(shared: &SharedArgs, mappings: &[&Mapping]) -> anyhow::Result<()> {
    rows(shared, mappings).await?;
    match mappings
        .iter()
        .flat_map(|mapping| mapping.sources().unasked())
        .next()
    {
        None => Ok(()),
        Some(why) => {
            let remedy = words::text!(
                "set REDIS_URL and NAMESPACE as the transformer has them, or give rows for trying: \"file\" in the additions"
            );
            Err(ConfigError::new("lookup", why, remedy).into())
        }
    }
}

/// The profile of what transformers have mapped lately.
pub(super) async fn lately(store: &Store, namespace: &Namespace) -> anyhow::Result<Option<Profile>> {
    profile::last(store, namespace)
        .await
        .with_context(|| words::tr!("REDIS_URL: ask for the keys that customers have had lately"))
}
