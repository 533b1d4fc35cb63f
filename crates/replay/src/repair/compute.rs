//! Values computed from a letter's other values, by an expression of the mapping language.
//!
//! The expression sees the cells of a form record by widget and by caption, or the members of any other body. What it
//! names has to be there: an expression of a mapping takes a missing field for nothing, and here that would empty cells.

use super::{
    assignment::{Assignment, Error, split},
    change::{CELL, Change},
};
use crate::letter::exact;
use jiff::Timestamp;
use mapping::{
    Context, Evaluated, Evaluation, Expression, PathValue, Record, Segment, Zone, iso_utc, unix_millis,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Kinds of cells that hold a list under `items`.
const LISTS: [&str; 3] = ["texts", "members", "departments"];

/// How a value is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compute {
    /// As the mapping language writes it.
    pub(super) expression: String,
    /// What the expression takes for now, unix milliseconds, so that each letter gets what the preview has shown.
    now: i64,
    /// The kind of value that the cell takes, as far as the form says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
}

impl Assignment {
    /// Reads `field=expression`.
    ///
    /// # Errors
    /// How to write it, or what is wrong with the expression.
    pub fn compute(text: &str) -> Result<Self, String> {
        const USAGE: &str = words::mark!("field=expression, for instance 全名={{名}} {{姓}}");
        let (field, expression) = split(text, words::said(USAGE))?;
        compiled(expression)?;
        Ok(Self {
            field,
            change: Change::Compute(Compute {
                expression: expression.to_owned(),
                now: Timestamp::now().as_millisecond(),
                kind: None,
            }),
        })
    }
}

fn compiled(text: &str) -> Result<Expression, String> {
    let faults = |faults: Vec<(usize, String)>| {
        let told = |(at, problem): &(usize, String)| words::tr!("character {}: {problem}", at + 1);
        faults.iter().map(told).collect::<Vec<_>>().join("; ")
    };
    let expression = Expression::compile(text).map_err(faults)?;
    if expression.lookups().is_empty() {
        return Ok(expression);
    }
    Err(words::text!("look-ups belong to a mapping; a letter has no tables").to_owned())
}

impl Compute {
    /// The value as text, and the kind that it has to be, for a body as it is.
    ///
    /// # Errors
    /// When the expression names what is not there, has no value, or one of another kind than the form wants.
    pub(super) fn value(&self, field: &str, body: &Value) -> Result<(Option<String>, String), Error> {
        let failed = |problem: String| Error::Expression {
            field: field.to_owned(),
            problem,
        };
        let expression = compiled(&self.expression).map_err(failed)?;
        let mut body = body.clone();
        exact::simplify(&mut body);
        let (record, ambiguous) = record(&body);
        for path in expression.paths() {
            if ambiguous.contains(path.as_str()) {
                let problem = words::tr!("several cells are called `{path}`; name the widget");
                return Err(failed(problem));
            }
            let is_wild = path.segments().contains(&Segment::Every);
            if !is_wild && path.find(&record, None) == PathValue::Missing {
                return Err(failed(words::tr!("no cell or field `{path}` in this body")));
            }
        }
        let now = Timestamp::from_millisecond(self.now).unwrap_or_default();
        let context = Context::at(now);
        let evaluation = Evaluation::new(&record, &context);
        let value = expression
            .evaluate(&evaluation)
            .map_err(|error| failed(error.message))?;
        let text = self.fitting(value).map_err(failed)?;
        Ok((self.kind.clone(), text))
    }

    /// The value in the words in which a cell of the kind is set.
    fn fitting(&self, value: Evaluated<'_>) -> Result<String, String> {
        let kind = self.kind.as_deref().unwrap_or_default();
        match value {
            Evaluated::Json(items) if LISTS.contains(&kind) && items.is_array() => {
                Ok(json!({"items": items}).to_string())
            }
            value => {
                let text = value.into_text().into_owned();
                if kind != "datetime" || text.is_empty() {
                    return Ok(text);
                }
                let ms = unix_millis(&text, &Zone::default());
                ms.map(|ms| ms.to_string())
                    .ok_or_else(|| words::text!("the value is not a date").to_owned())
            }
        }
    }
}

/// What an expression sees of a body, and the captions that several cells have.
fn record(body: &Value) -> (Record, HashSet<String>) {
    let Some(cells) = body.get("fields").and_then(Value::as_array) else {
        let members = body.as_object().cloned().unwrap_or_default();
        return (Record::new(members), HashSet::new());
    };
    let (mut named, mut ambiguous) = (Map::new(), HashSet::new());
    let name = |cell: &Value, of: &str| cell[of].as_str().unwrap_or_default().to_owned();
    for cell in cells {
        let caption = name(cell, CELL[1]);
        if named.insert(caption.clone(), value_of(cell)).is_some() {
            ambiguous.insert(caption);
        }
    }
    // A widget is what it is called, whatever another one's caption says.
    for cell in cells {
        let widget = name(cell, CELL[0]);
        ambiguous.remove(&widget);
        named.insert(widget, value_of(cell));
    }
    (Record::new(named), ambiguous)
}

/// The value of a cell as a mapping would have read it; an empty one is an empty text.
fn value_of(cell: &Value) -> Value {
    let mut members = cell.as_object().into_iter().flatten();
    let held = members.find(|(name, _)| !CELL.contains(&name.as_str()));
    match held {
        Some((kind, value)) if kind == "datetime" => value
            .as_i64()
            .map_or_else(|| value.clone(), |ms| iso_utc(ms).into()),
        Some((kind, value)) if LISTS.contains(&kind.as_str()) => value["items"].clone(),
        Some((_, value)) => value.clone(),
        None => Value::String(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::form::{FormReading, FormWidget};

    fn body() -> Value {
        json!({"fields": [
            {"field": "w1", "label": "名", "text": "雷"},
            {"field": "w2", "label": "姓", "text": "李"},
            {"field": "w3", "label": "全名"},
            {"field": "w4", "label": "数量", "number": "12345678901234567890.10"},
            {"field": "w5", "label": "日期", "datetime": 1_767_323_045_000_i64},
            {"field": "w6", "label": "标签", "texts": {"items": ["a", "b"]}},
            {"field": "w7", "label": "同名", "text": "x"},
            {"field": "w8", "label": "同名", "text": "y"},
        ]})
    }

    fn form() -> FormReading {
        let widget = |(name, label, kind): (&str, &str, &str)| FormWidget {
            name: name.to_owned(),
            label: label.to_owned(),
            kind: kind.to_owned(),
            read_only: false,
            items: Vec::new(),
        };
        let widgets = [
            ("w1", "名", "text"),
            ("w3", "全名", "text"),
            ("w4", "数量", "number"),
            ("w5", "日期", "datetime"),
            ("w6", "标签", "checkboxgroup"),
        ];
        FormReading {
            app_id: String::new(),
            entry_id: String::new(),
            read_at_ms: 0,
            row_page: None,
            widgets: widgets.into_iter().map(widget).collect(),
        }
    }

    fn computed(text: &str, index: usize) -> Result<Value, String> {
        let mut body = body();
        let assignment = Assignment::compute(text)?.typed(&form());
        assignment.apply(&mut body).map_err(|error| error.to_string())?;
        Ok(body["fields"][index].clone())
    }

    #[test]
    fn a_cell_is_computed_from_others_by_caption_or_widget() {
        let cell = |text, index| computed(text, index).unwrap();
        assert_eq!(cell("全名={{姓}}{{w1}}", 2)["text"], "李雷");
        assert_eq!(
            cell("w1=_function UPPER(CONCAT('{{姓}}', '-a'))", 0)["text"],
            "李-A"
        );
        assert_eq!(
            cell("数量={{w4}}", 3)["number"],
            "12345678901234567890.10",
            "no digit is lost"
        );
        assert_eq!(cell("日期={{日期}}", 4)["datetime"], 1_767_323_045_000_i64);
        assert_eq!(
            cell("日期=2026-01-02 03:04:05", 4)["datetime"],
            1_767_294_245_000_i64,
            "+08:00"
        );
        assert_eq!(cell("标签={{标签}}", 5)["texts"], json!({"items": ["a", "b"]}));
        assert_eq!(
            cell("名=", 0),
            json!({"field": "w1", "label": "名"}),
            "nothing empties a cell"
        );
    }

    #[test]
    fn what_does_not_fit_says_why() {
        for (text, word) in [
            ("数量={{姓}}", "number"),
            ("日期={{姓}}", "not a date"),
            ("全名={{电话}}", "`电话`"),
            ("全名={{同名}}", "name the widget"),
            ("w9={{姓}}", "w9"),
            ("全名=_function NO_SUCH({{姓}})", "NO_SUCH"),
            ("全名", "field=expression"),
        ] {
            let refused = computed(text, 2).unwrap_err();
            assert!(refused.contains(word), "{text}: {refused}");
        }
        assert_eq!(computed("全名={{w7}}{{w8}}", 2).unwrap()["text"], "xy");
    }

    #[test]
    fn a_plan_keeps_the_expression_and_what_it_takes_for_now() {
        let one = Assignment::compute("w1={{CURRENT_TIME}}").unwrap();
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Assignment>(&json).unwrap(), one, "{json}");
    }
}
