//! What every program does alike when it is set up: open keys, keep those that the vendor has accepted, write its settings.

use super::{
    folder::{Settings, SetupFolder},
    sealed::Sealed,
};
use crate::{setting::Secret, wish::Served};
use serde::Serialize;
use std::collections::BTreeMap;

/// What may come to a program, by the names of variables.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// Keys of the vendor: all of them come at a time, sealed.
    pub keys: &'static [&'static str],
    /// Where the vendor is: sealed with the keys, so that nobody sends keys elsewhere who does not have them.
    pub address: &'static str,
    /// What is chosen.
    pub choices: &'static [&'static str],
    /// Documents.
    pub documents: &'static [&'static str],
}

/// Opens keys, has them tried, and keeps what the trial says if the vendor accepts them.
///
/// `try_them` says in an English sentence (`words::kept!`) what the vendor has said, and what is to be kept.
pub async fn keep_keys(
    folder: Option<&SetupFolder>,
    sealed: &Sealed,
    names: Names,
    try_them: impl AsyncFnOnce(&Settings) -> Result<(String, Settings), String>,
) -> Served {
    let Some(folder) = folder else {
        return no_folder();
    };
    let keys = match folder.open(sealed) {
        Ok(Ok(keys)) => keys,
        Ok(Err(problem)) => return Served::failed(words::english(|| problem.to_string())),
        Err(problem) => return Served::failed(words::english(|| problem.to_string())),
    };
    let is_known = |name: &str| names.keys.contains(&name) || names.address == name;
    if let Some(strange) = keys.keys().find(|name| !is_known(name)) {
        return Served::failed(words::kept!("{strange} is not set here"));
    }
    // Keys that are there already never go to an address that somebody else has named.
    let missing = names
        .keys
        .iter()
        .find(|name| keys.get(**name).is_none_or(Secret::is_blank));
    if let Some(missing) = missing {
        return Served::failed(words::kept!("{missing} is missing; keys are tried all at once"));
    }
    match try_them(&keys).await {
        Err(refused) => Served::failed(refused),
        Ok((said, kept)) => match folder.keep(&kept) {
            Ok(()) => Served::done(said, []),
            Err(problem) => Served::failed(words::english(|| problem.to_string())),
        },
    }
}

/// Writes what was chosen as the program's settings, which makes it begin anew; `check` says whether it can begin with them.
pub fn settle(
    folder: Option<&SetupFolder>,
    chosen: &BTreeMap<String, String>,
    documents: &BTreeMap<String, String>,
    names: Names,
    check: impl FnOnce(&Settings, &BTreeMap<String, String>) -> Result<(), String>,
) -> Served {
    let Some(folder) = folder else {
        return no_folder();
    };
    let strange = chosen.keys().find(|name| !names.choices.contains(&name.as_str()));
    let strange = strange.or_else(|| {
        let mut named = documents.keys();
        named.find(|name| !names.documents.contains(&name.as_str()))
    });
    if let Some(strange) = strange {
        return Served::failed(words::kept!("{strange} is not set here"));
    }
    let chosen = chosen
        .iter()
        .map(|(name, value)| (name.clone(), Secret::new(value.clone())))
        .collect();
    let settings = match folder.merged(chosen) {
        Ok(settings) => settings,
        Err(problem) => return Served::failed(words::english(|| problem.to_string())),
    };
    if let Err(problem) = words::english(|| check(&settings, documents)) {
        return Served::failed(problem);
    }
    match folder.settle(settings, documents) {
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

/// Where typed keys are tried: as they say; else where variables and flags lead (`given`). An address that was set up with other
/// keys before does not stand for these: then it is the `usual` one.
#[must_use]
pub fn address(
    folder: Option<&SetupFolder>,
    keys: &Settings,
    names: Names,
    given: &str,
    usual: &str,
) -> Secret {
    if let Some(typed) = keys.get(names.address).filter(|typed| !typed.is_blank()) {
        return Secret::new(typed.expose().trim());
    }
    // Settings that cannot be read lead nowhere, and must not keep better ones away.
    let before = folder
        .and_then(|folder| folder.settings().ok())
        .unwrap_or_default();
    let is_of_before = before
        .get(names.address)
        .is_some_and(|address| address.expose() == given);
    Secret::new(if is_of_before { usual } else { given })
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

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names = Names {
        keys: &["KEY"],
        address: "ADDRESS",
        choices: &["CHOICE"],
        documents: &["MAPPING"],
    };

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        pairs.iter().map(pair).collect()
    }

    /// What comes of settings that are sealed for the program, and whether they were tried.
    async fn kept(folder: &SetupFolder, pairs: &[(&str, &str)]) -> (Served, bool) {
        let settings = texts(pairs)
            .into_iter()
            .map(|(name, text)| (name, Secret::new(text)))
            .collect();
        let sealed = folder.sealing_key().unwrap().seal(&settings).unwrap();
        let mut tried = false;
        let served = keep_keys(Some(folder), &sealed, NAMES, async |keys| {
            tried = true;
            Ok(("fine".to_owned(), keys.clone()))
        })
        .await;
        (served, tried)
    }

    #[tokio::test]
    async fn an_address_alone_leads_no_key_anywhere() {
        let home = tempfile::tempdir().unwrap();
        let folder = SetupFolder::new(home.path(), "loader");
        assert!(matches!(
            kept(&folder, &[("KEY", "k"), ("ADDRESS", "a")]).await,
            (Served::Done(_), true)
        ));
        for wrong in [
            &[("ADDRESS", "http://elsewhere")][..],
            &[("ADDRESS", "http://elsewhere"), ("KEY", " ")],
            &[("KEY", "k"), ("PATH", "/tmp")],
        ] {
            let (served, tried) = kept(&folder, wrong).await;
            assert!(
                matches!(served, Served::Failed(_)) && !tried,
                "{wrong:?}: {served:?}"
            );
        }
        assert_eq!(folder.draft().unwrap()["ADDRESS"].expose(), "a");
        // Keys of before leave nothing behind.
        kept(&folder, &[("KEY", "other")]).await;
        assert_eq!(folder.draft().unwrap().len(), 1);
    }

    #[test]
    fn an_address_of_before_serves_no_other_key() {
        let home = tempfile::tempdir().unwrap();
        let folder = SetupFolder::new(home.path(), "loader");
        let of = |typed: &str, given: &str| {
            let keys = [("ADDRESS".to_owned(), Secret::new(typed))].into_iter().collect();
            address(Some(&folder), &keys, NAMES, given, "usual")
                .expose()
                .to_owned()
        };
        assert_eq!(of(" typed ", "given"), "typed");
        assert_eq!(of("", "given"), "given");
        let before = [("ADDRESS".to_owned(), Secret::new("before"))]
            .into_iter()
            .collect();
        folder.settle(before, &BTreeMap::new()).unwrap();
        assert_eq!(
            (of("", "before"), of("", "given")),
            ("usual".into(), "given".into())
        );
        std::fs::write(home.path().join("loader.env"), "nonsense\n").unwrap();
        assert_eq!(of("", "given"), "given");
    }

    #[test]
    fn settings_that_cannot_be_used_are_not_written() {
        let home = tempfile::tempdir().unwrap();
        let folder = SetupFolder::new(home.path(), "loader");
        let none = BTreeMap::new();
        let settled = |chosen: &[(&str, &str)], documents: &BTreeMap<String, String>, usable: bool| {
            let check = |_: &Settings, _: &BTreeMap<String, String>| match usable {
                true => Ok(()),
                false => Err("KEY is missing".to_owned()),
            };
            let served = settle(Some(&folder), &texts(chosen), documents, NAMES, check);
            matches!(served, Served::Done(_))
        };
        assert!(!settled(&[("CHOICE", "x")], &none, false));
        assert!(
            !settled(&[("MAPPING", "/etc/passwd")], &none, true),
            "a document, not a path"
        );
        assert!(!settled(&[], &texts(&[("../evil", "{}")]), true));
        assert!(!folder.is_set_up());
        assert!(settled(&[("CHOICE", "x")], &texts(&[("MAPPING", "{}")]), true));
        assert!(folder.is_set_up());
    }
}
