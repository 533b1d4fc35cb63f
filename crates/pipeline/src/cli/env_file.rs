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
        // A line that is none may hold a secret and is not quoted.
        let broken = || words::tr!("`{}` has a line that is not NAME=VALUE", path.display());
        let lines = match dotenvy::from_path_iter(path) {
            Ok(lines) => lines,
            Err(dotenvy::Error::Io(error)) => return Err(refuse(unreadable(&error))),
            Err(_) => return Err(refuse(broken())),
        };
        for line in lines {
            let (name, value) = line.map_err(|_| refuse(broken()))?;
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
