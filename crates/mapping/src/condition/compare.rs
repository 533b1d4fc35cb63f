//! What a test of a condition compares, and how.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::super::expression::{Evaluation, Expression, Form, Scope, Source, Variable};
use super::super::record::text_of;
use super::super::sql::dates;
use super::super::sql::value::Value;

#[derive(Debug, Clone)]
pub(super) enum Logic {
    Equal(Wanted, bool),
    Order(Wanted, &'static [Ordering]),
    Like(Wanted, bool),
    /// Two values with a comma between them.
    Between(Wanted),
    Null(bool),
}

/// What a test compares with.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Fixed(String),
    Computed {
        value: Box<Expression>,
        /// A point of time without a format, which is a number of seconds.
        is_time: bool,
    },
}

impl Wanted {
    pub(super) fn new(value: Expression) -> Wanted {
        let is_time = match value.form() {
            Form::Reference(placeholder) => {
                placeholder.pipes.is_empty()
                    && matches!(
                        placeholder.source,
                        Source::Variable(
                            Variable::CurrentTime | Variable::LastSyncTime | Variable::DaysAgo(_)
                        )
                    )
            }
            _ => false,
        };
        match value.form() {
            Form::Constant(text) => Wanted::Fixed(text.clone()),
            _ => Wanted::Computed {
                value: Box::new(value),
                is_time,
            },
        }
    }

    /// The text, unless it cannot be computed.
    fn text(&self, on: &Evaluation<'_>, scope: Option<&Scope<'_>>) -> Option<String> {
        match self {
            Wanted::Fixed(text) => Some(text.clone()),
            Wanted::Computed { value, is_time } => {
                let text = value.evaluate_in(on, scope).ok()?.into_text().into_owned();
                Some(if *is_time {
                    format!("timestamp:{text}")
                } else {
                    text
                })
            }
        }
    }
}

impl Logic {
    pub(super) fn wanted(&self) -> Option<&Wanted> {
        match self {
            Logic::Equal(wanted, _)
            | Logic::Order(wanted, _)
            | Logic::Like(wanted, _)
            | Logic::Between(wanted) => Some(wanted),
            Logic::Null(_) => None,
        }
    }

    pub(super) fn holds(&self, value: Option<&Json>, on: &Evaluation<'_>, scope: Option<&Scope<'_>>) -> bool {
        let text = value.map(text_of).unwrap_or_default();
        let other = match self.wanted().map(|wanted| wanted.text(on, scope)) {
            Some(None) => return true,
            Some(Some(other)) => other,
            None => String::new(),
        };
        let zone = on.zone().time_zone();
        match self {
            Logic::Null(wanted) => text.is_empty() == *wanted,
            Logic::Equal(_, wanted) => {
                (order(&text, &other, zone) == Some(Ordering::Equal) || text == *other) == *wanted
            }
            Logic::Order(_, allowed) => order(&text, &other, zone).is_some_and(|o| allowed.contains(&o)),
            Logic::Between(_) => {
                let (low, high) = other.split_once(',').unwrap_or((&other, &other));
                order(&text, low.trim(), zone).is_some_and(Ordering::is_ge)
                    && order(&text, high.trim(), zone).is_some_and(Ordering::is_le)
            }
            Logic::Like(_, wanted) => {
                let whole = match other.contains('%') {
                    true => other,
                    false => format!("%{other}%"),
                };
                super::super::sql::like::Like::new(&whole, '\\')
                    .matches(&text)
                    .unwrap_or(false)
                    == *wanted
            }
        }
    }
}

/// Numbers as numbers, `timestamp:<unix>` against a date, everything else as text.
fn order(text: &str, other: &str, zone: &jiff::tz::TimeZone) -> Option<Ordering> {
    if let Some(seconds) = other
        .strip_prefix("timestamp:")
        .and_then(|s| s.trim().parse::<i64>().ok())
    {
        let found = match text.parse::<i64>() {
            Ok(unix) if text.len() >= 9 && text.len() != 14 => unix,
            _ => zone
                .to_timestamp(dates::parse(text, zone)?.datetime)
                .ok()?
                .as_second(),
        };
        return Some(found.cmp(&seconds));
    }
    let read = |t: &str| Value::literal(t.trim()).and_then(|_| t.trim().parse::<f64>().ok());
    match (read(text), read(other)) {
        (Some(a), Some(b)) => a.partial_cmp(&b),
        _ if text.is_empty() => None,
        _ => match (point(text, zone), point(other, zone)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => Some(text.cmp(other)),
        },
    }
}

/// The point of time that a text is as a whole: a date with its year first, or a unix time beside one.
fn point(text: &str, zone: &jiff::tz::TimeZone) -> Option<i64> {
    let text = text.trim();
    let datetime = match text.parse::<i64>() {
        Ok(unix) if matches!(text.len(), 10 | 13) => dates::from_unix(unix, zone)?,
        Ok(_) => return None,
        Err(_) if matches!(text.as_bytes().get(4), Some(b'-' | b'/')) => dates::parse(text, zone)?.datetime,
        Err(_) => return None,
    };
    zone.to_timestamp(datetime).ok().map(|t| t.as_second())
}
