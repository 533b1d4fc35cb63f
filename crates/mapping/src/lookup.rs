//! `_findCollection` and `_mongoQuery`: one field of the row that fits, from a table that the integrator gives.
//!
//! On the platform they look into the store of another scheme. Here the collection's name leads to a table of the
//! context; how that was filled is nobody's business here.

mod syntax;

use std::borrow::Cow;

use serde_json::Value;

use super::expression::{Source, Variable};
use super::path::Path;
use super::sql::error::Failure;
use super::sql::eval::{Env, template};
use super::sql::expr::Part;
use super::table::Missing;

pub(super) use syntax::parse;

/// A compiled look-up.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The collection, usually the id of a scheme.
    pub collection: String,
    /// The field that is wanted.
    pub field: String,
    tests: Vec<Test>,
}

/// A column, and the texts one of which it must have.
#[derive(Debug, Clone)]
struct Test {
    column: String,
    any: Vec<Vec<Part>>,
}

impl Lookup {
    /// The columns that the row is found by.
    pub fn columns(&self) -> Vec<&str> {
        self.tests.iter().map(|test| test.column.as_str()).collect()
    }

    fn placeholders(&self) -> impl Iterator<Item = &super::expression::Placeholder> {
        let parts = self.tests.iter().flat_map(|test| test.any.iter().flatten());
        parts.filter_map(|part| match part {
            Part::Value(placeholder) | Part::Maybe(placeholder, _) => Some(placeholder),
            Part::Text(_) => None,
        })
    }

    pub(super) fn paths(&self) -> Vec<&Path> {
        fn path(source: &Source) -> Option<&Path> {
            match source {
                Source::Path(path) => Some(path),
                _ => None,
            }
        }
        self.placeholders().filter_map(|p| path(&p.source)).collect()
    }

    pub(super) fn variables(&self) -> Vec<Variable> {
        let variable = |source: &Source| match source {
            Source::Variable(variable) => Some(*variable),
            _ => None,
        };
        self.placeholders().filter_map(|p| variable(&p.source)).collect()
    }

    /// The value, or nothing when nothing is looked for or found.
    pub(super) fn find<'r>(&self, env: &Env<'r>) -> Result<Option<Cow<'r, Value>>, Failure> {
        let unknown = || {
            let message = words::tr!("no table is given for the collection {}", self.collection);
            Failure::new("no-table", message)
        };
        let table = env.context.tables.get(&self.collection).ok_or_else(unknown)?;
        let mut wanted: Vec<(&str, Vec<String>)> = Vec::with_capacity(self.tests.len());
        for test in &self.tests {
            let mut texts = Vec::with_capacity(test.any.len());
            for parts in &test.any {
                texts.push(written(parts, env)?.trim().to_owned());
            }
            wanted.push((&test.column, texts));
        }
        if wanted.iter().all(|(_, texts)| texts.iter().all(String::is_empty)) {
            return Ok(None);
        }
        if let Some(found) = table.find(&wanted, &self.field) {
            return Ok((!found.is_null()).then_some(Cow::Borrowed(found)));
        }
        env.notice(|| {
            let keys: Vec<String> = wanted.iter().flat_map(|(_, texts)| texts.clone()).collect();
            words::tr!("no row of {} has {}", self.collection, words::list(&keys))
        });
        match table.missing {
            Missing::Empty => Ok(None),
            Missing::Keep => {
                let keys = wanted.into_iter().flat_map(|(_, texts)| texts);
                let key = keys.into_iter().find(|key| !key.is_empty());
                Ok(key.map(|key| Cow::Owned(Value::String(key))))
            }
            Missing::Dead => Err(Failure::new(
                "lookup-missing",
                words::tr!("no row of {} has the key that is looked for", self.collection),
            )),
        }
    }
}

fn written(parts: &[Part], env: &Env<'_>) -> Result<String, Failure> {
    let mut text = String::new();
    for part in parts {
        text.push_str(&template(std::slice::from_ref(part), env)?);
    }
    Ok(text)
}
