//! Values that must never be seen: passwords, keys, tokens, and the URLs that carry them.
//!
//! Every secret of the process lives in a [`Secret`] from the moment it is read, so that no `{:?}` of a
//! configuration, no log line and no error can print it. `expose` is the one way out, easy to search for.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// A value whose `Debug` shows nothing and which has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    value: String,
    /// Where it came from, if it may change there.
    file: Option<Arc<Path>>,
}

impl Secret {
    /// Wraps a value as it is.
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            file: None,
        }
    }

    /// A value that was read from this file, and may be replaced there while the process runs.
    pub fn from_file(value: impl Into<String>, file: &Path) -> Self {
        Self {
            value: value.into(),
            file: Some(file.into()),
        }
    }

    /// The value as it stands in its file now. Call it where the secret is used, so that a password that was changed
    /// in its file is picked up; while the file is away or empty, the value from the start stays.
    #[must_use]
    pub fn current(&self) -> Self {
        let read = self
            .file
            .as_ref()
            .and_then(|file| std::fs::read_to_string(file).ok());
        match read.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Self {
                value: text.to_owned(),
                file: self.file.clone(),
            },
            None => self.clone(),
        }
    }

    /// The value itself; call it only where it is handed to the other side.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Whether there is nothing in it but white space; such a variable counts as not set.
    pub fn is_blank(&self) -> bool {
        self.value.trim().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

/// Cannot fail, so that clap never quotes a refused secret in its error message.
impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(value: &str) -> Result<Self, Infallible> {
        Ok(Self::new(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_value() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "[secret] Some([secret])"
        );
    }

    #[test]
    fn a_secret_follows_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let secret = Secret::from_file("first", &path);
        assert_eq!(secret.current().expose(), "first");
        std::fs::write(&path, "second\n").unwrap();
        assert_eq!(secret.current().expose(), "second");
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(secret.current().expose(), "first");
        assert_eq!(Secret::new("value").current().expose(), "value");
    }
}
