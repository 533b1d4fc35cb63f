//! What every program does alike when it is set up: open keys, keep those that the vendor has accepted, write its settings.

use super::{
    folder::{Settings, SetupFolder},
    sealed::Sealed,
};
use crate::{setting::Secret, wish::Served};
use serde::Serialize;
use std::collections::BTreeMap;

/// Opens keys, has them tried, and keeps them if the vendor accepts them; `names` are those that may come this way.
///
/// `try_them` says in an English sentence (`words::kept!`) what the vendor has said.
pub async fn keep_keys(
    folder: Option<&SetupFolder>,
    sealed: &Sealed,
    names: &[&str],
    try_them: impl AsyncFnOnce(&Settings) -> Result<String, String>,
) -> Served {
    let Some(folder) = folder else {
        return no_folder();
    };
    let keys = match folder.open(sealed) {
        Ok(Ok(keys)) => keys,
        Ok(Err(problem)) => return Served::failed(words::english(|| problem.to_string())),
        Err(problem) => return Served::failed(words::english(|| problem.to_string())),
    };
    if let Some(strange) = keys.keys().find(|name| !names.contains(&name.as_str())) {
        return Served::failed(words::kept!("{strange} is not set here"));
    }
    match try_them(&keys).await {
        Err(refused) => Served::failed(refused),
        Ok(said) => match folder.keep(keys) {
            Ok(()) => Served::done(said, []),
            Err(problem) => Served::failed(words::english(|| problem.to_string())),
        },
    }
}

/// Writes what was chosen as the program's settings, which makes it begin anew; `names` are those that may be chosen.
pub fn settle(
    folder: Option<&SetupFolder>,
    chosen: &BTreeMap<String, String>,
    documents: &BTreeMap<String, String>,
    names: &[&str],
) -> Served {
    let Some(folder) = folder else {
        return no_folder();
    };
    let mut named = chosen.keys().chain(documents.keys());
    if let Some(strange) = named.find(|name| !names.contains(&name.as_str())) {
        return Served::failed(words::kept!("{strange} is not set here"));
    }
    let chosen = chosen
        .iter()
        .map(|(name, value)| (name.clone(), Secret::new(value.clone())))
        .collect();
    match folder.settle(chosen, documents) {
        Ok(()) => Served::done(
            words::kept!(
                "the settings are written, and every replica of {} begins anew with them",
                folder.service()
            ),
            [],
        ),
        Err(problem) => Served::failed(words::english(|| problem.to_string())),
    }
}

fn no_folder() -> Served {
    Served::failed(words::kept!(
        "this program has no folder for settings; start it with SETUP_DIR"
    ))
}

/// Done, with something for whoever has asked.
pub fn answer(text: String, answer: &impl Serialize) -> Served {
    Served::answer(text, serde_json::to_string(answer).unwrap_or_default())
}
