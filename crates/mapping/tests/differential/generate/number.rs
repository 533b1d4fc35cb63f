//! Numbers.

use serde_json::{Value, json};

use super::{Both, Generator, call, join2, same};

impl Generator {
    pub(super) fn plain_number(&mut self) -> String {
        match self.below(6) {
            0 => self.below(3).to_string(),
            1 => self.below(1000).to_string(),
            2 => format!("{}.{}", self.below(100), self.below(100)),
            3 => format!("{}.{:03}", self.below(10), self.below(1000)),
            4 => format!("0.{}", self.below(10)),
            _ => self.below(1_000_000).to_string(),
        }
    }

    pub(super) fn number(&mut self, depth: u64) -> Both {
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
                // A remainder may be a zero with a sign, which only the server has; adding takes it off.
                let unsigned = if op == "%" { " + 0" } else { "" };
                join2(self.number(d), self.number(d), |a, b| {
                    format!("(({a} {op} {b}){unsigned})")
                })
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
            9 => {
                let (a, b) = call("MOD", vec![self.number(d), self.number(d)]);
                (format!("({a} + 0)"), format!("({b} + 0)"))
            }
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
}
