//! The Chinese of every English text: one JSON object per area in `zh/`, sorted, so that two branches rarely meet.

use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

/// Area and its file.
const AREAS: [(&str, &str); 8] = [
    ("command_line", include_str!("../zh/command_line.json")),
    ("desk", include_str!("../zh/desk.json")),
    ("extractor", include_str!("../zh/extractor.json")),
    ("loader", include_str!("../zh/loader.json")),
    ("mapping", include_str!("../zh/mapping.json")),
    ("pipeline", include_str!("../zh/pipeline.json")),
    ("replay", include_str!("../zh/replay.json")),
    ("transformer", include_str!("../zh/transformer.json")),
];

static CATALOGUE: OnceLock<HashMap<String, String>> = OnceLock::new();

fn catalogue() -> &'static HashMap<String, String> {
    CATALOGUE.get_or_init(|| all().into_iter().map(|(_, key, text)| (key, text)).collect())
}

/// The Chinese text for an English one, whatever is spoken.
#[must_use]
pub fn chinese(key: &str) -> Option<&'static str> {
    catalogue().get(key).map(String::as_str)
}

/// Whether a text is one of the Chinese ones.
pub(crate) fn is_chinese(text: &str) -> bool {
    static TEXTS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    TEXTS
        .get_or_init(|| catalogue().values().map(String::as_str).collect())
        .contains(text)
}

/// Every English text with its Chinese one.
pub(crate) fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    catalogue()
        .iter()
        .map(|(key, text)| (key.as_str(), text.as_str()))
}

/// Area, English and Chinese of every text, as they stand in the files: for tests, which look for doubles and orphans.
#[must_use]
pub fn all() -> Vec<(&'static str, String, String)> {
    let mut all = Vec::new();
    for (area, file) in AREAS {
        // A broken file is found by a test; a program then speaks English.
        let texts: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(file).unwrap_or_default();
        for (key, text) in texts {
            all.push((area, key, text.as_str().unwrap_or_default().to_owned()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_sorted_and_without_doubles() {
        for (area, file) in AREAS {
            let keys: Vec<String> = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(file)
                .unwrap_or_else(|error| panic!("{area}: {error}"))
                .into_iter()
                .map(|(key, _)| key)
                .collect();
            assert_eq!(
                keys.len(),
                file.lines().count() - 2,
                "{area}: a key stands twice, or two on a line"
            );
            assert!(keys.is_sorted(), "{area} is not sorted");
        }
    }
}
