//! Ways of comparing that an expression asks for, orders inside of GROUP_CONCAT, intervals of several units.

use serde_json::{Value, json};

use super::{Both, Generator, call, join2, same};

const ITEMS: &[&str] = &[
    "a", "A", "B", "b ", "é", "E", "客", "户", "张", "李", "10", "9", "O'Neil",
];
const CHARACTERS: &[&str] = &[
    "张", "李", "王", "赵", "客", "户", "阿", "做", "a", "B", "1", "；", "（", "中国", "中文",
];
const UNITS: &[&str] = &[
    "YEAR_MONTH",
    "DAY_HOUR",
    "DAY_MINUTE",
    "DAY_SECOND",
    "HOUR_MINUTE",
    "HOUR_SECOND",
    "MINUTE_SECOND",
];
const AMOUNTS: &[&str] = &[
    "1:30", "-1 2:3", "5", "", "1-2", "1.5", "+3 4", "1 2 3 4", "x7:8", "100:100", "-2",
];

/// No two of these are equal where case does not count.
const DIFFERENT: &[&str] = &["a", "B", "e", "客", "户", "张", "李", "10", "9", "O'Neil"];
const ORDERS: &[&str] = &[
    "",
    " ORDER BY {x}, {y}",
    " ORDER BY {x} DESC, {y} DESC",
    " ORDER BY {x} COLLATE utf8mb4_bin, {y} DESC",
    " ORDER BY {y} DESC",
    " ORDER BY LENGTH({x}) DESC, {y}",
    " ORDER BY CONVERT({x} USING gbk), {y}",
];
const DISTINCT_ORDERS: &[&str] = &[
    " ORDER BY {x}",
    " ORDER BY {x} DESC",
    " ORDER BY {x} COLLATE utf8mb4_bin",
    " ORDER BY LENGTH({x}) DESC, {x}",
    " ORDER BY CONVERT({x} USING gbk) DESC",
];

impl Generator {
    pub(super) fn collated(&mut self) -> Both {
        match self.below(6) {
            0 => {
                let operator = self.pick(&["=", "<>", "<", ">=", "<=>"]);
                let (a, b) = (self.text(0), self.exact());
                join2(a, b, |a, b| format!("{a} {operator} {b}"))
            }
            1 => {
                let (value, other, item) = (self.exact(), self.text(0), self.text(0));
                let list = join2(other, item, |a, b| format!("({a}, {b})"));
                join2(value, list, |value, list| format!("{value} IN {list}"))
            }
            2 => {
                let name = self.pick(&["STRCMP", "FIND_IN_SET", "LOCATE", "NULLIF", "GREATEST", "FIELD"]);
                let text = self.text(0);
                let text = join2(text, same(String::new()), |text, _| {
                    format!("{text} COLLATE utf8mb4_bin")
                });
                call(name, vec![text, self.text(0)])
            }
            3 => {
                let (unit, amount) = (self.pick(UNITS), self.pick(AMOUNTS));
                let name = self.pick(&["DATE_ADD", "DATE_SUB"]);
                let date = self.date(0);
                join2(date, same(String::new()), |date, _| {
                    format!("{name}({date}, INTERVAL '{amount}' {unit})")
                })
            }
            4 => {
                let (a, b) = (self.pick(CHARACTERS), self.pick(CHARACTERS));
                let operator = self.pick(&["=", "<", ">"]);
                same(format!(
                    "CONVERT('{a}' USING gbk) {operator} CONVERT('{b}' USING gbk)"
                ))
            }
            _ => self.joined(),
        }
    }

    fn exact(&mut self) -> Both {
        let text = self.text(0);
        let form = self.below(3);
        join2(text, same(String::new()), |text, _| match form {
            0 => format!("BINARY {text}"),
            1 => format!("{text} COLLATE utf8mb4_bin"),
            _ => format!("{text} COLLATE utf8mb4_nopad_bin"),
        })
    }

    /// A list of the record on our side, rows of a query on the server's. The order is always whole, because the server
    /// gives what is equal in any order, and takes NULL for 0 there.
    fn joined(&mut self) -> Both {
        let is_distinct = self.below(2) == 0;
        let items = if is_distinct { DIFFERENT } else { ITEMS };
        let count = 1 + self.below(6);
        let mut rows: Vec<(&str, u64)> = (1..=count).map(|y| (self.pick(items), y)).collect();
        for n in (1..rows.len()).rev() {
            let other = usize::try_from(self.below(n as u64 + 1)).unwrap_or(0);
            let y = rows[n].1;
            rows[n].1 = rows[other].1;
            rows[other].1 = y;
        }
        let list: Vec<Value> = rows.iter().map(|(x, y)| json!({"x": x, "y": y})).collect();
        let key = self.bind(Value::Array(list));
        let selects = rows
            .iter()
            .map(|(x, y)| format!("SELECT '{}' x, {y} y", x.replace('\'', "''")));
        let rows = selects.collect::<Vec<_>>().join(" UNION ALL ");
        let (distinct, orders) = match is_distinct {
            true => ("DISTINCT ", DISTINCT_ORDERS),
            false => ("", ORDERS),
        };
        let order = self.pick(orders);
        let separator = self.pick(&["", " SEPARATOR '、'"]);
        let of = |x: &str, y: &str| {
            let order = order.replace("{x}", x).replace("{y}", y);
            format!("GROUP_CONCAT({distinct}{x}{order}{separator})")
        };
        let ours = of(&format!("'{{{{{key}.*.x}}}}'"), &format!("{{{{{key}.*.y}}}}"));
        (ours, format!("(SELECT {} FROM ({rows}) t)", of("x", "y")))
    }
}
