//! What somebody types into a letter: kept in the desk's folder from the first look on, so that neither a closed browser nor a
//! killed desk, nor anything that is wrong with it, loses it. It is gone once its letter is put back or it is thrown away.

use crate::server::Failure;
use pipeline::stage::Stage;
use replay::repair::edit::Opened;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// Drafts that nobody has touched for so long are thrown away: customers' data stand in them.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// One draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// Whose it is; nobody else is shown it.
    pub(crate) by: String,
    /// The letter's stage.
    pub(crate) stage: String,
    /// The letter, as it was shown.
    pub(crate) opened: Opened,
    /// What was typed.
    pub(crate) text: String,
    /// Why it was not put back when that was asked for last; an English sentence.
    pub(crate) trouble: Option<String>,
    /// Unix milliseconds of the last change.
    pub(crate) at: i64,
}

/// Where they are kept.
#[derive(Debug, Clone)]
pub(crate) struct Drafts(PathBuf);

/// The digits of a letter's id, by which it has one draft of each person, however the id was written.
pub(crate) fn digits(id: &str) -> &str {
    id.rsplit('~').next().unwrap_or(id)
}

impl Drafts {
    pub(crate) fn new(data: &Path, namespace: &str) -> Self {
        Self(data.join(format!("{namespace}.drafts")))
    }

    fn file(&self, by: &str, stage: Stage, id: &str) -> PathBuf {
        let whose = format!("{by}\0{stage}\0{}", digits(id));
        let digest = Sha256::digest(whose.as_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.0.join(format!("{name}.json"))
    }

    /// Somebody's draft of a letter.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read(&self, by: &str, stage: Stage, id: &str) -> Result<Option<Draft>, Failure> {
        match fs::read(self.file(by, stage, id)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::File(error)),
        }
    }

    /// Keeps one as a whole, in place of the one before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&self, stage: Stage, draft: &Draft) -> Result<(), Failure> {
        let file = self.file(&draft.by, stage, &draft.opened.id);
        let new = file.with_extension("new");
        let written = || -> io::Result<()> {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.0)?;
            let mut out = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            out.write_all(&serde_json::to_vec(draft)?)?;
            out.sync_all()?;
            fs::rename(&new, &file)
        };
        written().map_err(Failure::File)
    }

    /// Throws one away.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub(crate) fn forget(&self, by: &str, stage: Stage, id: &str) -> Result<(), Failure> {
        match fs::remove_file(self.file(by, stage, id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::File(error)),
            _ => Ok(()),
        }
    }

    /// All of somebody's, the last touched first; those that are too old go.
    pub(crate) fn of(&self, by: &str, now: i64) -> Vec<Draft> {
        let oldest = now - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let files = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut found: Vec<Draft> = files
            .filter_map(|file| {
                let draft: Draft = serde_json::from_slice(&fs::read(file.path()).ok()?).ok()?;
                if draft.at < oldest {
                    drop(fs::remove_file(file.path()));
                    return None;
                }
                Some(draft)
            })
            .filter(|draft| draft.by == by)
            .collect();
        found.sort_by_key(|draft| std::cmp::Reverse(draft.at));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn draft(by: &str, at: i64) -> Draft {
        let opened =
            serde_json::json!({"id": "load-1~77", "kind": "x", "body": "", "text": "{}", "mark": "m"});
        Draft {
            by: by.into(),
            stage: "load".into(),
            opened: serde_json::from_value(opened).unwrap(),
            text: "typed".into(),
            trouble: None,
            at,
        }
    }

    #[test]
    fn a_draft_outlives_the_process_and_is_its_persons_alone() {
        let home = tempfile::tempdir().unwrap();
        let drafts = Drafts::new(home.path(), "okki");
        assert!(drafts.of("wang", 0).is_empty());
        drafts.write(Stage::Load, &draft("wang", 5)).unwrap();
        let again = Drafts::new(home.path(), "okki");
        assert_eq!(
            again.read("wang", Stage::Load, "77").unwrap(),
            Some(draft("wang", 5))
        );
        assert_eq!(again.read("li", Stage::Load, "77").unwrap(), None);
        assert_eq!(again.read("wang", Stage::Extract, "77").unwrap(), None);
        for file in fs::read_dir(home.path().join("okki.drafts")).unwrap() {
            let mode = file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o77, 0, "others may not read it");
        }
        assert_eq!((again.of("wang", 6).len(), again.of("li", 6).len()), (1, 0));
        again.forget("wang", Stage::Load, "load-1~77").unwrap();
        assert_eq!(again.read("wang", Stage::Load, "77").unwrap(), None);
    }

    #[test]
    fn what_nobody_has_touched_for_a_month_goes() {
        let home = tempfile::tempdir().unwrap();
        let drafts = Drafts::new(home.path(), "okki");
        drafts.write(Stage::Load, &draft("wang", 0)).unwrap();
        assert!(drafts.of("li", 31 * 24 * 3_600_000).is_empty());
        assert_eq!(drafts.read("wang", Stage::Load, "77").unwrap(), None);
    }
}
