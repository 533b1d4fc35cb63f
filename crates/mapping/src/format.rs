//! `formatResponse`: keys that are written again in another format before anything else sees the record.

use serde_json::Value as Json;

use super::expression::{Context, Pattern};
use super::json::Node;
use super::path::Path;
use super::reader::{Reader, get};
use super::record::{Record, text_of};
use super::sql::decimal::Decimal;
use super::sql::{dates, number};

/// All rules of a document.
#[derive(Debug, Clone, Default)]
pub struct FormatResponse {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    old: Path,
    new: String,
    format: Format,
}

#[derive(Debug, Clone, PartialEq)]
enum Format {
    Date,
    Time,
    DateTime,
    ShortDate,
    ShortTime,
    ShortDateTime,
    Description,
    LongText(usize),
    IntVal,
    Round(i8),
    Amount,
    Implode(String),
    /// Of a field of a target only.
    Pattern(Pattern),
}

/// `format` of a field of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueFormat(Format);

impl ValueFormat {
    /// One of the formats of `formatResponse`, or a date pattern.
    pub(super) fn parse(text: &str) -> Option<ValueFormat> {
        let pattern = || {
            Pattern::parse(text)
                .ok()
                .filter(Pattern::has_date)
                .map(Format::Pattern)
        };
        Format::parse(text).or_else(pattern).map(ValueFormat)
    }

    /// One of the formats by its name.
    pub(super) fn named(name: &str, argument: Option<&str>) -> Option<ValueFormat> {
        Format::named(name, argument.unwrap_or_default()).map(ValueFormat)
    }

    /// What is odd about a date pattern, and the right spelling.
    pub(super) fn odd(&self) -> Option<(String, String)> {
        match &self.0 {
            Format::Pattern(pattern) => pattern.odd(),
            _ => None,
        }
    }

    /// Its name, for people.
    pub(super) fn name(&self) -> &'static str {
        match &self.0 {
            Format::Date => "date",
            Format::Time => "time",
            Format::DateTime => "dateTime",
            Format::ShortDate => "shortDate",
            Format::ShortTime => "shortTime",
            Format::ShortDateTime => "shortDateTime",
            Format::Description => "dateDescription",
            Format::LongText(_) => "longText",
            Format::IntVal => "intval",
            Format::Round(_) => "round",
            Format::Amount => "amount",
            Format::Implode(_) => "implode",
            Format::Pattern(_) => words::text!("a date by a pattern"),
        }
    }

    /// The value in the format; what cannot be read stays as it is.
    pub fn apply(&self, value: &Json, context: &Context) -> Json {
        self.0.apply(value, context)
    }
}

impl FormatResponse {
    /// Applies the rules in order; what cannot be read stays as it is.
    pub fn apply(&self, record: &mut Record, context: &Context) {
        for rule in &self.rules {
            let made = rule
                .old
                .find(record, None)
                .value()
                .map(|value| rule.format.apply(value, context));
            if let Some(value) = made {
                record.insert(rule.new.clone(), value);
            }
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> FormatResponse {
        let Some(node) = node else {
            return FormatResponse::default();
        };
        let mut rules = Vec::new();
        for item in reader.array(node, "formatResponse") {
            let members = reader.object(item, "a rule of formatResponse");
            reader.unknown_keys(members, &["old", "new", "format"], "formatResponse");
            let mut text = |key: &str| reader.text(get(members, key), key).filter(|t| !t.is_empty());
            let (Some(old), Some(new), Some(format)) = (text("old"), text("new"), text("format")) else {
                reader.problem(
                    item.range.start,
                    "a rule of formatResponse needs old, new and format",
                    None,
                );
                continue;
            };
            match Format::parse(&format) {
                Some(format) => rules.push(Rule { old: Path::new(&old), new, format }),
                None => reader.problem(
                    item.range.start,
                    words::tr!("unknown format \"{format}\""),
                    Some("date, time, dateTime, shortDate, shortTime, shortDateTime, dateDescription, longText(n), intval, round(n), amount and implode(sep) are known"),
                ),
            }
        }
        FormatResponse { rules }
    }
}

impl Format {
    fn parse(text: &str) -> Option<Format> {
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => (name, rest.trim_end_matches(')').trim_matches(['\'', '"'])),
            None => (text, ""),
        };
        Format::named(name, argument)
    }

    fn named(name: &str, argument: &str) -> Option<Format> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "date" => Format::Date,
            "time" => Format::Time,
            "datetime" => Format::DateTime,
            "shortdate" => Format::ShortDate,
            "shorttime" => Format::ShortTime,
            "shortdatetime" => Format::ShortDateTime,
            "datedescription" => Format::Description,
            "longtext" => Format::LongText(if argument.is_empty() {
                15
            } else {
                argument.parse().ok()?
            }),
            "intval" => Format::IntVal,
            "round" => Format::Round(if argument.is_empty() {
                2
            } else {
                argument.parse().ok().filter(|n| (0..=20).contains(n))?
            }),
            "amount" => Format::Amount,
            "implode" => Format::Implode(if argument.is_empty() {
                ",".to_owned()
            } else {
                argument.to_owned()
            }),
            _ => return None,
        })
    }

    fn apply(&self, value: &Json, context: &Context) -> Json {
        let text = text_of(value);
        let made = match self {
            Format::LongText(n) if text.chars().count() > *n => {
                Some(text.chars().take(*n).collect::<String>() + "...")
            }
            Format::LongText(_) => None,
            Format::IntVal => return Json::from(number::leading_double(&text).trunc() as i64),
            Format::Round(n) => decimal(&text).and_then(|d| d.round(*n)).map(|d| d.to_string()),
            Format::Amount => decimal(&text)
                .and_then(|d| d.round(2))
                .map(|d| amount(&d.to_string())),
            Format::Implode(separator) => match value {
                Json::Array(items) => Some(
                    items
                        .iter()
                        .map(|i| text_of(i).into_owned())
                        .collect::<Vec<_>>()
                        .join(separator),
                ),
                _ => None,
            },
            _ if dates::is_never(&text) => Some(String::new()),
            date => dates::moment(&text, context.zone.time_zone()).map(|t| date.date(t, context)),
        };
        made.map_or_else(|| value.clone(), Json::String)
    }

    fn date(&self, t: jiff::civil::DateTime, context: &Context) -> String {
        let day = dates::show_date(t.date());
        let short = format!("{:02}-{:02}", t.month(), t.day());
        let clock = format!("{:02}:{:02}", t.hour(), t.minute());
        match self {
            Format::Date => day,
            Format::Time => format!("{clock}:{:02}", t.second()),
            Format::DateTime => format!("{day} {clock}"),
            Format::ShortDate => short,
            Format::ShortTime => clock,
            Format::ShortDateTime => format!("{short} {clock}"),
            Format::Pattern(pattern) => pattern.format(t),
            _ => describe(t, context),
        }
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    Decimal::parse(text.trim())
}

fn amount(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "00"));
    let mut grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(c);
    }
    format!("{sign}￥{grouped}.{fraction}")
}

fn describe(t: jiff::civil::DateTime, context: &Context) -> String {
    let then = context
        .zone
        .time_zone()
        .to_timestamp(t)
        .map_or(0, |t| t.as_second());
    let steps = [
        (31_536_000, "一年前"),
        (2_592_000, "一个月前"),
        (604_800, "一周前"),
        (86_400, "一天前"),
        (3_600, "一小时前"),
        (60, "一分钟前"),
    ];
    let ago = context.now.as_second() - then;
    steps
        .iter()
        .find(|(least, _)| ago >= *least)
        .map_or("刚刚", |(_, words)| words)
        .to_owned()
}
