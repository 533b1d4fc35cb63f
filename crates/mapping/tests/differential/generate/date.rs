//! Dates.

use serde_json::json;

use super::{Both, Generator, call, same};

const DATES: &[&str] = &[
    "2024-01-05",
    "2024-02-29",
    "2023-12-31",
    "2024-01-05 03:04:05",
    "2024-12-31 23:59:59",
    "2025-10-01 00:00:00",
    "1999-07-04",
    "2024-1-5",
    "20240105",
    "2024/03/09",
    "no date",
    "2024-13-01",
    "",
];

const FORMATS: &[&str] = &[
    "%Y-%m-%d",
    "%Y/%c/%e %k:%i",
    "%H:%i:%s",
    "%y%m%d",
    "%M %D %W",
    "%b %a %j",
    "%l %p",
    "%T",
    "%r",
    "%x-%v",
    "%X-%V",
    "%U %u",
    "%%",
    "plain",
];

impl Generator {
    /// A date that is one, for functions whose answer to bad dates is only a warning on one side.
    pub(super) fn full_date(&mut self) -> Both {
        let text = self.pick(DATES);
        let literal = format!("'{text}'");
        match self.below(2) {
            0 => (literal.clone(), literal),
            _ => {
                let key = self.bind(json!(text));
                (format!("'{{{{{key}}}}}'"), literal)
            }
        }
    }

    pub(super) fn date(&mut self, depth: u64) -> Both {
        if depth == 0 {
            return match self.below(4) {
                0 => same("CURDATE()".to_owned()),
                1 => same("NOW()".to_owned()),
                _ => self.full_date(),
            };
        }
        let d = depth - 1;
        match self.below(4) {
            0 => call("LAST_DAY", vec![self.date(d)]),
            1 => call("DATE", vec![self.date(d)]),
            _ => {
                let (name, unit) = (
                    self.pick(&["DATE_ADD", "DATE_SUB"]),
                    self.pick(&[
                        "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR",
                    ]),
                );
                let amount = self.below(60) as i64 - 20;
                let x = self.date(d);
                (
                    format!("{name}({}, INTERVAL {amount} {unit})", x.0),
                    format!("{name}({}, INTERVAL {amount} {unit})", x.1),
                )
            }
        }
    }

    pub(super) fn date_text(&mut self, depth: u64) -> Both {
        let format = same(format!("'{}'", self.pick(FORMATS)));
        match self.below(5) {
            0 => {
                let seconds = same((1_600_000_000 + self.below(400_000_000)).to_string());
                call("FROM_UNIXTIME", vec![seconds, format])
            }
            1 => {
                let (text, pattern) = match self.below(4) {
                    0 => ("'05/03/2024'", "'%d/%m/%Y'"),
                    1 => ("'2024年3月5日'", "'%Y年%c月%e日'"),
                    2 => ("'March 5, 2024'", "'%M %e, %Y'"),
                    _ => ("'garbage'", "'%Y-%m-%d'"),
                };
                same(format!("STR_TO_DATE({text}, {pattern})"))
            }
            2 => self.date(depth),
            _ => call("DATE_FORMAT", vec![self.date(depth), format]),
        }
    }
}
