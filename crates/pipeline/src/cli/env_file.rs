//! Files of variables, as Docker's and systemd's are (`--env-file`).

use crate::{
    setting::{ConfigError, Secret},
    setup::Settings,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What the files hold; of a variable that stands in several the last one counts.
#[derive(Debug, Default)]
pub(super) struct EnvFiles {
    settings: Settings,
    from: BTreeMap<String, PathBuf>,
}

impl EnvFiles {
    /// Reads them in their order.
    ///
    /// # Errors
    /// When one cannot be read, or a line of it is none.
    pub(super) fn read(paths: &[PathBuf]) -> Result<Self, ConfigError> {
        let mut files = Self::default();
        for path in paths {
            files.add(path)?;
        }
        Ok(files)
    }

    #[cfg(test)]
    pub(super) fn of(settings: Settings, path: &str) -> Self {
        let from = settings.keys().map(|name| (name.clone(), path.into())).collect();
        Self { settings, from }
    }

    fn add(&mut self, path: &Path) -> Result<(), ConfigError> {
        let refuse = |problem: String| {
            let remedy = words::text!(
                "name a file with lines such as AMQP_URL=amqp://…; .env.example shows all of them"
            );
            ConfigError::new("--env-file", problem, remedy)
        };
        let unreadable =
            |error: &dyn std::fmt::Display| words::tr!("cannot read `{}`: {error}", path.display());
        let bytes = std::fs::read(path).map_err(|error| refuse(unreadable(&error)))?;
        // Editors of Windows write it before the first line.
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = line_of(bytes.get(..error.valid_up_to()).unwrap_or_default());
            refuse(words::tr!("line {line} of `{}` is no UTF-8", path.display()))
        })?;
        // A line that is none may hold a secret and is not quoted.
        let broken = |error: &dotenvy::Error| match error {
            dotenvy::Error::LineParse(wrong, _) => {
                let before = text.find(wrong.as_str()).and_then(|at| text.get(..at));
                let line = line_of(before.unwrap_or_default().as_bytes());
                refuse(words::tr!(
                    "line {line} of `{}` is not NAME=VALUE",
                    path.display()
                ))
            }
            error => refuse(unreadable(error)),
        };
        for line in dotenvy::from_read_iter(text.as_bytes()) {
            let (name, value) = line.map_err(|error| broken(&error))?;
            // An empty one says nothing, as an empty variable does.
            if !value.trim().is_empty() {
                self.from.insert(name.clone(), path.to_owned());
                self.settings.insert(name, Secret::new(value));
            }
        }
        Ok(())
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The file that a variable comes from.
    pub(super) fn of_variable(&self, variable: &str) -> Option<&Path> {
        self.from.get(variable).map(PathBuf::as_path)
    }
}

/// The number of the line that follows this text.
fn line_of(before: &[u8]) -> usize {
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<EnvFiles, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.env");
        std::fs::write(&path, bytes).unwrap();
        EnvFiles::read(&[path]).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_line() {
        let files = read("\u{feff}AMQP_URL=amqp://x\nB=2\n".as_bytes()).unwrap();
        assert_eq!(files.settings()["AMQP_URL"].expose(), "amqp://x");
        let wrong = |bytes: &[u8]| read(bytes).map(drop).unwrap_err();
        let told = wrong(b"A=1\n# x\ns3cret is this\nB=2\n");
        assert!(told.contains("line 3 of") && !told.contains("s3cret"), "{told}");
        let told = wrong(b"A=1\nB=\xff\n");
        assert!(told.contains("line 2 of") && told.contains("UTF-8"), "{told}");
        let folder = tempfile::tempdir().unwrap();
        let told = EnvFiles::read(&[folder.path().into()]).unwrap_err().to_string();
        assert!(told.contains("cannot read"), "{told}");
    }
}
