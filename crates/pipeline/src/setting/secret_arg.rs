//! A secret from the command line, the environment or a file, but only from one of them.

use std::path::Path;

use super::{ConfigError, Secret};

/// A secret that may be given as a value (`X`) or as a file that holds it (`X_FILE`), but not as both.
#[derive(Debug, Clone, Copy)]
pub struct SecretArg<'a> {
    name: &'static str,
    value: Option<&'a Secret>,
    file: Option<&'a Path>,
}

impl<'a> SecretArg<'a> {
    /// `name` is the variable's name without `_FILE`.
    pub fn new(name: &'static str, value: Option<&'a Secret>, file: Option<&'a Path>) -> Self {
        let file = file.filter(|path| !path.as_os_str().is_empty());
        Self {
            name,
            value: value.filter(|secret| !secret.is_blank()),
            file,
        }
    }

    /// Whether somebody has set it, rightly or not.
    pub fn is_given(&self) -> bool {
        self.value.is_some() || self.file.is_some()
    }

    /// The secret; an error when neither is given.
    pub fn required(self) -> Result<Secret, ConfigError> {
        let remedy = words::tr!("set {0}, or {0}_FILE to a file that holds it", self.name);
        self.optional()?
            .ok_or_else(|| ConfigError::new(self.name, words::tr!("is required but not set"), remedy))
    }

    /// The secret if one is given; white space around it is dropped, for files end with a line break.
    pub fn optional(self) -> Result<Option<Secret>, ConfigError> {
        match (self.value, self.file) {
            (Some(_), Some(_)) => {
                let problem = words::tr!("is given twice, also as {}_FILE", self.name);
                Err(ConfigError::new(
                    self.name,
                    problem,
                    words::tr!("keep one of them"),
                ))
            }
            (Some(secret), None) => Ok(Some(Secret::new(secret.expose().trim()))),
            (None, Some(path)) => self.read(path).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn read(self, path: &Path) -> Result<Secret, ConfigError> {
        let name = format!("{}_FILE", self.name);
        let remedy = words::text!("name a readable text file that holds the secret and nothing else");
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::new(
                &name,
                words::tr!("cannot read `{}`: {error}", path.display()),
                remedy,
            )
        })?;
        match text.trim() {
            "" => Err(ConfigError::new(
                &name,
                words::tr!("`{}` is empty", path.display()),
                remedy,
            )),
            secret => Ok(Secret::from_file(secret, path)),
        }
    }
}
