//! The form as it was read last, in Redis: the loader, which alone can ask the form's server, keeps it here in neutral
//! words; the transformer compares mapping documents with it.

use crate::{
    names::Namespace,
    store::{Error, Store},
};
use serde::{Deserialize, Serialize};

/// What one reading of the form showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormReading {
    /// The app that the form belongs to.
    pub app_id: String,
    /// The form.
    pub entry_id: String,
    /// When it was read, unix milliseconds.
    pub read_at_ms: i64,
    /// Where people look at a row, with [`ROW`] in place of its id; `None`: nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_page: Option<String>,
    /// Its widgets.
    pub widgets: Vec<FormWidget>,
}

/// Stands for a row's id in [`FormReading::row_page`].
pub const ROW: &str = "{row}";

/// One widget of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormWidget {
    /// What reads and writes call it.
    pub name: String,
    /// Its caption.
    pub label: String,
    /// The form's own name of the type, such as `text`.
    pub kind: String,
    /// Nothing can be written to it.
    pub read_only: bool,
    /// Widgets of its rows, for a subform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<FormWidget>,
}

impl FormReading {
    /// Where people look at a row.
    #[must_use]
    pub fn page_of(&self, row_id: &str) -> Option<String> {
        let is_id = !row_id.is_empty() && row_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let page = self.row_page.as_ref().filter(|_| is_id)?;
        Some(page.replace(ROW, row_id))
    }

    /// Replaces the reading before.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn keep(&self, store: &Store, namespace: &Namespace) -> Result<(), Error> {
        // Plain strings and numbers always have a JSON form.
        let json = serde_json::to_string(self).unwrap_or_default();
        let mut connection = store.connection().await?;
        Ok(redis::cmd("SET")
            .arg(key(namespace))
            .arg(json)
            .query_async::<()>(&mut *connection)
            .await?)
    }

    /// The last reading; `None` also for one that another version wrote in another shape.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn last(store: &Store, namespace: &Namespace) -> Result<Option<Self>, Error> {
        let mut connection = store.connection().await?;
        let json: Option<String> = redis::cmd("GET")
            .arg(key(namespace))
            .query_async(&mut *connection)
            .await?;
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }
}

fn key(namespace: &Namespace) -> String {
    namespace.form_key()
}
