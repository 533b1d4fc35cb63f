//! How far setting up has come: what was chosen, in the desk's folder, so that it outlives browser and desk. No key and no
//! customer stands in it.

use crate::server::Failure;
use pipeline::setup::{Catalogue, Field, FormSheet};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use utoipa::ToSchema;

/// How often a lock is asked for that another process has.
const LOCK_AGAIN: Duration = Duration::from_millis(100);

/// What was chosen so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SetupProgress)]
#[serde(default)]
pub(crate) struct Progress {
    /// What OKKI has said to its keys, an English sentence.
    pub(crate) okki: Option<String>,
    /// What Jiandaoyun has said to its key.
    pub(crate) jdy: Option<String>,
    /// The apps and forms that there are.
    #[schema(value_type = Object)]
    pub(crate) catalogue: Catalogue,
    /// The chosen form.
    #[schema(value_type = Option<Object>)]
    pub(crate) form: Option<FormSheet>,
    /// The widget that holds the customers' ids, by its name.
    pub(crate) key_widget: Option<String>,
    /// The fields that customers have.
    #[schema(value_type = Vec<Object>)]
    pub(crate) fields: Vec<Field>,
    /// The wish that was answered with customers to try.
    pub(crate) customers_of: Option<String>,
    /// The mapping document as it stands.
    pub(crate) document: Option<String>,
    /// The wish that was answered with what the document makes of some of them.
    pub(crate) trial_of: Option<String>,
    /// How many widgets the document fills, as it was tried.
    pub(crate) fills: Option<usize>,
    /// The document can be used.
    pub(crate) is_usable: bool,
    /// Rows without a key are none of the customers', so new rows may be made beside them.
    pub(crate) ignore_keyless: bool,
    /// The wish for the first customers.
    pub(crate) first: Option<String>,
    /// Everything was begun.
    pub(crate) everything: bool,
    /// The wish that matches rows without a key, or gives them their keys.
    pub(crate) adoption: Option<String>,
}

impl Progress {
    /// Rows of the form that have no key, at least.
    pub(crate) fn keyless(&self) -> u64 {
        let rows = self.form.as_ref().map(|form| form.rows);
        rows.and_then(|rows| rows.keyless).unwrap_or(0)
    }

    /// A key that does not reach the chosen form leaves nothing of what was chosen for it.
    pub(crate) fn forget_unreached_form(&mut self) {
        if self.form.is_some() && self.form_name().is_none() {
            *self = Self {
                okki: self.okki.take(),
                jdy: self.jdy.take(),
                catalogue: std::mem::take(&mut self.catalogue),
                fields: std::mem::take(&mut self.fields),
                customers_of: self.customers_of.take(),
                ..Self::default()
            };
        }
    }

    /// The form's name and its app's.
    pub(crate) fn form_name(&self) -> Option<(String, String)> {
        let form = self.form.as_ref()?;
        let app = self.catalogue.apps.iter().find(|app| app.id == form.app_id)?;
        let entry = app.forms.iter().find(|entry| entry.id == form.entry_id)?;
        Some((app.name.clone(), entry.name.clone()))
    }
}

/// Where it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept(PathBuf);

impl Kept {
    pub(crate) fn new(data: &Path, namespace: &str) -> Self {
        Self(data.join(format!("{namespace}.setup.json")))
    }

    /// What is kept; nothing of a version that kept other things.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read(&self) -> Result<Progress, Failure> {
        match fs::read(&self.0) {
            Ok(text) => Ok(serde_json::from_slice(&text).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Progress::default()),
            Err(error) => Err(Failure::File(error)),
        }
    }

    /// Keeps other processes from what is kept, as `desk setup` beside a running desk, until the file is dropped.
    ///
    /// # Errors
    /// When the file beside it cannot be made or locked.
    pub(crate) async fn lock(&self) -> Result<fs::File, Failure> {
        let path = self.0.with_extension("lock");
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(Failure::File)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) => tokio::time::sleep(LOCK_AGAIN).await,
                Err(fs::TryLockError::Error(error)) => return Err(Failure::File(error)),
            }
        }
    }

    /// Replaces it as a whole.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&self, progress: &Progress) -> Result<(), Failure> {
        let new = self.0.with_extension("new");
        let written = || -> io::Result<()> {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(&serde_json::to_vec(progress)?)?;
            file.sync_all()?;
            fs::rename(&new, &self.0)
        };
        written().map_err(Failure::File)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_outlives_the_process() {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::new(home.path(), "okki");
        assert_eq!(kept.read().unwrap(), Progress::default());
        let progress = Progress {
            okki: Some("OKKI has accepted the keys".into()),
            ..Progress::default()
        };
        kept.write(&progress).unwrap();
        assert_eq!(Kept::new(home.path(), "okki").read().unwrap(), progress);
        fs::write(home.path().join("okki.setup.json"), "{\"okki\": 7}").unwrap();
        assert_eq!(kept.read().unwrap(), Progress::default());
    }

    #[tokio::test]
    async fn two_processes_take_steps_one_after_the_other() {
        let home = tempfile::tempdir().unwrap();
        let (desk, terminal) = (Kept::new(home.path(), "okki"), Kept::new(home.path(), "okki"));
        let held = desk.lock().await.unwrap();
        let mut other = std::pin::pin!(terminal.lock());
        assert!(futures::poll!(other.as_mut()).is_pending());
        drop(held);
        other.await.unwrap();
    }

    #[test]
    fn a_key_that_does_not_reach_the_form_clears_it() {
        let catalogue = |forms: &[&str]| -> Catalogue {
            let entry = |id: &&str| serde_json::json!({"id": id, "name": id});
            let forms: Vec<_> = forms.iter().map(entry).collect();
            let apps = serde_json::json!([{"id": "app", "name": "CRM", "forms": forms}]);
            serde_json::from_value(serde_json::json!({"apps": apps})).unwrap()
        };
        let rows = serde_json::json!({"seen": 0, "more": false, "keyless": 0});
        let form = serde_json::json!({"app_id": "app", "entry_id": "form", "widgets": [], "rows": rows});
        let mut progress = Progress {
            jdy: Some("accepted".into()),
            catalogue: catalogue(&["form"]),
            form: Some(serde_json::from_value(form).unwrap()),
            key_widget: Some("_widget_1".into()),
            is_usable: true,
            ..Progress::default()
        };
        let before = progress.clone();
        progress.forget_unreached_form();
        assert_eq!(progress, before, "it is reached");
        progress.catalogue = catalogue(&["another"]);
        progress.forget_unreached_form();
        assert_eq!((&progress.form, &progress.key_widget), (&None, &None));
        assert!(!progress.is_usable && progress.jdy.is_some());
    }
}
