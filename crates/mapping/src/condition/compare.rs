//! What a test of a condition compares, and how.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::super::expression::{Evaluation, Expression, Form, Scope, Source, Variable, Zone};
use super::super::record::text_of;
use super::super::sql::collation::Collation;
use super::values::{TIMESTAMP, marked, number, order, point, seconds};

/// What stands between the two values of `between`.
const COMMAS: [char; 2] = [',', '，'];

#[derive(Debug, Clone)]
pub(super) enum Logic {
    Equal(Wanted, bool),
    Order(Wanted, &'static [Ordering]),
    Like(Wanted, bool),
    In(Members, bool),
    /// Two values with a comma between them.
    Between(Wanted),
    Null(bool),
}

/// What `in` looks through.
#[derive(Debug, Clone)]
pub(super) enum Members {
    Each(Vec<Wanted>),
    /// One text with commas in it.
    Joined(Vec<Wanted>),
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
    pub(super) fn wanted(&self) -> &[Wanted] {
        match self {
            Logic::Equal(wanted, _)
            | Logic::Order(wanted, _)
            | Logic::Like(wanted, _)
            | Logic::Between(wanted) => std::slice::from_ref(wanted),
            Logic::In(Members::Each(all) | Members::Joined(all), _) => all,
            Logic::Null(_) => &[],
        }
    }

    /// It asks for something not to be there.
    pub(super) fn is_negative(&self) -> bool {
        matches!(
            self,
            Logic::Equal(_, false) | Logic::Like(_, false) | Logic::In(_, false) | Logic::Null(true)
        )
    }

    fn is_in(
        value: Option<&Json>,
        members: &Members,
        on: &Evaluation<'_>,
        scope: Option<&Scope<'_>>,
    ) -> Option<bool> {
        let zone = on.zone().time_zone();
        let (all, is_joined) = match members {
            Members::Each(all) => (all, false),
            Members::Joined(all) => (all, true),
        };
        let mut found = false;
        for wanted in all {
            let text = wanted.text(on, scope)?;
            found |= match is_joined {
                true => text.split(COMMAS).any(|one| equal(value, one.trim(), zone)),
                false => equal(value, &text, zone),
            };
        }
        Some(found)
    }

    pub(super) fn holds(&self, value: Option<&Json>, on: &Evaluation<'_>, scope: Option<&Scope<'_>>) -> bool {
        if let Logic::In(members, wanted) = self {
            return Logic::is_in(value, members, on, scope).is_none_or(|found| found == *wanted);
        }
        let text = value.map(text_of).unwrap_or_default();
        let other = match self.wanted().first().map(|wanted| wanted.text(on, scope)) {
            Some(None) => return true,
            Some(Some(other)) => other,
            None => String::new(),
        };
        let zone = on.zone().time_zone();
        match self {
            Logic::Null(wanted) => text.is_empty() == *wanted,
            Logic::Equal(_, wanted) => equal(value, &other, zone) == *wanted,
            Logic::In(..) => true,
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
                super::super::sql::like::Like::new(&whole, '\\', Collation::default())
                    .matches(&text)
                    .unwrap_or(false)
                    == *wanted
            }
        }
    }
}

fn equal(value: Option<&Json>, other: &str, zone: &jiff::tz::TimeZone) -> bool {
    // A flag is written as a word or as a number.
    let is_flag = matches!(
        (value, other.trim()),
        (Some(Json::Bool(true)), "1") | (Some(Json::Bool(false)), "0")
    );
    let text = value.map(text_of).unwrap_or_default();
    is_flag || order(&text, other, zone) == Some(Ordering::Equal) || text == other
}
