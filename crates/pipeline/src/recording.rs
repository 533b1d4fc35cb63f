//! A folder of recorded answers of a vendor, without personal data: what is in it. One program records it, others map it
//! and play it back.
//!
//! ```text
//! manifest.json          what was asked, and the files
//! pages/0001.json        pages of the listing
//! details/ID.json        a customer each
//! settings/NAME.json     the account's choices and fields
//! ```

use crate::setting::ConfigError;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The version of the format that this program writes and reads.
pub const FORMAT: u32 = 1;

const MANIFEST: &str = "manifest.json";

/// What a folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Version of the format.
    pub format: u32,
    /// Program and version that recorded it last.
    pub program: String,
    /// When, RFC 3339.
    pub recorded_at: String,
    /// Host of the vendor, without credentials.
    pub host: String,
    /// Path of the listing.
    pub list: String,
    /// Path of the detail.
    pub info: String,
    /// Parameters that say which customers are listed and how they are shown.
    pub parameters: BTreeMap<String, String>,
    /// What the recordings of this folder were asked for, in their order.
    pub asked: Vec<String>,
    /// Fields that were kept as they are.
    pub kept: BTreeSet<String>,
    /// Pages of the listing.
    pub pages: Vec<Answer>,
    /// Customers.
    pub customers: Vec<Customer>,
    /// The account's choices and fields.
    pub settings: Vec<Answer>,
    /// What could not be recorded.
    pub left_out: Vec<LeftOut>,
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The file, seen from the folder.
    pub file: String,
    /// Status of HTTP.
    pub status: u16,
    /// The path that was asked.
    pub path: String,
    /// The parameters of the question.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
}

/// The answer about one customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Its id, decimal.
    pub company_id: String,
    /// The file, seen from the folder.
    pub file: String,
    /// Status of HTTP.
    pub status: u16,
    /// The code under which the answer would fail, if it would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// An answer that is not in the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What was asked for.
    pub what: String,
    /// The code of the failure.
    pub code: String,
    /// Why, without anything of the answer itself.
    pub why: String,
}

impl Manifest {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// When the folder holds none, or one of another version.
    pub fn read(folder: &Path) -> Result<Self, ConfigError> {
        let path = folder.join(MANIFEST);
        let name = folder.display();
        let text = std::fs::read_to_string(&path).map_err(|error| {
            let error = words::retold(&error.to_string());
            let problem = words::tr!("{name} holds no recording: {error}");
            ConfigError::new(
                MANIFEST,
                problem,
                words::tr!("name a folder that `extractor record` has written"),
            )
        })?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| {
            ConfigError::new(path.display(), error, words::tr!("record the folder again"))
        })?;
        if manifest.format != FORMAT {
            let problem = words::tr!("is of format {}, this program reads {FORMAT}", manifest.format);
            let remedy =
                words::text!("use the version of the programs that has recorded it, or record it again");
            return Err(ConfigError::new(path.display(), problem, remedy));
        }
        Ok(manifest)
    }

    /// Writes it, the last file of a recording.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        std::fs::write(folder.join(MANIFEST), json)
    }

    /// The customers with these ids, or all of them if none is given.
    ///
    /// # Errors
    /// When one was not recorded.
    pub fn customers(&self, ids: &[String]) -> Result<Vec<&Customer>, ConfigError> {
        if ids.is_empty() {
            return Ok(self.customers.iter().collect());
        }
        let find = |id: &String| {
            let found = self.customers.iter().find(|customer| customer.company_id == *id);
            found.ok_or_else(|| {
                let problem = words::tr!("customer {id} is not in the recording");
                ConfigError::new(
                    "--id",
                    problem,
                    words::tr!("see the customers in its manifest.json"),
                )
            })
        };
        ids.iter().map(find).collect()
    }

    /// Where a file of the folder is. A manifest comes from somebody else, so it names no other place.
    #[must_use]
    pub fn file(folder: &Path, file: &str) -> PathBuf {
        let inside = Path::new(file)
            .components()
            .filter(|part| matches!(part, std::path::Component::Normal(_)));
        folder.join(inside.collect::<PathBuf>())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_manifest_comes_back_and_names_nothing_outside_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Manifest {
            format: FORMAT,
            customers: vec![Customer {
                company_id: "7".into(),
                file: "details/7.json".into(),
                status: 200,
                refused: None,
            }],
            ..Manifest::default()
        };
        manifest.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), manifest);
        assert_eq!(manifest.customers(&["7".into()]).unwrap().len(), 1);
        assert!(
            manifest
                .customers(&["8".into()])
                .unwrap_err()
                .to_string()
                .contains("customer 8")
        );
        for file in ["../../etc/passwd", "/etc/passwd"] {
            let path = Manifest::file(Path::new("case"), file);
            assert_eq!(path, Path::new("case/etc/passwd"));
        }
    }

    #[test]
    fn another_format_and_no_format_are_refused_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let refused = || Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(refused().contains("extractor record"), "{}", refused());
        std::fs::write(folder.path().join(MANIFEST), r#"{"format": 99}"#).unwrap();
        assert!(refused().contains("format 99"), "{}", refused());
    }
}
