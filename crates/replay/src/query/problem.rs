//! Why a text is no query, with the place.

use super::field::{NAMES, OUTCOMES};
use std::fmt;

/// Where and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", words::tr!("at character {column}: {what}"))]
pub struct Problem {
    /// Of the first character at fault, counted from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub what: What,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Something else was expected here.
    Expected(&'static str),
    /// No name of the grammar.
    Name(String),
    /// The name and what does not fit it.
    Comparison(&'static str, &'static str),
    /// The value, in words.
    Value(String),
    /// No outcome of a letter.
    Outcome(String),
    /// A bound of the grammar.
    TooLong(&'static str),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(what) => write!(f, "{}", words::tr!("{what} is expected here")),
            Self::Name(name) => {
                write!(f, "{}", words::tr!("`{name}` is no name; "))?;
                if let Some(near) = nearest(name) {
                    write!(f, "{}", words::tr!("did you mean `{near}`? "))?;
                }
                let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                write!(f, "{}", words::tr!("names are {}", words::list(&names)))
            }
            Self::Comparison(name, fits) => write!(f, "{}", words::tr!("`{name}` is compared by {fits}")),
            Self::Value(problem) => f.write_str(problem),
            Self::Outcome(found) => {
                write!(
                    f,
                    "{}",
                    words::tr!("`{found}` is no outcome; outcomes are {}", words::list(&OUTCOMES))
                )
            }
            Self::TooLong(bound) => write!(f, "{}", words::tr!("a query has at most {bound}")),
        }
    }
}

/// The name that a misspelt one begins like, or that begins like it.
fn nearest(wrong: &str) -> Option<&'static str> {
    let wrong = wrong.to_ascii_lowercase().replace('_', "-");
    let same = |name: &str| {
        wrong
            .chars()
            .zip(name.chars())
            .take_while(|(one, other)| one == other)
            .count()
    };
    NAMES
        .iter()
        .map(|(name, _)| *name)
        .max_by_key(|name| same(name))
        .filter(|name| same(name) >= 2)
}
