//! Which arms of CASE and IF the tests of a mapping go through. An arm counts when a test that says what its field must give goes
//! through it; what other tests pass by the way proves nothing.

use std::fmt;
use std::str::FromStr;

use mapping::{Arm, Arms};
use serde_json::{Value, json};

use crate::map::Mapping;

/// What of the arms is gone through.
#[derive(Debug)]
pub(super) struct Coverage {
    document: String,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    field: String,
    label: String,
    arms: Vec<(Arm, bool)>,
}

/// A share, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Percent(f64);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim_end_matches('%').trim().parse();
        let number = number.ok().filter(|number| (0.0..=100.0).contains(number));
        number
            .map(Percent)
            .ok_or_else(|| words::text!("write a number from 0 to 100").to_owned())
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Coverage {
    /// Nothing is gone through yet; `document` is what places are said of.
    pub(super) fn new(mapping: &Mapping, document: String) -> Self {
        let infos = mapping.fields().iter();
        let fields = infos.zip(mapping.arms()).map(|(info, arms)| Field {
            field: info.field.clone(),
            label: info.label.clone(),
            arms: arms.into_iter().map(|arm| (arm, false)).collect(),
        });
        Self {
            document,
            fields: fields.collect(),
        }
    }

    /// Adds the arms that a test takes in the fields that it is about, by name or caption.
    pub(super) fn add(&mut self, taken: &Arms, is_about: impl Fn(&str, &str) -> bool) {
        for field in self
            .fields
            .iter_mut()
            .filter(|field| is_about(&field.field, &field.label))
        {
            for (arm, reached) in &mut field.arms {
                *reached |= taken.has(arm);
            }
        }
    }

    /// All, and those that are gone through.
    fn counts(&self) -> (usize, usize) {
        let all = || self.fields.iter().flat_map(|field| &field.arms);
        (all().count(), all().filter(|arm| arm.1).count())
    }

    /// Rounded down, so that only all of them are 100.
    pub(super) fn percent(&self) -> usize {
        let (all, reached) = self.counts();
        (reached * 100).checked_div(all).unwrap_or(100)
    }

    pub(super) fn reaches(&self, least: Percent) -> bool {
        let (all, reached) = self.counts();
        all == 0 || reached as f64 * 100.0 >= least.0 * all as f64
    }

    fn missed(&self) -> impl Iterator<Item = (&Field, &Arm)> {
        let fields = self.fields.iter();
        fields.flat_map(|field| {
            let missed = field.arms.iter().filter(|arm| !arm.1);
            missed.map(move |arm| (field, &arm.0))
        })
    }

    /// A line about all, and with `list` one for each that no test goes through.
    pub(super) fn text(&self, list: bool) -> String {
        let (all, reached) = self.counts();
        if all == 0 {
            return String::new();
        }
        let mut text = words::tr!(
            "{reached} of {all} arms of CASE and IF gone through ({} %)",
            self.percent()
        );
        if list {
            for (field, arm) in self.missed() {
                let place = arm
                    .place
                    .map_or(String::new(), |place| format!(":{}:{}", place.line, place.column));
                text.push('\n');
                text.push_str(&words::tr!(
                    "{}{place}: field \"{}\": no test goes through {}",
                    self.document,
                    field.label,
                    arm.text
                ));
            }
        } else if reached < all {
            text.push_str(words::text!("; --coverage lists the others"));
        }
        text.push('\n');
        text
    }

    pub(super) fn json(&self) -> Value {
        let (all, reached) = self.counts();
        let fields = self.fields.iter().filter(|field| !field.arms.is_empty()).map(|field| {
            let reached = field.arms.iter().filter(|arm| arm.1).count();
            json!({"field": field.field, "label": field.label, "arms": field.arms.len(), "reached": reached})
        });
        let missed = self.missed().map(|(field, arm)| {
            let place = arm.place;
            json!({
                "field": field.field,
                "label": field.label,
                "line": place.map(|place| place.line),
                "column": place.map(|place| place.column),
                "arm": arm.text,
            })
        });
        json!({
            "arms": all,
            "reached": reached,
            "percent": self.percent(),
            "fields": fields.collect::<Vec<_>>(),
            "not_reached": missed.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::Timestamp;
    use mapping::clean::clean;

    use super::*;

    const DOCUMENT: &str = r#"{
  "api": "/data_create", "effect": "EXECUTE", "request": [
    {"field": "a", "label": "级别", "value": "_function CASE '{{k}}' WHEN '1' THEN 'x' ELSE 'y' END"},
    {"field": "b", "label": "行", "type": "array", "value": "rows", "children": [
      {"field": "c", "value": "_function CASE WHEN {{rows.n}}>0 THEN '+' WHEN 1=1 THEN '-' END"}
    ]}
  ]
}"#;

    fn covered(tests: &[(Value, &str)]) -> Coverage {
        let mapping = Mapping::load(DOCUMENT, None).unwrap();
        let mut coverage = Coverage::new(&mapping, "m.json".into());
        for (company, about) in tests {
            let arms = Arms::default();
            drop(mapping.try_noting(&clean(company.clone()).unwrap(), Timestamp::UNIX_EPOCH, &arms));
            coverage.add(&arms, |field, label| [field, label].contains(about));
        }
        coverage
    }

    #[test]
    fn an_arm_counts_where_a_test_is_about_its_field() {
        let both = json!({"k": 1, "rows": [{"n": 1}]});
        assert_eq!(covered(&[(both.clone(), "无")]).counts(), (4, 0));
        assert_eq!(covered(&[(both.clone(), "级别")]).counts(), (4, 1));
        let all = [(both, "b"), (json!({"k": 2, "rows": [{"n": 0}]}), "行")];
        assert_eq!(covered(&all).counts(), (4, 2));
    }

    #[test]
    fn arms_that_are_missed_have_line_and_column() {
        let coverage = covered(&[(json!({"k": 1}), "a")]);
        let json = coverage.json();
        assert_eq!(json["percent"], 25);
        let column = DOCUMENT
            .lines()
            .nth(2)
            .unwrap()
            .chars()
            .position(|c| c == 'y')
            .unwrap();
        // The text begins with its quote.
        assert_eq!(
            json["not_reached"][0],
            json!({"field": "a", "label": "级别", "line": 3, "column": column, "arm": "ELSE"})
        );
        assert_eq!(json["not_reached"][2]["line"], 5);
        let text = coverage.text(true);
        assert!(
            text.starts_with("1 of 4 arms of CASE and IF gone through (25 %)\nm.json:3:"),
            "{text}"
        );
        assert!(coverage.text(false).contains("--coverage"));
    }

    #[test]
    fn shares_are_compared_exactly() {
        let coverage = covered(&[(json!({"k": 1}), "a")]);
        assert!(coverage.reaches("25".parse().unwrap()) && !coverage.reaches("25.1%".parse().unwrap()));
        assert!("101".parse::<Percent>().is_err() && "x".parse::<Percent>().is_err());
    }
}
