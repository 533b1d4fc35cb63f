//! One condition of a query: what it asks of a letter, and how it is written.

use super::field::{Name, Number, Word};
use crate::{
    letter::{Letter, body},
    when::{Range, utc},
};
use pipeline::failure::identity;

/// How a word is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equals,
    /// `~`, whatever the case.
    Contains,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Any of the values.
    Word(Word, Relation, Vec<String>),
    /// Within any of the ranges.
    Number(Number, Vec<Range>),
    /// Died at or after this time, unix milliseconds.
    Since(i64),
    /// Died before this time, unix milliseconds.
    Until(i64),
}

impl Condition {
    pub(super) fn holds(&self, letter: &Letter) -> bool {
        let died = letter.record.last_failed_at;
        match self {
            Self::Word(word, relation, values) => {
                values.iter().any(|value| says(letter, *word, *relation, value))
            }
            Self::Number(number, ranges) => ranges.iter().any(|range| range.contains(number.of(letter))),
            Self::Since(time) => died >= *time,
            Self::Until(time) => died < *time,
        }
    }

    /// Whether it can be written with `!=`; what is compared by `~` or by time is preceded by `not`.
    pub(super) const fn has_opposite(&self) -> bool {
        matches!(self, Self::Word(_, Relation::Equals, _) | Self::Number(..))
    }

    pub(super) fn written(&self, opposite: bool, show: &dyn Fn(&str) -> String) -> String {
        let equals = if opposite { "!=" } else { "=" };
        match self {
            Self::Word(word, relation, values) => {
                let shown = |value: &String| match word {
                    // A code, a version or a caption is nobody's secret, and a masked id would choose nothing.
                    Word::Text => quoted(&show(value)),
                    _ => quoted(value),
                };
                let values: Vec<String> = values.iter().map(shown).collect();
                let relation = match relation {
                    Relation::Equals => equals,
                    Relation::Contains => "~",
                };
                format!("{}{relation}{}", Name::Word(*word).text(), values.join(","))
            }
            Self::Number(number, ranges) => {
                let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
                format!("{}{equals}{}", Name::Number(*number).text(), ranges.join(","))
            }
            Self::Since(time) => format!("time>={}", utc(*time)),
            Self::Until(time) => format!("time<{}", utc(*time)),
        }
    }
}

fn says(letter: &Letter, word: Word, relation: Relation, value: &str) -> bool {
    if word == Word::Id && relation == Relation::Equals {
        return identity::means(value, &letter.record.id);
    }
    // Nobody knows a whole body by heart.
    if word == Word::Text {
        let text = value.to_lowercase();
        return letter.record.message.to_lowercase().contains(&text)
            || body::contains(letter.kind(), &letter.body, &text);
    }
    let holds = |said: &str| match relation {
        Relation::Equals => said == value,
        Relation::Contains => said.to_lowercase().contains(&value.to_lowercase()),
    };
    word.of(letter).iter().flatten().any(|said| holds(said))
        || (word == Word::Key && letter.customers().iter().any(|customer| holds(customer)))
}

/// As it is where it reads as one word, in quotes otherwise.
fn quoted(value: &str) -> String {
    let is_reserved = ["and", "or", "not"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word));
    match !value.is_empty() && !is_reserved && value.chars().all(super::parse::is_plain) {
        true => value.to_owned(),
        false => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}
