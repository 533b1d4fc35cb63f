//! Pipes: `{{created_time|date}}`, `{{price|number:2}}`, `{{tag.*.tag_name|implode('、')}}`.

use std::borrow::Cow;

use serde_json::Value;

use super::super::format::ValueFormat;
use super::super::record::text_of;
use super::super::sql::decimal::Decimal;
use super::super::sql::error::Failure;
use super::super::sql::eval::{Env, MAX_TEXT};
use super::super::sql::value::Value as Sql;
use super::super::sql::{dates, like};
use super::pattern::Pattern;

/// A compiled pipe.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pipe {
    DateTime,
    Date,
    Timestamp,
    TimestampMillis,
    Pattern(Pattern),
    Text,
    Number(i8),
    Json,
    Replace(String, String),
    /// Joins a list, leaving out empty elements (ours; the name is that of `formatResponse`).
    Implode(String),
    /// One of the formats of `formatResponse`; a value that it cannot read stays as it is.
    Format(ValueFormat),
    /// Inside a LIKE pattern: the data's wildcards stand for themselves. Not to be written.
    EscapeLike(char),
    /// The same inside a regular expression.
    EscapeRegex,
}

impl Pipe {
    /// Reads `name`, `name:arg` or `name('a', 'b')`.
    pub(crate) fn parse(text: &str) -> Result<Pipe, String> {
        let (name, arguments) = match text.split_once(['(', ':']) {
            None => (text.trim(), Vec::new()),
            Some((name, rest)) => (name.trim(), arguments(rest.trim().trim_end_matches(')'))?),
        };
        match (name.to_ascii_lowercase().as_str(), arguments.as_slice()) {
            ("datetime", []) => Ok(Pipe::DateTime),
            ("date", []) => Ok(Pipe::Date),
            ("timestamp", []) => Ok(Pipe::Timestamp),
            ("timestamp_ms", []) => Ok(Pipe::TimestampMillis),
            ("date" | "datetime", [pattern]) => Pattern::parse(pattern).map(Pipe::Pattern),
            ("string", []) => Ok(Pipe::Text),
            ("number", []) => Ok(Pipe::Number(0)),
            ("number", [digits]) => match digits.parse() {
                Ok(digits) if (0..=20).contains(&digits) => Ok(Pipe::Number(digits)),
                _ => Err(
                    words::text!("number takes a count of decimals from 0 to 20, e.g. number:2").to_owned(),
                ),
            },
            ("json_encode", []) => Ok(Pipe::Json),
            ("replace", [from, to]) if !from.is_empty() => Ok(Pipe::Replace(from.clone(), to.clone())),
            ("implode", []) => Ok(Pipe::Implode(",".to_owned())),
            ("implode", [separator]) => Ok(Pipe::Implode(separator.clone())),
            // A pattern without the word in front of it: `{{create_time|yyyy-MM-dd}}`.
            _ if name.starts_with(['y', 'Y', '%']) => Pattern::parse(text.trim()).map(Pipe::Pattern),
            (_, [] | [_]) => ValueFormat::named(name, arguments.first().map(String::as_str))
                .map(Pipe::Format)
                .ok_or_else(|| unknown(text)),
            _ => Err(unknown(text)),
        }
    }

    /// Makes a text of a list, so that nothing can be joined behind it.
    pub(super) fn makes_text(&self) -> bool {
        matches!(
            self,
            Pipe::Text | Pipe::Number(_) | Pipe::Json | Pipe::Replace(..) | Pipe::DateTime | Pipe::Date
        )
    }

    fn reads_date(&self) -> bool {
        matches!(
            self,
            Pipe::DateTime | Pipe::Date | Pipe::Timestamp | Pipe::TimestampMillis | Pipe::Pattern(_)
        )
    }

    /// `is_time`: the value is a unix time, however small.
    pub(crate) fn apply<'r>(
        &self,
        value: Cow<'r, Value>,
        env: &Env<'_>,
        is_time: bool,
    ) -> Result<Cow<'r, Value>, Failure> {
        let text = text_of(&value);
        if text.is_empty() && *self != Pipe::Json {
            return Ok(Cow::Owned(Value::String(String::new())));
        }
        if self.reads_date() && !is_time && dates::is_never(&text) {
            return Ok(Cow::Owned(Value::String(String::new())));
        }
        let made = match self {
            Pipe::DateTime => Value::String(dates::show_seconds(moment(&text, env, is_time)?)),
            Pipe::Date => Value::String(dates::show_date(moment(&text, env, is_time)?.date())),
            Pipe::Pattern(pattern) => Value::String(pattern.format(moment(&text, env, is_time)?)),
            Pipe::Timestamp => seconds(&text, env, is_time)?.into(),
            Pipe::TimestampMillis => (seconds(&text, env, is_time)? * 1_000).into(),
            Pipe::Text => Value::String(text.into_owned()),
            Pipe::Number(digits) => Value::String(rounded(&text, *digits)?),
            Pipe::Json => Value::String(value.to_string()),
            Pipe::Replace(from, to) => {
                let hits = text.matches(from.as_str()).count();
                if hits * to.len() > MAX_TEXT {
                    return Err(Failure::too_large(MAX_TEXT));
                }
                Value::String(text.replace(from.as_str(), to))
            }
            Pipe::Format(format) => format.apply(&value, env.context),
            Pipe::EscapeLike(escape) => Value::String(like::escape_like(&text, *escape)),
            Pipe::EscapeRegex => Value::String(like::escape_regex(&text)),
            Pipe::Implode(separator) => match &*value {
                Value::Array(items) => {
                    if items.iter().any(Value::is_object) {
                        env.notice(|| {
                            words::text!("objects are joined as JSON; name one of their parts: {{key.*.part|implode('、')}}")
                                .to_owned()
                        });
                    }
                    let texts: Vec<_> = items.iter().map(text_of).filter(|t| !t.is_empty()).collect();
                    Value::String(texts.join(separator))
                }
                _ => Value::String(text.into_owned()),
            },
        };
        Ok(Cow::Owned(made))
    }
}

impl Pipe {
    /// What it is given is made a text before.
    pub(crate) fn takes_text(&self) -> bool {
        match self {
            Pipe::Implode(_) | Pipe::Json => false,
            Pipe::Format(format) => format.name() != "implode",
            _ => true,
        }
    }
}

fn unknown(text: &str) -> String {
    words::tr!(
        "unknown pipe \"{text}\"; known are datetime, date, datetime('Y-m-d H:i:s'), time, timestamp, timestamp_ms, string, \
         number:2, round(2), intval, amount, longText(15), json_encode, replace('a', 'b'), implode('、')"
    )
}

/// Quoted or bare arguments, separated by commas.
fn arguments(text: &str) -> Result<Vec<String>, String> {
    let (mut found, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (argument, after) = match rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            Some(quote) => {
                let body = rest.get(1..).unwrap_or_default();
                let end = body
                    .find(quote)
                    .ok_or_else(|| words::tr!("the quote {quote} is not closed"))?;
                (
                    body.get(..end).unwrap_or_default(),
                    body.get(end + 1..).unwrap_or_default().trim_start(),
                )
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (
                    rest.get(..end).unwrap_or_default().trim(),
                    rest.get(end..).unwrap_or_default(),
                )
            }
        };
        found.push(argument.replace("\\n", "\n").replace("\\t", "\t"));
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => "",
            None => return Err(words::text!("a comma is expected between arguments").to_owned()),
        };
    }
    Ok(found)
}

fn moment(text: &str, env: &Env<'_>, is_time: bool) -> Result<jiff::civil::DateTime, Failure> {
    let unix = text.parse().ok().filter(|_| is_time);
    let found = match unix {
        Some(unix) => dates::from_unix(unix, env.zone()),
        None => dates::moment(text, env.zone()),
    };
    found.ok_or_else(|| Failure::new("bad-date", words::text!("the value is not a date")))
}

fn seconds(text: &str, env: &Env<'_>, is_time: bool) -> Result<i64, Failure> {
    let moment = moment(text, env, is_time)?;
    let timestamp = env.zone().to_timestamp(moment);
    timestamp
        .map(|t| t.as_second())
        .map_err(|_| Failure::new("bad-date", words::text!("the date is beyond the calendar")))
}

fn rounded(text: &str, digits: i8) -> Result<String, Failure> {
    let not_a_number = || Failure::new("not-a-number", words::text!("the value is not a number"));
    let text = text.trim();
    Sql::literal(text).ok_or_else(not_a_number)?;
    let exact = Decimal::parse(text).or_else(|| Decimal::from_f64(text.parse().ok()?, 20));
    exact
        .and_then(|d| d.round(digits))
        .map(|d| d.to_string())
        .ok_or_else(not_a_number)
}
