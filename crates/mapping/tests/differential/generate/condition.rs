//! Conditions.

use super::{Both, Generator, join2};

impl Generator {
    pub(super) fn condition(&mut self, depth: u64) -> Both {
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
}
