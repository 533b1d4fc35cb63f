//! Functions that integrators know beside those of the documentation.

use super::{Both, Generator, call, same};

const LISTS: &[&str] = &["a,b,c", "A", "", ",a", "客户,b", "1,2,12", "b ,x", "O'Neil,b"];
const PATTERNS: &[&str] = &["[0-9]+", "b", "客", "(a)(b)", "^a", "x*", "[a-c]$", "."];
const BY: &[&str] = &["", "-", "<\\1>", "\\0\\0", "x"];
const JSON: &[&str] = &[
    "{\"a\":[1,2,{\"b\":\"x\"}],\"c\":1.50,\"d\":true,\"e\":null}",
    "[{\"a\":\"A\"},{\"a\":\"客\"}]",
    "{\"a\":{\"b\":\"y\"}}",
    "[]",
    "7",
    "bad",
];
const PATHS: &[&str] = &[
    "$", "$.a", "$.a[1]", "$.a.b", "$[*].a", "$.*", "$[0]", "$.a[2].b", "$.c", "$.d", "$.e", "$.zz",
];
const UNITS: &[&str] = &[
    "MICROSECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "DAY",
    "WEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
];
const ZONES: &[&str] = &["+00:00", "+08:00", "-05:00", "+05:30"];

impl Generator {
    pub(super) fn more(&mut self, depth: u64) -> Both {
        let d = depth - 1;
        match self.below(15) {
            0 => {
                let list = self.pick(LISTS);
                call("FIND_IN_SET", vec![self.text(0), self.quoted(list)])
            }
            1 => call(
                "FIELD",
                vec![self.text(0), self.text(0), self.text(0), self.text(0)],
            ),
            2 => call(
                "FIELD",
                vec![self.number(0), self.number(0), self.text(0), self.number(0)],
            ),
            3 => call("ELT", vec![self.number(0), self.text(d), self.text(0)]),
            4 => call(
                "CHAR",
                vec![
                    same((32 + self.below(90)).to_string()),
                    same((32 + self.below(90)).to_string()),
                ],
            ),
            5 => {
                let name = self.pick(&["MD5", "HEX", "ASCII"]);
                call(name, vec![self.text(d)])
            }
            6 => {
                let digits = same(self.below(4).to_string());
                call("FORMAT", vec![self.number(d), digits])
            }
            7 => {
                let (name, power) = (self.pick(&["POW", "POWER"]), same(self.below(4).to_string()));
                call(name, vec![self.number(0), power])
            }
            8 => {
                let pattern = self.pick(PATTERNS);
                let by = self.pick(BY);
                let literal = |text: &str| same(format!("'{}'", text.replace('\\', "\\\\")));
                call(
                    "REGEXP_REPLACE",
                    vec![self.text(0), literal(pattern), literal(by)],
                )
            }
            9 => {
                let name = self.pick(&["REGEXP_SUBSTR", "REGEXP_INSTR"]);
                let pattern = same(format!("'{}'", self.pick(PATTERNS)));
                call(name, vec![self.text(0), pattern])
            }
            10 => {
                let (json, path) = (self.pick(JSON), self.pick(PATHS));
                let extract = call(
                    "JSON_EXTRACT",
                    vec![self.quoted_whole(json), same(format!("'{path}'"))],
                );
                match self.below(2) {
                    0 => extract,
                    _ => call("JSON_UNQUOTE", vec![extract]),
                }
            }
            11 => {
                let unit = same(self.pick(UNITS).to_owned());
                call("TIMESTAMPDIFF", vec![unit, self.date(0), self.date(0)])
            }
            12 => {
                let mode = same(self.below(8).to_string());
                let name = self.pick(&["WEEK", "YEARWEEK"]);
                call(name, vec![self.date(0), mode])
            }
            13 => {
                let (from, to) = (self.pick(ZONES), self.pick(ZONES));
                call(
                    "CONVERT_TZ",
                    vec![self.date(0), same(format!("'{from}'")), same(format!("'{to}'"))],
                )
            }
            _ => {
                let name = self.pick(&["WEEKOFYEAR", "DAYNAME", "MONTHNAME", "TO_DAYS"]);
                call(name, vec![self.date(0)])
            }
        }
    }

    /// A text that is a placeholder or a literal, and nothing around it.
    fn quoted_whole(&mut self, text: &str) -> Both {
        let literal = format!("'{text}'");
        match self.below(2) {
            0 => same(literal),
            _ => {
                let key = self.bind(serde_json::json!(text));
                (format!("'{{{{{key}}}}}'"), literal)
            }
        }
    }
}
