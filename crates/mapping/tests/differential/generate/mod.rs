//! Expressions and values at random, from a seed.

mod collated;
mod condition;
mod date;
mod more;
mod number;
mod text;

use serde_json::{Map, Value, json};

/// One expression for both sides.
#[derive(Debug, Clone)]
pub(crate) struct Case {
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
pub(crate) struct Generator {
    state: u64,
    record: Map<String, Value>,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Generator {
        Generator {
            state: seed,
            record: Map::new(),
        }
    }

    pub(crate) fn case(&mut self) -> Case {
        self.record = Map::new();
        let depth = 1 + self.below(3);
        let (expression, sql) = match self.below(13) {
            12 => self.collated(),
            10..=11 => self.more(depth),
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
