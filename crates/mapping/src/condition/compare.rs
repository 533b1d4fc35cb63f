//! What a test of a condition compares, and how.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::super::expression::{Evaluation, Expression, Form, Scope, Source, Variable, Zone};
use super::super::record::text_of;
use super::super::sql::dates;
use super::super::sql::value::Value;

/// What marks a point of time.
const TIMESTAMP: &str = "timestamp:";
/// What stands between the two values of `between`.
const COMMAS: [char; 2] = [',', '，'];

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

    /// As it is written, it has two values.
    pub(super) fn is_pair(&self) -> bool {
        let text = match self {
            Wanted::Fixed(text) => text,
            Wanted::Computed { value, .. } => value.as_str(),
        };
        text.contains(COMMAS)
    }

    /// A fixed `timestamp:` without a point of time.
    pub(super) fn is_no_time(&self) -> bool {
        let zone = Zone::default();
        matches!(self, Wanted::Fixed(text) if marked(text).is_some() && seconds(text, zone.time_zone()).is_none())
    }

    /// What is odd about a fixed value, for the way in which it is compared.
    pub(super) fn odd(&self, logic: &str) -> Option<String> {
        let Wanted::Fixed(text) = self else { return None };
        let zone = Zone::default();
        let zone = zone.time_zone();
        let is_order = matches!(logic, "gt" | "egt" | "lt" | "elt");
        let is_ordered =
            |text: &str| number(text).is_some() || point(text, zone).is_some() || marked(text).is_some();
        if text.trim().is_empty() {
            return Some(words::tr!(
                "{logic} has no value to compare with; isnull and notnull tell empty values apart"
            ));
        }
        if logic == "between" {
            let sign = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '\'' | '"');
            let (low, high) = text.split_once(COMMAS)?;
            let (low, high) = (low.trim_matches(sign), high.trim_matches(sign));
            let is_turned =
                !low.is_empty() && !high.is_empty() && order(low, high, zone) == Some(Ordering::Greater);
            return is_turned.then(|| {
                words::tr!("between {low} and {high} holds for nobody; the smaller value comes first")
            });
        }
        (is_order && !is_ordered(text)).then(|| {
            words::tr!(
                "{text} is neither a number nor a date such as 2024-01-05, so {logic} compares it letter by letter"
            )
        })
    }

    /// As it is written.
    pub(super) fn shown(&self) -> &str {
        match self {
            Wanted::Fixed(text) => text,
            Wanted::Computed { value, .. } => value.as_str(),
        }
    }

    /// The text, unless it cannot be computed.
    fn text(&self, on: &Evaluation<'_>, scope: Option<&Scope<'_>>) -> Option<String> {
        let text = match self {
            Wanted::Fixed(text) => text.clone(),
            Wanted::Computed { value, is_time } => {
                let text = value.evaluate_in(on, scope).ok()?.into_text().into_owned();
                match is_time {
                    true => format!("{TIMESTAMP}{text}"),
                    false => text,
                }
            }
        };
        match marked(&text).is_some() {
            true => seconds(&text, on.zone().time_zone()).map(|seconds| format!("{TIMESTAMP}{seconds}")),
            false => Some(text),
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
                // A flag is written as a word or as a number.
                let is_flag = matches!(
                    (value, other.trim()),
                    (Some(Json::Bool(true)), "1") | (Some(Json::Bool(false)), "0")
                );
                (is_flag || order(&text, &other, zone) == Some(Ordering::Equal) || text == *other) == *wanted
            }
            // A value that is empty for this record is no bound.
            Logic::Order(Wanted::Computed { .. }, _) if other.is_empty() => true,
            Logic::Order(_, allowed) => order(&text, &other, zone).is_some_and(|o| allowed.contains(&o)),
            Logic::Between(_) => {
                let sign = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '\'' | '"');
                // Without two values there is nothing to decide by.
                let Some((low, high)) = other.split_once(COMMAS) else {
                    return true;
                };
                let (low, high) = (low.trim_matches(sign), high.trim_matches(sign));
                if low.is_empty() || high.is_empty() {
                    return true;
                }
                order(&text, low, zone).is_some_and(Ordering::is_ge)
                    && order(&text, high, zone).is_some_and(Ordering::is_le)
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

/// What stands behind `timestamp:`, in capitals or not.
fn marked(text: &str) -> Option<&str> {
    let (mark, rest) = text.trim_start().split_at_checked(TIMESTAMP.len())?;
    mark.eq_ignore_ascii_case(TIMESTAMP).then_some(rest)
}

/// The point of time of `timestamp:<unix>`, in seconds or milliseconds, or of `timestamp:<date>`.
fn seconds(text: &str, zone: &jiff::tz::TimeZone) -> Option<i64> {
    let text = marked(text)?.trim();
    let unix = text.parse::<i64>().ok();
    let unix = unix.map(|unix| if text.len() == 13 { unix / 1_000 } else { unix });
    unix.or_else(|| {
        let datetime = dates::parse(text, zone)?.datetime;
        Some(zone.to_timestamp(datetime).ok()?.as_second())
    })
}

/// Numbers as numbers, `timestamp:<unix>` against a date, everything else as text.
fn order(text: &str, other: &str, zone: &jiff::tz::TimeZone) -> Option<Ordering> {
    if let Some(seconds) = seconds(other, zone) {
        let found = match text.parse::<i64>() {
            Ok(millis) if text.len() == 13 => millis / 1_000,
            Ok(unix) if text.len() >= 9 && text.len() != 14 => unix,
            _ => zone
                .to_timestamp(dates::parse(text, zone)?.datetime)
                .ok()?
                .as_second(),
        };
        return Some(found.cmp(&seconds));
    }
    match (number(text), number(other)) {
        (Some(a), Some(b)) => a.partial_cmp(&b),
        _ if text.is_empty() => None,
        _ => match (point(text, zone), point(other, zone)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => Some(text.cmp(other)),
        },
    }
}

/// A number, also with commas between its thousands.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if Value::literal(text).is_some() {
        return text.parse().ok();
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut groups = whole.trim_start_matches('-').split(',');
    let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let is_first = groups
        .next()
        .is_some_and(|group| (1..=3).contains(&group.len()) && is_digits(group));
    let mut count = 0;
    let is_grouped = groups.all(|group| {
        count += 1;
        group.len() == 3 && is_digits(group)
    });
    (is_first && is_grouped && count > 0 && is_digits(fraction))
        .then(|| text.replace(',', "").parse().ok())
        .flatten()
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
