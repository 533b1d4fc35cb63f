//! Texts, and CASE in its forms.

use super::{Both, Generator, call, same};

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

impl Generator {
    pub(super) fn text(&mut self, depth: u64) -> Both {
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

    pub(super) fn simple_case(&mut self, d: u64) -> Both {
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

    pub(super) fn any_case(&mut self, depth: u64) -> Both {
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
}
