//! A query for dead letters as a condition of SQL: the same answers, with every value bound and none pasted.
//!
//! No part of it is ever NULL, so that `not` means the same as in Rust. Words that many letters share are numbers here, so
//! a comparison with `~` reads each of them once, not once for each letter.

use crate::{error::Result, pieces, row::rank, stages};
use pipeline::failure::identity;
use replay::query::{Condition, Number, Query, Relation, Word};
use rusqlite::{Connection, OptionalExtension, types::Value};

/// A condition about the row `l`, which may be of `letter` or, for what a group has in common, of `grp`. Who uses it about
/// letters has named `?1` to `?3` before it: the stage, and the places between which letters are looked for.
#[derive(Debug, Default)]
pub(crate) struct Clause {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

/// What the pages read first, because few letters have it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Driver {
    /// Rows of an index, by its name and column.
    Words(&'static str, &'static str, Vec<Value>),
    /// Letters with pieces of a text.
    Pieces(String),
}

/// Writes queries for what stands in this file.
pub(crate) struct Translator<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) stage: i64,
}

impl Clause {
    /// Bound like any value: a constant that is false would make SQLite forget the other terms, by which alone it may use an
    /// index that holds a part of the letters ("no query solution").
    fn always(holds: bool) -> Self {
        Self::new("?", vec![Value::Integer(holds.into())])
    }

    fn new(sql: impl Into<String>, values: Vec<Value>) -> Self {
        Self {
            sql: sql.into(),
            values,
        }
    }

    /// In the shape of a balanced tree, for SQLite bounds the depth of a condition.
    fn joined(mut parts: Vec<Self>, word: &str, of_none: bool) -> Self {
        match parts.len() {
            0 => Self::always(of_none),
            1 => parts.remove(0),
            many => {
                let right = Self::joined(parts.split_off(many / 2), word, of_none);
                let left = Self::joined(parts, word, of_none);
                let sql = format!("({} {word} {})", left.sql, right.sql);
                Self::new(sql, [left.values, right.values].concat())
            }
        }
    }
}

impl Translator<'_> {
    pub(crate) fn clause(&self, query: &Query) -> Result<Clause> {
        let all = |queries: &[Query]| {
            queries
                .iter()
                .map(|query| self.clause(query))
                .collect::<Result<Vec<_>>>()
        };
        Ok(match query {
            Query::Everything => Clause::always(true),
            Query::Is(condition) => self.condition(condition)?,
            Query::Not(query) => {
                let Clause { sql, values } = self.clause(query)?;
                Clause::new(format!("(NOT {sql})"), values)
            }
            Query::And(queries) => Clause::joined(all(queries)?, "AND", true),
            Query::Or(queries) => Clause::joined(all(queries)?, "OR", false),
        })
    }

    /// What can be read instead of all letters.
    pub(crate) fn drivers(&self, query: &Query) -> Result<Vec<Driver>> {
        let mut found = Vec::new();
        match query {
            Query::And(queries) => {
                for query in queries {
                    found.extend(self.drivers(query)?);
                }
            }
            Query::Is(Condition::Word(Word::Text, _, values)) => {
                if let [value] = values.as_slice() {
                    found.extend(pieces::question(&value.to_lowercase()).map(Driver::Pieces));
                }
            }
            Query::Is(Condition::Word(Word::Key, Relation::Equals, values)) => {
                let ranks: Vec<String> = values.iter().map(|value| rank(value)).collect();
                // That index knows nothing of letters that carry the records of many.
                if !self.is_one_of_many(&ranks)? {
                    let ranks = ranks.into_iter().map(Value::Text).collect();
                    found.push(Driver::Words("letter_rank", "rank", ranks));
                }
            }
            Query::Is(Condition::Word(word, relation, values)) => {
                let index = match word {
                    Word::Code => ("letter_code", "code"),
                    Word::VendorCode => ("letter_vendor", "vendor"),
                    Word::Field => ("letter_field", "field"),
                    Word::Group => ("letter_group", "grp"),
                    Word::RestoredBy => ("letter_restored", "restored"),
                    _ => return Ok(found),
                };
                let numbers = self.numbers(*relation, values)?;
                found.push(Driver::Words(
                    index.0,
                    index.1,
                    numbers.into_iter().map(Value::Integer).collect(),
                ));
            }
            _ => {}
        }
        Ok(found)
    }

    fn condition(&self, condition: &Condition) -> Result<Clause> {
        Ok(match condition {
            Condition::Word(word, relation, values) => self.word(*word, *relation, values)?,
            Condition::Number(number, ranges) => {
                let column = match number {
                    Number::Attempts => "l.attempts",
                    Number::Replays => "l.replays",
                };
                let bound = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
                let ranges = ranges.iter().map(|range| {
                    Clause::new(
                        format!("{column} BETWEEN ? AND ?"),
                        vec![bound(range.least()), bound(range.most())],
                    )
                });
                Clause::joined(ranges.collect(), "OR", false)
            }
            Condition::Since(time) => Clause::new("l.died >= ?", vec![Value::Integer(*time)]),
            Condition::Until(time) => Clause::new("l.died < ?", vec![Value::Integer(*time)]),
        })
    }

    fn word(&self, word: Word, relation: Relation, values: &[String]) -> Result<Clause> {
        let shared = |columns: &[&str]| self.shared(columns, relation, values);
        Ok(match word {
            Word::Code => shared(&["code"])?,
            Word::VendorCode => shared(&["vendor"])?,
            Word::Field => shared(&["field"])?,
            Word::Group => shared(&["grp"])?,
            Word::Stage => shared(&["said"])?,
            Word::Plan => shared(&["plan", "tag"])?,
            Word::Outcome => shared(&["outcome"])?,
            Word::RestoredBy => shared(&["restored"])?,
            Word::Version => {
                let own = own("l.version", relation, values, str::to_owned);
                Clause::joined(vec![shared(&["program"])?, own], "OR", false)
            }
            Word::Key => {
                let of = |row: &str| match relation {
                    Relation::Equals => own(&format!("{row}.rank"), relation, values, rank),
                    Relation::Contains => {
                        own(&format!("substr({row}.rank, 7)"), relation, values, str::to_owned)
                    }
                };
                let Clause { sql, values } = of("c");
                let among = format!("EXISTS (SELECT 1 FROM letter_customer c WHERE c.n = l.n AND {sql})");
                Clause::joined(vec![of("l"), Clause::new(among, values)], "OR", false)
            }
            Word::Id => match relation {
                Relation::Equals => {
                    Clause::joined(values.iter().map(|value| id(value)).collect(), "OR", false)
                }
                Relation::Contains => own("l.message || '~' || l.digits", relation, values, str::to_owned),
            },
            Word::Text => Clause::joined(values.iter().map(|value| said(value)).collect(), "OR", false),
        })
    }

    fn is_one_of_many(&self, ranks: &[String]) -> Result<bool> {
        let sql = "SELECT 1 FROM letter_customer WHERE rank IN (SELECT value FROM json_each(?)) LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.exists([serde_json::to_string(ranks)?])?)
    }

    /// Words that stand in the file once.
    fn shared(&self, columns: &[&str], relation: Relation, values: &[String]) -> Result<Clause> {
        let numbers = self.numbers(relation, values)?;
        let list = serde_json::to_string(&numbers)?;
        let one = |column: &&str| match numbers.as_slice() {
            [] => Clause::always(false),
            [number] => Clause::new(format!("l.{column} IS ?"), vec![Value::Integer(*number)]),
            _ => Clause::new(
                format!("(l.{column} IS NOT NULL AND l.{column} IN (SELECT value FROM json_each(?)))"),
                vec![Value::Text(list.clone())],
            ),
        };
        Ok(Clause::joined(columns.iter().map(one).collect(), "OR", false))
    }

    fn numbers(&self, relation: Relation, values: &[String]) -> Result<Vec<i64>> {
        let mut numbers = Vec::new();
        for value in values {
            match relation {
                Relation::Equals => {
                    let sql = "SELECT id FROM word WHERE text = ?";
                    let mut statement = self.connection.prepare_cached(sql)?;
                    numbers.extend(
                        statement
                            .query_row([value], |row| row.get::<_, i64>(0))
                            .optional()?,
                    );
                }
                Relation::Contains => {
                    let sql = "SELECT id FROM word WHERE holds(text, ?)";
                    let mut statement = self.connection.prepare_cached(sql)?;
                    let found = statement.query_map([value.to_lowercase()], |row| row.get(0))?;
                    for number in found {
                        numbers.push(number?);
                    }
                }
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }
}

/// A text of each letter's own.
fn own(column: &str, relation: Relation, values: &[String], kept: impl Fn(&str) -> String) -> Clause {
    let one = |value: &String| match relation {
        Relation::Equals => Clause::new(format!("{column} = ?"), vec![Value::Text(kept(value))]),
        Relation::Contains => Clause::new(
            format!("holds({column}, ?)"),
            vec![Value::Text(value.to_lowercase())],
        ),
    };
    Clause::joined(values.iter().map(one).collect(), "OR", false)
}

/// Its id, its digits, or the id of its message, as [`identity::means`].
fn id(value: &str) -> Clause {
    let text = |text: &str| Value::Text(text.to_owned());
    let mut ways = vec![
        Clause::new("l.digits = ?", vec![text(value)]),
        Clause::new("l.message = ?", vec![text(value)]),
    ];
    if let Some(digits) = identity::digits(value) {
        let message = &value[..value.len() - digits.len() - 1];
        ways.push(Clause::new(
            "(l.digits = ? AND l.message = ?)",
            vec![text(digits), text(message)],
        ));
    }
    Clause::joined(ways, "OR", false)
}

/// In the failure message or the body. Where the index knows pieces of the text, only letters with all of them are read.
fn said(value: &str) -> Clause {
    let wanted = value.to_lowercase();
    let says = "EXISTS (SELECT 1 FROM letter_record r WHERE r.n = l.n AND says(r.record, r.body, ?))";
    match pieces::question(&wanted) {
        None => Clause::new(says, vec![Value::Text(wanted)]),
        Some(question) => Clause::new(
            format!(
                "(l.n IN (SELECT rowid FROM letter_text WHERE letter_text MATCH ? AND rowid > ?2 AND rowid <= ?3) AND {says})"
            ),
            vec![Value::Text(question), Value::Text(wanted)],
        ),
    }
}

/// Whether all letters of a group have the same answer.
pub(crate) fn is_of_groups(query: &Query) -> bool {
    match query {
        Query::Everything => true,
        Query::Is(Condition::Word(word, ..)) => {
            matches!(word, Word::Code | Word::Field | Word::Group | Word::Stage)
        }
        Query::Is(_) => false,
        Query::Not(query) => is_of_groups(query),
        Query::And(queries) | Query::Or(queries) => queries.iter().all(is_of_groups),
    }
}

impl Translator<'_> {
    /// The translator of one stage's letters.
    pub(crate) fn new(connection: &Connection, stage: pipeline::stage::Stage) -> Translator<'_> {
        Translator {
            connection,
            stage: stages::number(stage),
        }
    }
}
