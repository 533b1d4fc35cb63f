//! The folder in which a program keeps what setting it up has come to (`SETUP_DIR`), readable by its user only:
//!
//! | file | what |
//! | --- | --- |
//! | `SERVICE.key` | what opens the keys that the desk hands over |
//! | `SERVICE.draft.env` | keys that the vendor has accepted, until setting up ends |
//! | `SERVICE.env` | all settings; while it is missing, `run` waits to be set up |
//! | `SERVICE.VARIABLE-DIGEST.json` | a document, to which the variable of that name leads, such as the mapping |
//!
//! Replicas may share it: every file is replaced as a whole.

use super::sealed::{NotSealed, OpeningKey, Sealed, SealingKey};
use crate::setting::Secret;
use ring::digest::{SHA256, digest};
use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Settings by the names of their variables.
pub type Settings = BTreeMap<String, Secret>;

/// Why the folder does not serve.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system refuses.
    #[error("{}", words::tr!("`{}` in SETUP_DIR: {cause}; the folder has to be writable for the program's user", path.display()))]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// It is not what this program has written.
    #[error("{}", words::tr!("`{}` in SETUP_DIR cannot be read: {problem}", path.display()))]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// The folder of one program.
#[derive(Clone)]
pub struct SetupFolder {
    folder: PathBuf,
    service: &'static str,
}

impl SetupFolder {
    /// The files of this program in that folder.
    #[must_use]
    pub fn new(folder: &Path, service: &'static str) -> Self {
        Self {
            folder: folder.to_owned(),
            service,
        }
    }

    /// Which program's.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        self.service
    }

    pub(crate) fn path(&self, tail: &str) -> PathBuf {
        self.folder.join(format!("{}.{tail}", self.service))
    }

    /// The settings are there.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        self.path("env").is_file()
    }

    /// The settings as they stand now; none where the program is not set up.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn settings(&self) -> Result<Settings, FolderError> {
        read(&self.path("env"))
    }

    /// Keys that a vendor has accepted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn draft(&self) -> Result<Settings, FolderError> {
        read(&self.path("draft.env"))
    }

    /// Keeps keys that a vendor has accepted, instead of those before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn keep(&self, accepted: &Settings) -> Result<(), FolderError> {
        self.write("draft.env", written(accepted).as_bytes())
    }

    /// What opens keys that are handed over; made when it is missing.
    pub(super) fn key(&self) -> Result<OpeningKey, FolderError> {
        let path = self.path("key");
        loop {
            match fs::read_to_string(&path) {
                Ok(text) => {
                    let problem = || words::tr!("it is no key; delete it, and a new one is made");
                    return OpeningKey::read(&text).ok_or_else(|| FolderError::Content {
                        path: path.clone(),
                        problem: problem(),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.make_key()?,
                Err(cause) => return Err(FolderError::File { path, cause }),
            }
        }
    }

    /// Replicas that share the folder agree on one key: the first one wins.
    fn make_key(&self) -> Result<(), FolderError> {
        let path = self.path("key");
        let own = format!("key.{:08x}", rand::random::<u32>());
        self.write(&own, OpeningKey::new().written().expose().as_bytes())?;
        let linked = fs::hard_link(self.path(&own), &path);
        // What is left behind is a key that nothing was ever sealed for.
        drop(fs::remove_file(self.path(&own)));
        match linked {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => {
                Err(FolderError::File { path, cause })
            }
            _ => Ok(()),
        }
    }

    /// With which the desk seals keys for this program.
    ///
    /// # Errors
    /// When the key can be neither read nor made.
    pub fn sealing_key(&self) -> Result<SealingKey, FolderError> {
        Ok(self.key()?.public())
    }

    /// Opens keys that were handed over.
    ///
    /// # Errors
    /// When the key cannot be read; inside, when it is not sealed for this program.
    pub fn open(&self, sealed: &Sealed) -> Result<Result<Settings, NotSealed>, FolderError> {
        Ok(self.key()?.open(sealed))
    }

    /// Ends setting up: these settings and documents become the program's. The names of documents have to be those of variables.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub(super) fn settle(
        &self,
        mut settings: Settings,
        documents: &BTreeMap<String, String>,
    ) -> Result<(), FolderError> {
        for (variable, document) in documents {
            // Another name for another content, so that old settings never meet a new document.
            let digest = digest(&SHA256, document.as_bytes());
            let digest: String = digest.as_ref()[..4]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let tail = format!("{}-{digest}.json", variable.to_lowercase());
            self.write(&tail, document.as_bytes())?;
            let path = self.path(&tail).display().to_string();
            settings.insert(variable.clone(), Secret::new(path));
        }
        self.write("env", written(&settings).as_bytes())?;
        // What is settled is no draft any more; keys that are changed by hand later must not be undone by it.
        match fs::remove_file(self.path("draft.env")) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(FolderError::File {
                path: self.path("draft.env"),
                cause,
            }),
            _ => Ok(()),
        }
    }

    /// What the settings would be with what was chosen: settings of before that are not named stay.
    pub(super) fn merged(&self, chosen: Settings) -> Result<Settings, FolderError> {
        // What cannot be read cannot stay, and must not keep better settings away.
        let mut settings = self.settings().unwrap_or_default();
        settings.extend(self.draft()?);
        settings.extend(chosen);
        settings.retain(|_, value| !value.is_blank());
        Ok(settings)
    }

    /// The settings as they stand, for telling whether they have changed.
    pub(super) fn content(&self) -> Vec<u8> {
        fs::read(self.path("env")).unwrap_or_default()
    }

    fn write(&self, tail: &str, content: &[u8]) -> Result<(), FolderError> {
        let path = self.path(tail);
        let new = self.path(&format!("{tail}.new-{:08x}", rand::random::<u32>()));
        let written = || -> io::Result<()> {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.folder)?;
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            fs::File::open(&self.folder)?.sync_all()
        };
        written().map_err(|cause| {
            drop(fs::remove_file(&new));
            FolderError::File { path, cause }
        })
    }
}

fn read(path: &Path) -> Result<Settings, FolderError> {
    let lines = match dotenvy::from_path_iter(path) {
        Ok(lines) => lines,
        Err(dotenvy::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Settings::new());
        }
        Err(dotenvy::Error::Io(cause)) => {
            return Err(FolderError::File {
                path: path.to_owned(),
                cause,
            });
        }
        // The line may hold a secret and is not quoted.
        Err(_) => return Err(unreadable(path)),
    };
    lines
        .map(|line| {
            let (name, value) = line.map_err(|_| unreadable(path))?;
            Ok((name, Secret::new(value)))
        })
        .collect()
}

fn unreadable(path: &Path) -> FolderError {
    FolderError::Content {
        path: path.to_owned(),
        problem: words::tr!("a line is not NAME=VALUE"),
    }
}

/// As a shell and Docker's `--env-file` would read most of it, and `dotenvy` all of it.
fn written(settings: &Settings) -> String {
    let mut text = String::new();
    for (name, value) in settings {
        text.push_str(name);
        text.push('=');
        text.push_str(&quoted(value.expose()));
        text.push('\n');
    }
    text
}

/// A value in quotes, if it needs them.
#[must_use]
pub fn quoted(value: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "_-./:@,+=%".contains(char);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    let mut text = String::from('"');
    for char in value.chars() {
        match char {
            '\\' | '"' | '$' => text.extend(['\\', char]),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), Secret::new(*value));
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn settings_are_read_as_they_were_written() {
        let home = tempfile::tempdir().unwrap();
        let folder = SetupFolder::new(&home.path().join("deeper"), "loader");
        assert!(!folder.is_set_up() && folder.settings().unwrap().is_empty());
        folder
            .keep(&settings(&[("FORM_KEY", r#"a"b\c$HOME `x` '单' # no"#)]))
            .unwrap();
        assert!(!folder.is_set_up());
        let chosen = [
            ("FORM_APP", "5f"),
            ("ON_REMOVAL", "mark:_w=已 删除"),
            ("NONE", ""),
        ];
        let documents = BTreeMap::from([("MAPPING".to_owned(), "{}".to_owned())]);
        folder
            .settle(folder.merged(settings(&chosen)).unwrap(), &documents)
            .unwrap();
        assert!(folder.draft().unwrap().is_empty());
        let kept = folder.settings().unwrap();
        assert_eq!(kept["FORM_KEY"].expose(), r#"a"b\c$HOME `x` '单' # no"#);
        assert_eq!(kept["ON_REMOVAL"].expose(), "mark:_w=已 删除");
        assert!(!kept.contains_key("NONE"));
        assert_eq!(fs::read_to_string(kept["MAPPING"].expose()).unwrap(), "{}");
        let other = folder.merged(settings(&[("FORM_APP", "6f")])).unwrap();
        folder.settle(other, &BTreeMap::new()).unwrap();
        let kept = folder.settings().unwrap();
        assert_eq!(
            (kept["FORM_APP"].expose(), kept.len()),
            ("6f", 4),
            "what is not named stays"
        );
        for entry in fs::read_dir(home.path().join("deeper")).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn replicas_agree_on_one_key() {
        let home = tempfile::tempdir().unwrap();
        let folder = SetupFolder::new(home.path(), "extractor");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let made: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| folder.sealing_key().unwrap()))
                .collect();
            made.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "x").unwrap();
        let refused = SetupFolder::new(&file, "loader").keep(&settings(&[("A", "b")]));
        let told = refused.unwrap_err().to_string();
        assert!(
            told.contains("loader.draft.env") && told.contains("SETUP_DIR"),
            "{told}"
        );
        fs::write(home.path().join("loader.env"), "s3cret without a name\n").unwrap();
        let refused = SetupFolder::new(home.path(), "loader").settings();
        let told = refused.unwrap_err().to_string();
        assert!(!told.contains("s3cret"), "{told}");
    }
}
