//! What an SQL expression computes with: MySQL's types, as far as mappings need them.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::dates::Moment;
use super::decimal::Decimal;
use super::error::Failure;
use super::{dates, number};

/// A value while an expression is evaluated.
#[derive(Debug, Clone)]
pub(crate) enum Value<'r> {
    Null,
    Int(i64),
    Decimal(Decimal),
    /// A double and the fraction digits it is printed with, when they are fixed.
    Double(f64, Option<u8>),
    Text(Cow<'r, str>),
    /// Text that stood bare, outside quotes, and is no number. On the platform this is an unknown column; here it
    /// is text, but it refuses to become a number.
    Word(Cow<'r, str>),
    Date(Date),
    DateTime(DateTime),
}

/// The type of an expression's result before its value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Int,
    Decimal(u8),
    Double(Option<u8>),
    Text,
    Date,
    DateTime,
}

impl<'r> Value<'r> {
    pub(crate) const EMPTY: Value<'static> = Value::Text(Cow::Borrowed(""));

    pub(crate) fn bool(value: bool) -> Value<'r> {
        Value::Int(i64::from(value))
    }

    /// A text that is a number from end to end, as the literal it would be in SQL.
    pub(crate) fn literal(text: &str) -> Option<Value<'static>> {
        if !number::is_number(text) {
            return None;
        }
        if let Ok(int) = text.parse::<i64>() {
            return Some(Value::Int(int));
        }
        if let Some(decimal) = Decimal::parse(text) {
            return Some(Value::Decimal(decimal));
        }
        text.parse::<f64>()
            .ok()
            .filter(|f| f.is_finite())
            .map(|f| Value::Double(f, None))
    }

    pub(crate) fn owned(text: String) -> Value<'r> {
        Value::Text(Cow::Owned(text))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Value::Text(_) | Value::Word(_))
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Value::Int(_) | Value::Decimal(_) | Value::Double(..))
    }

    pub(crate) fn is_temporal(&self) -> bool {
        matches!(self, Value::Date(_) | Value::DateTime(_))
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Value::Null => Kind::Null,
            Value::Int(_) => Kind::Int,
            Value::Decimal(d) => Kind::Decimal(d.shown()),
            Value::Double(_, shown) => Kind::Double(*shown),
            Value::Text(_) | Value::Word(_) => Kind::Text,
            Value::Date(_) => Kind::Date,
            Value::DateTime(_) => Kind::DateTime,
        }
    }

    /// As text; `None` for NULL.
    pub(crate) fn into_text(self) -> Option<Cow<'r, str>> {
        Some(match self {
            Value::Null => return None,
            Value::Text(text) | Value::Word(text) => text,
            Value::Int(n) => Cow::Owned(n.to_string()),
            Value::Decimal(d) => Cow::Owned(d.to_string()),
            Value::Double(f, shown) => Cow::Owned(number::show_double(f, shown)),
            Value::Date(d) => Cow::Owned(dates::show_date(d)),
            Value::DateTime(t) => Cow::Owned(dates::show_datetime(t)),
        })
    }

    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Value::Text(text) | Value::Word(text) => Some(Cow::Borrowed(text)),
            other => other.clone().into_text(),
        }
    }

    /// As double; `None` for NULL. Text counts by its leading number.
    pub(crate) fn to_f64(&self) -> Result<Option<f64>, Failure> {
        Ok(Some(match self {
            Value::Null => return Ok(None),
            Value::Int(n) => *n as f64,
            Value::Decimal(d) => d.to_f64(),
            Value::Double(f, _) => *f,
            Value::Text(text) => number::leading_double(text),
            Value::Word(text) => return Err(Failure::word(text)),
            Value::Date(d) => dates::date_number(*d) as f64,
            Value::DateTime(t) => dates::datetime_number(*t) as f64,
        }))
    }

    /// As exact decimal where the value is exact; doubles and text come as doubles.
    pub(crate) fn to_number(&self) -> Result<Number, Failure> {
        Ok(match self {
            Value::Null => Number::Null,
            Value::Int(n) => Number::Int(*n),
            Value::Decimal(d) => Number::Decimal(*d),
            Value::Double(f, shown) => Number::Double(*f, *shown),
            Value::Text(text) => Number::Double(number::leading_double(text), None),
            Value::Word(text) => return Err(Failure::word(text)),
            Value::Date(d) => Number::Int(dates::date_number(*d)),
            Value::DateTime(t) => Number::Int(dates::datetime_number(*t)),
        })
    }

    /// As integer for positions and counts: rounded; text by its leading integer. `None` for NULL.
    pub(crate) fn to_int(&self) -> Result<Option<i64>, Failure> {
        Ok(match self.to_number()? {
            Number::Null => None,
            Number::Int(n) => Some(n),
            Number::Decimal(d) => {
                Some(
                    d.rounded_int()
                        .unwrap_or(if d.is_negative() { i64::MIN } else { i64::MAX }),
                )
            }
            Number::Double(..) if self.is_text() => {
                Some(self.text().map_or(0, |text| number::leading_int(&text)))
            }
            Number::Double(f, _) => Some(f.round_ties_even() as i64),
        })
    }

    /// The moment that a value stands for; numbers are read like `20240105`.
    pub(crate) fn moment(&self, zone: &TimeZone) -> Option<Moment> {
        match self {
            Value::Date(date) => Some(Moment {
                datetime: date.to_datetime(Time::midnight()),
                has_time: false,
            }),
            Value::DateTime(datetime) => Some(Moment {
                datetime: *datetime,
                has_time: true,
            }),
            Value::Text(text) | Value::Word(text) => {
                dates::parse(text, zone).or_else(|| dates::leading(text, zone))
            }
            Value::Int(n) => dates::parse(&n.to_string(), zone),
            Value::Decimal(d) => dates::parse(&d.truncated()?.to_string(), zone),
            Value::Double(f, _) if f.abs() < 1e15 => dates::parse(&format!("{f:.0}"), zone),
            Value::Double(..) | Value::Null => None,
        }
    }

    /// As truth value; `None` for NULL.
    pub(crate) fn truth(&self) -> Result<Option<bool>, Failure> {
        Ok(match self.to_number()? {
            Number::Null => None,
            Number::Int(n) => Some(n != 0),
            Number::Decimal(d) => Some(!d.is_zero()),
            Number::Double(f, _) => Some(f != 0.0),
        })
    }

    /// Converted to the common type of several branches (`IF(1>2, 1.50, 2)` is `2.00`).
    pub(crate) fn cast_to(self, kind: Kind) -> Result<Value<'r>, Failure> {
        Ok(match (self, kind) {
            (Value::Null, _) => Value::Null,
            (Value::Int(n), Kind::Decimal(shown)) => {
                Value::Decimal(Decimal::from_int(i128::from(n)).show(shown))
            }
            (Value::Decimal(d), Kind::Decimal(shown)) => Value::Decimal(d.show(shown)),
            (value @ (Value::Int(_) | Value::Decimal(_) | Value::Double(..)), Kind::Double(shown)) => {
                Value::Double(value.to_f64()?.unwrap_or_default(), shown)
            }
            (Value::Date(d), Kind::DateTime) => Value::DateTime(d.to_datetime(Time::midnight())),
            (value @ (Value::Text(_) | Value::Word(_)), _) => value,
            (value, Kind::Text) => value.into_text().map_or(Value::Null, Value::Text),
            (value, _) => value,
        })
    }
}

/// A numeric operand.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Null,
    Int(i64),
    Decimal(Decimal),
    Double(f64, Option<u8>),
}

impl Kind {
    /// The common type of two branches.
    pub(crate) fn merge(self, other: Kind) -> Kind {
        use Kind::{Date, DateTime, Decimal, Double, Int, Null, Text};
        match (self, other) {
            (Null, kind) | (kind, Null) => kind,
            (a, b) if a == b => a,
            (Text, _) | (_, Text) => Text,
            (Date | DateTime, Date | DateTime) => DateTime,
            (Date | DateTime, _) | (_, Date | DateTime) => Text,
            (Double(a), Double(b)) => Double(a.zip(b).map(|(a, b)| a.max(b))),
            (Double(shown), other) | (other, Double(shown)) => Double(shown.map(|s| s.max(other.digits()))),
            (Decimal(a), Decimal(b)) => Decimal(a.max(b)),
            (Decimal(a), Int) | (Int, Decimal(a)) => Decimal(a),
            (Int, Int) => Int,
        }
    }

    /// The type once a number is made of it; an untyped NULL counts as a double without fraction.
    pub(crate) fn as_number(self) -> Kind {
        match self {
            Kind::Null => Kind::Double(Some(0)),
            Kind::Text => Kind::Double(None),
            Kind::Date | Kind::DateTime => Kind::Int,
            number => number,
        }
    }

    /// Fraction digits of an exact type.
    pub(crate) fn digits(self) -> u8 {
        if let Kind::Decimal(shown) = self { shown } else { 0 }
    }
}

impl Number {
    /// Exact numbers as decimal; callers have sorted out doubles and NULL.
    pub(crate) fn decimal(self) -> Decimal {
        match self {
            Number::Int(n) => Decimal::from_int(i128::from(n)),
            Number::Decimal(d) => d,
            Number::Double(f, _) => Decimal::from_f64(f, 6).unwrap_or(Decimal::ZERO),
            Number::Null => Decimal::ZERO,
        }
    }
}
