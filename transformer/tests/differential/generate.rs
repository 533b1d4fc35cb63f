//! Expressions and values at random, from a seed.

use serde_json::{Map, Value, json};

/// One expression for both sides.
#[derive(Debug, Clone)]
pub struct Case {
    /// With placeholders.
    pub expression: String,
    /// With the values written in.
    pub sql: String,
    /// What the placeholders stand for.
    pub record: Map<String, Value>,
}

/// Both spellings of a piece.
type Both = (String, String);

/// Makes cases.
#[derive(Debug)]
pub struct Generator {
    state: u64,
    record: Map<String, Value>,
}

const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "b",
    "abc",
    "ABC",
    "aXbXc",
    "客户",
    "客户名称ABC",
    "é",
    "E",
    " ",
    "x ",
    " x",
    "O'Neil",
    "a\\b",
    "\\",
    "'",
    "\"",
    "a%b",
    "a_b",
    "12",
    "12abc",
    "3.5",
    "-7",
    "0",
    "01",
    "1e2",
    ".5",
    "abc12",
    "、",
    "x、y、z",
    "2024-01-05",
    "line\nbreak",
    "+3",
    "  4",
    "0.0",
    "--",
    "{y}",
];
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
    pub fn new(seed: u64) -> Generator {
        Generator {
            state: seed,
            record: Map::new(),
        }
    }

    pub fn case(&mut self) -> Case {
        self.record = Map::new();
        let depth = 1 + self.below(3);
        let (expression, sql) = match self.below(10) {
            0..=2 => self.number(depth),
            3..=5 => self.text(depth),
            6..=7 => self.condition(depth),
            8 => self.date_text(depth),
            _ => self.any_case(depth),
        };
        Case {
            expression,
            sql,
            record: std::mem::take(&mut self.record),
        }
    }

    /// splitmix64
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        list[index]
    }

    fn bind(&mut self, value: Value) -> String {
        let key = format!("k{}", self.record.len());
        self.record.insert(key.clone(), value);
        key
    }

    /// A text literal, or a quoted placeholder.
    fn quoted(&mut self, text: &str) -> Both {
        let literal = format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        match self.below(3) {
            0 => (literal.clone().replace("{y}", "y"), literal.replace("{y}", "y")),
            1 => {
                let key = self.bind(json!(text));
                (format!("'{{{{{key}}}}}'"), literal)
            }
            _ => {
                let key = self.bind(json!(text));
                let inner = literal.get(1..).unwrap_or_default();
                (format!("'<{{{{{key}}}}}'"), format!("'<{inner}"))
            }
        }
    }

    fn plain_number(&mut self) -> String {
        match self.below(6) {
            0 => self.below(3).to_string(),
            1 => self.below(1000).to_string(),
            2 => format!("{}.{}", self.below(100), self.below(100)),
            3 => format!("{}.{:03}", self.below(10), self.below(1000)),
            4 => format!("0.{}", self.below(10)),
            _ => self.below(1_000_000).to_string(),
        }
    }

    fn number(&mut self, depth: u64) -> Both {
        if depth == 0 {
            return match self.below(6) {
                0 | 1 => same(self.plain_number()),
                2 | 3 => {
                    let number = self.plain_number();
                    let value = if self.below(2) == 0 {
                        json!(number)
                    } else {
                        serde_json::from_str(&number).unwrap_or(json!(number))
                    };
                    // A JSON number has forgotten its trailing zeros.
                    let written = match value.as_f64().filter(|_| value.is_number()) {
                        Some(f) => format!("{f}"),
                        None => number,
                    };
                    let key = self.bind(value);
                    (format!("{{{{{key}}}}}"), written)
                }
                4 => {
                    let empty = if self.below(2) == 0 {
                        json!("")
                    } else {
                        Value::Null
                    };
                    let key = self.bind(empty);
                    (format!("{{{{{key}}}}}"), "NULL".to_owned())
                }
                _ => {
                    let number = self.plain_number();
                    same(format!("-{number}"))
                }
            };
        }
        let d = depth - 1;
        match self.below(22) {
            0..=4 => {
                let op = self.pick(&["+", "-", "*", "/", "%", "DIV"]);
                join2(self.number(d), self.number(d), |a, b| format!("({a} {op} {b})"))
            }
            5 => call("ABS", vec![self.number(d)]),
            6 => {
                let digits = same((self.below(7) as i64 - 2).to_string());
                call("ROUND", vec![self.number(d), digits])
            }
            7 => {
                let digits = same((self.below(7) as i64 - 2).to_string());
                call("TRUNCATE", vec![self.number(d), digits])
            }
            8 => {
                let name = self.pick(&["CEIL", "FLOOR", "ROUND", "SIGN"]);
                call(name, vec![self.number(d)])
            }
            9 => call("MOD", vec![self.number(d), self.number(d)]),
            10 => {
                let name = self.pick(&["IFNULL", "COALESCE", "NULLIF"]);
                call(name, vec![self.number(d), self.number(d)])
            }
            11 => {
                let condition = self.condition(d);
                call("IF", vec![condition, self.number(d), self.number(d)])
            }
            12 => {
                let name = self.pick(&["GREATEST", "LEAST"]);
                call(name, vec![self.number(d), self.number(d), self.number(d)])
            }
            13 => {
                let name = self.pick(&["LENGTH", "CHAR_LENGTH"]);
                call(name, vec![self.text(d)])
            }
            14 => call("LOCATE", vec![self.text(0), self.text(d)]),
            15 => call("INSTR", vec![self.text(d), self.text(0)]),
            16 => {
                let name = self.pick(&[
                    "YEAR",
                    "MONTH",
                    "DAY",
                    "QUARTER",
                    "DAYOFWEEK",
                    "WEEKDAY",
                    "DAYOFYEAR",
                ]);
                call(name, vec![self.full_date()])
            }
            17 => call("DATEDIFF", vec![self.full_date(), self.full_date()]),
            18 => {
                let (a, b) = self.text(0);
                // Text as a number, by its beginning.
                (format!("({a} + 0)"), format!("({b} + 0)"))
            }
            19 => {
                let target = self.pick(&["SIGNED", "DECIMAL(10,2)", "DECIMAL(6,3)", "DOUBLE"]);
                let (a, b) = if self.below(2) == 0 {
                    self.number(d)
                } else {
                    self.text(0)
                };
                (format!("CAST({a} AS {target})"), format!("CAST({b} AS {target})"))
            }
            20 => {
                let (condition, a, b) = (self.condition(d), self.number(d), self.number(d));
                (
                    format!("CASE WHEN {} THEN {} ELSE {} END", condition.0, a.0, b.0),
                    format!("CASE WHEN {} THEN {} ELSE {} END", condition.1, a.1, b.1),
                )
            }
            _ => {
                let (a, b) = self.number(d);
                (format!("-({a})"), format!("-({b})"))
            }
        }
    }

    fn text(&mut self, depth: u64) -> Both {
        if depth == 0 {
            let text = self.pick(TEXTS);
            return self.quoted(text);
        }
        let d = depth - 1;
        let small = |g: &mut Self| same((g.below(9) as i64 - 2).to_string());
        match self.below(20) {
            0 => call("CONCAT", vec![self.text(d), self.text(d)]),
            1 => call("CONCAT", vec![self.text(d), self.number(d)]),
            2 => call(
                "CONCAT_WS",
                vec![
                    self.quoted("、"),
                    self.text(d),
                    same("NULL".to_owned()),
                    self.text(d),
                ],
            ),
            3 => {
                let (position, length) = (small(self), small(self));
                call("SUBSTRING", vec![self.text(d), position, length])
            }
            4 => {
                let (name, count) = (self.pick(&["LEFT", "RIGHT", "SUBSTRING"]), small(self));
                call(name, vec![self.text(d), count])
            }
            5 => call("REPLACE", vec![self.text(d), self.text(0), self.text(0)]),
            6 => {
                let name = self.pick(&["UPPER", "LOWER", "REVERSE"]);
                call(name, vec![self.text(d)])
            }
            7 => {
                let name = self.pick(&["TRIM", "LTRIM", "RTRIM"]);
                call(name, vec![self.text(d)])
            }
            8 => {
                let (name, count) = (self.pick(&["LPAD", "RPAD"]), small(self));
                call(name, vec![self.text(d), count, self.text(0)])
            }
            9 => {
                let name = self.pick(&["IFNULL", "COALESCE"]);
                call(name, vec![self.text(d), self.text(d)])
            }
            10 => call("NULLIF", vec![self.text(d), self.text(d)]),
            11 => {
                let condition = self.condition(d);
                call("IF", vec![condition, self.text(d), self.text(d)])
            }
            12 => {
                let condition = self.condition(d);
                call("IF", vec![condition, self.text(d), self.number(d)])
            }
            13 => {
                let name = self.pick(&["GREATEST", "LEAST"]);
                call(name, vec![self.text(0), self.text(0)])
            }
            14 => {
                let n = same((self.below(5) as i64 - 2).to_string());
                call("SUBSTRING_INDEX", vec![self.text(d), self.text(0), n])
            }
            15 => {
                let (a, b) = self.number(d);
                (format!("CAST({a} AS CHAR)"), format!("CAST({b} AS CHAR)"))
            }
            16 => {
                let count = same(self.below(4).to_string());
                call("REPEAT", vec![self.text(d), count])
            }
            17 => {
                let (a, b) = self.date_text(d);
                (format!("CONCAT('', {a})"), format!("CONCAT('', {b})"))
            }
            _ => self.simple_case(d),
        }
    }

    fn simple_case(&mut self, d: u64) -> Both {
        let operand = if self.below(2) == 0 {
            self.text(d)
        } else {
            self.number(0)
        };
        let mut both = (format!("CASE {}", operand.0), format!("CASE {}", operand.1));
        for _ in 0..1 + self.below(3) {
            let when = if self.below(3) == 0 {
                self.number(0)
            } else {
                self.text(0)
            };
            let then = self.text(0);
            both.0.push_str(&format!(" WHEN {} THEN {}", when.0, then.0));
            both.1.push_str(&format!(" WHEN {} THEN {}", when.1, then.1));
        }
        if self.below(3) > 0 {
            let otherwise = self.text(d);
            both.0.push_str(&format!(" ELSE {}", otherwise.0));
            both.1.push_str(&format!(" ELSE {}", otherwise.1));
        }
        (both.0 + " END", both.1 + " END")
    }

    fn any_case(&mut self, depth: u64) -> Both {
        let d = depth - 1;
        match self.below(3) {
            0 => self.simple_case(d),
            1 => {
                let (condition, a, b) = (self.condition(d), self.number(d), self.text(d));
                (
                    format!("CASE WHEN {} THEN {} ELSE {} END", condition.0, a.0, b.0),
                    format!("CASE WHEN {} THEN {} ELSE {} END", condition.1, a.1, b.1),
                )
            }
            _ => {
                let (condition, a) = (self.condition(d), self.number(d));
                (
                    format!("CASE WHEN {} THEN {} END", condition.0, a.0),
                    format!("CASE WHEN {} THEN {} END", condition.1, a.1),
                )
            }
        }
    }

    fn condition(&mut self, depth: u64) -> Both {
        if depth == 0 {
            let op = self.pick(&["=", "!=", "<", "<=", ">", ">=", "<>", "<=>"]);
            return match self.below(4) {
                0 => join2(self.number(0), self.number(0), |a, b| format!("{a} {op} {b}")),
                1 => join2(self.text(0), self.number(0), |a, b| format!("{a} {op} {b}")),
                2 => join2(self.text(0), self.quoted(""), |a, b| format!("{a} {op} {b}")),
                _ => join2(self.text(0), self.text(0), |a, b| format!("{a} {op} {b}")),
            };
        }
        let d = depth - 1;
        match self.below(14) {
            0..=2 => {
                let op = self.pick(&["AND", "OR", "XOR", "and", "||", "&&"]);
                join2(self.condition(d), self.condition(d), |a, b| {
                    format!("({a}) {op} ({b})")
                })
            }
            3 => join2(self.condition(0), self.condition(0), |a, b| {
                format!("{a} AND {b} OR {b} XOR {a}")
            }),
            4 => {
                let (a, b) = self.condition(d);
                (format!("NOT ({a})"), format!("NOT ({b})"))
            }
            5 => {
                let not = self.pick(&["", "NOT "]);
                let (x, low, high) = (self.number(d), self.number(0), self.number(0));
                (
                    format!("{} {not}BETWEEN {} AND {}", x.0, low.0, high.0),
                    format!("{} {not}BETWEEN {} AND {}", x.1, low.1, high.1),
                )
            }
            6 => {
                let (x, low, high) = (self.text(d), self.text(0), self.text(0));
                (
                    format!("{} BETWEEN {} AND {}", x.0, low.0, high.0),
                    format!("{} BETWEEN {} AND {}", x.1, low.1, high.1),
                )
            }
            7 => {
                let not = self.pick(&["", "NOT "]);
                let (x, a, b) = (self.text(d), self.text(0), self.text(0));
                (
                    format!("{} {not}IN ({}, {})", x.0, a.0, b.0),
                    format!("{} {not}IN ({}, {})", x.1, a.1, b.1),
                )
            }
            8 => {
                let not = self.pick(&["", "NOT "]);
                let (x, a, b) = (self.number(d), self.number(0), self.number(0));
                (
                    format!("{} {not}IN ({}, {})", x.0, a.0, b.0),
                    format!("{} {not}IN ({}, {})", x.1, a.1, b.1),
                )
            }
            9 => {
                let not = self.pick(&["", "NOT "]);
                let pattern = self.pick(&["a%", "%b%", "a_c", "%", "_", "", "客%", "a\\\\%b", "%c"]);
                let x = self.text(d);
                (
                    format!("{} {not}LIKE '{pattern}'", x.0),
                    format!("{} {not}LIKE '{pattern}'", x.1),
                )
            }
            10 => {
                let not = self.pick(&["", "NOT "]);
                let pattern = self.pick(&["^a", "b$", "[0-9]+", "客|a", "x.*c", "^$", "a{2}"]);
                let x = self.text(d);
                (
                    format!("{} {not}REGEXP '{pattern}'", x.0),
                    format!("{} {not}REGEXP '{pattern}'", x.1),
                )
            }
            11 => {
                let test = self.pick(&[
                    "IS NULL",
                    "IS NOT NULL",
                    "IS TRUE",
                    "IS NOT FALSE",
                    "IS FALSE",
                    "IS UNKNOWN",
                ]);
                let x = self.number(d);
                (format!("({}) {test}", x.0), format!("({}) {test}", x.1))
            }
            12 => {
                let op = self.pick(&["=", "<", ">"]);
                join2(self.number(d), self.number(d), |a, b| format!("{a} {op} {b}"))
            }
            _ => {
                let op = self.pick(&["=", "<", ">", "!="]);
                join2(self.text(d), self.text(d), |a, b| format!("{a} {op} {b}"))
            }
        }
    }

    /// A date that is one, for functions whose answer to bad dates is only a warning on one side.
    fn full_date(&mut self) -> Both {
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

    fn date(&mut self, depth: u64) -> Both {
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

    fn date_text(&mut self, depth: u64) -> Both {
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

fn same(text: String) -> Both {
    (text.clone(), text)
}

fn join2(a: Both, b: Both, join: impl Fn(&str, &str) -> String) -> Both {
    (join(&a.0, &b.0), join(&a.1, &b.1))
}

fn call(name: &str, args: Vec<Both>) -> Both {
    let (ours, server): (Vec<_>, Vec<_>) = args.into_iter().unzip();
    (
        format!("{name}({})", ours.join(", ")),
        format!("{name}({})", server.join(", ")),
    )
}
