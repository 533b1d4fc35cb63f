//! Values that must never be seen: passwords, keys, tokens, and the URLs that carry them.
//!
//! Every secret of the process lives in a [`Secret`] from the moment it is read, so that no `{:?}` of a
//! configuration, no log line and no error can print it. `expose` is the one way out, easy to search for.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use super::addresses::with_credentials;

/// Where a value came from, if it may change there.
#[derive(Clone, PartialEq, Eq)]
enum Source {
    Fixed,
    File(Arc<Path>),
    /// An address, and who we are there.
    Parts(Arc<(String, Option<Secret>, Option<Secret>)>),
}

/// A value whose `Debug` shows nothing and which has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    value: String,
    source: Source,
}

impl Secret {
    /// Wraps a value as it is.
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            source: Source::Fixed,
        }
    }

    /// A value that was read from this file, and may be replaced there while the process runs.
    pub fn from_file(value: impl Into<String>, file: &Path) -> Self {
        Self {
            value: value.into(),
            source: Source::File(file.into()),
        }
    }

    /// An address with user and password, each of which may be replaced in its file while the process runs. The address has
    /// hosts, and no credentials of its own.
    pub fn from_parts(address: &str, user: Option<Self>, password: Option<Self>) -> Self {
        let user_text = user.as_ref().map(Self::encoded).unwrap_or_default();
        let credentials = match &password {
            Some(password) => format!("{user_text}:{}@", password.encoded()),
            None if user_text.is_empty() => user_text,
            None => format!("{user_text}@"),
        };
        Self {
            value: with_credentials(address, &credentials),
            source: Source::Parts(Arc::new((address.to_owned(), user, password))),
        }
    }

    /// As a part of a URL: whatever is no letter or digit is %-encoded, `%` itself, too.
    fn encoded(&self) -> String {
        let byte = |byte: u8| match byte {
            b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        self.value.bytes().map(byte).collect()
    }

    /// The value as it stands in its file now. Call it where the secret is used, so that a password that was changed
    /// in its file is picked up; while the file is away or empty, the value from the start stays.
    #[must_use]
    pub fn current(&self) -> Self {
        let file = match &self.source {
            Source::Fixed => return self.clone(),
            Source::File(file) => file,
            Source::Parts(parts) => {
                let (address, user, password) = &**parts;
                let now = |part: &Option<Self>| part.as_ref().map(Self::current);
                return Self::from_parts(address, now(user), now(password));
            }
        };
        let read = std::fs::read_to_string(file).ok();
        match read.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Self::from_file(text, file),
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

    #[test]
    fn an_address_follows_the_files_of_user_and_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let password = Secret::from_file("p@ss/w%rd", &path);
        let url = Secret::from_parts(
            "amqps://broker:5671/okki",
            Some(Secret::new("me")),
            Some(password),
        );
        assert_eq!(url.expose(), "amqps://me:p%40ss%2Fw%25rd@broker:5671/okki");
        std::fs::write(&path, "new\n").unwrap();
        assert_eq!(url.current().expose(), "amqps://me:new@broker:5671/okki");
        assert_eq!(url.current().current(), url.current());
    }
}
