//! The mapping in use as transformers tell it, so that a look at it asks nobody and changes nothing.

use super::Trials;
use crate::{
    names::Namespace,
    store::{Error, Store},
};
use serde::{Deserialize, Serialize};

/// A mapping in words, beside one reading of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingReading {
    /// Which reading of the form it was compared with, unix milliseconds; `None`: with none.
    pub form_read_at_ms: Option<i64>,
    /// What it fills, and what may not be meant; no customer stands in it.
    pub trials: Trials,
}

impl MappingReading {
    /// Replaces what was told before.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn keep(&self, store: &Store, namespace: &Namespace) -> Result<(), Error> {
        // Plain strings and numbers always have a JSON form.
        let json = serde_json::to_string(self).unwrap_or_default();
        let mut connection = store.connection().await?;
        Ok(redis::cmd("SET")
            .arg(namespace.mapping_key())
            .arg(json)
            .query_async::<()>(&mut *connection)
            .await?)
    }

    /// What was told last; `None` also for one that another version wrote in another shape.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn last(store: &Store, namespace: &Namespace) -> Result<Option<Self>, Error> {
        let mut connection = store.connection().await?;
        let json: Option<String> = redis::cmd("GET")
            .arg(namespace.mapping_key())
            .query_async(&mut *connection)
            .await?;
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }
}
