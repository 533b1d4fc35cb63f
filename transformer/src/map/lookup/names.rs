//! What a table's file calls the columns that documents name.

use std::collections::BTreeMap;

use mapping::Table;
use serde::Deserialize;

/// One column, or the file's name by the document's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged, expecting = "must be the name of a column, or an object of names")]
pub(super) enum Names {
    #[default]
    None,
    One(String),
    Each(BTreeMap<String, String>),
}

impl Names {
    /// A single name stands for one name of the documents; two of them would both get that column.
    pub(super) fn is_clear<'a>(
        &self,
        what: &str,
        table: &Table,
        asked: impl Iterator<Item = &'a str>,
    ) -> Result<(), String> {
        let Names::One(file) = self else { return Ok(()) };
        let mut names: Vec<&str> = asked.filter(|name| !table.has(name)).collect();
        names.sort_unstable();
        names.dedup();
        match names.as_slice() {
            [one, other, ..] => Err(words::tr!(
                "\"{what}\": \"{file}\" stands for one column, but {one} and {other} are asked for; write an object of names"
            )),
            _ => Ok(()),
        }
    }

    /// Tells the table what documents call its columns. A single name stands for the only one that is asked for.
    pub(super) fn alias(&self, table: &mut Table, asked: &[&str]) {
        match (self, asked) {
            (Names::None, _) => {}
            (Names::Each(names), _) => {
                for (document, file) in names {
                    table.alias(document.clone(), file.clone());
                }
            }
            (Names::One(file), [name]) if !table.has(name) => {
                table.alias((*name).to_owned(), file.clone());
            }
            (Names::One(_), _) => {}
        }
    }

    pub(super) fn or(&self, other: &str) -> String {
        match self {
            Names::One(name) => name.clone(),
            Names::Each(names) => names.values().next().cloned().unwrap_or_else(|| other.to_owned()),
            Names::None => other.to_owned(),
        }
    }
}
