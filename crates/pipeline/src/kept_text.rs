//! A text in Redis that several replicas change one after the other: whoever has read an older revision reads again.

use std::sync::LazyLock;

use crate::store::{Error, Script, Store};

static READ: LazyLock<Script> =
    LazyLock::new(|| Script::new("return redis.call('HMGET', KEYS[1], 'revision', 'text')"));
static REPLACE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("kept_text/replace.lua")));

/// Where the text is kept.
pub struct KeptText {
    store: Store,
    key: String,
}

/// The text as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Which revision this is.
    pub revision: u64,
    /// The text, if there is one.
    pub text: Option<String>,
}

impl KeptText {
    /// The text under this key.
    pub fn new(store: Store, key: String) -> Self {
        Self { store, key }
    }

    /// The present revision.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn read(&self) -> Result<Revision, Error> {
        let (revision, text): (Option<u64>, Option<String>) =
            self.store.invoke(&READ, &self.keys(), &[] as &[&str]).await?;
        Ok(Revision {
            revision: revision.unwrap_or(0),
            text,
        })
    }

    /// Replaces the revision that was read; says whether it was still the present one.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn replace(&self, revision: u64, text: &str) -> Result<bool, Error> {
        let args = [revision.to_string(), text.to_owned()];
        self.store.invoke(&REPLACE, &self.keys(), &args).await
    }

    fn keys(&self) -> [String; 1] {
        [self.key.clone()]
    }
}
