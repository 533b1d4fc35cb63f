//! Filters of `data/list`. A condition that the server does not understand is ignored without a word, and the answer
//! then holds rows that the caller did not ask for (docs/jiandaoyun-api.md §2.3).

use serde_json::Value;

use super::form::{Form, Row};
use super::oid::Oid;
use super::values::{Cell, value_time};
use crate::simulator::settings::JdySettings;

/// What a condition compares.
enum Subject {
    Widget(usize),
    Id,
    Created,
    Updated,
}

enum Test {
    /// Text in (or, negated, not in) a set; `plain` when the cell itself is that text.
    Texts {
        set: Vec<String>,
        negated: bool,
        plain: bool,
    },
    Empty {
        negated: bool,
    },
    Number {
        test: fn(f64, f64) -> bool,
        value: f64,
    },
    /// Numbers, or milliseconds of a time.
    Range {
        from: Option<f64>,
        to: Option<f64>,
    },
    /// A list cell that holds any (or all) of these.
    Items {
        set: Vec<Value>,
        all: bool,
    },
    Like(String),
}

struct Condition {
    subject: Subject,
    test: Test,
}

/// The conditions that count.
pub(super) struct Filter {
    conditions: Vec<Condition>,
    any: bool,
}

impl Filter {
    pub(super) fn read(filter: Option<&Value>, form: &Form, settings: &JdySettings) -> Result<Filter, i64> {
        let mut read = Filter {
            conditions: Vec::new(),
            any: false,
        };
        let filter = match filter {
            None | Some(Value::Null) => return Ok(read),
            Some(filter) => filter,
        };
        read.any = match filter.get("rel").and_then(Value::as_str) {
            Some("and") => false,
            Some("or") => true,
            _ => return Err(settings.invalid_parameter),
        };
        for condition in filter
            .get("cond")
            .and_then(Value::as_array)
            .ok_or(settings.invalid_parameter)?
        {
            let values = condition.get("value").and_then(Value::as_array);
            if values.is_some_and(|values| values.len() > settings.filter_values) {
                return Err(4815);
            }
            if !settings.ignore_filters {
                read.conditions.extend(understand(condition, form, settings));
            }
        }
        Ok(read)
    }

    /// The condition that an index can answer, if there is one that every row must meet.
    pub(super) fn texts(&self) -> Option<(usize, &[String])> {
        if self.any && self.conditions.len() > 1 {
            return None;
        }
        self.conditions.iter().find_map(|condition| match condition {
            Condition {
                subject: Subject::Widget(position),
                test:
                    Test::Texts {
                        set,
                        negated: false,
                        plain: true,
                    },
            } => Some((*position, set.as_slice())),
            _ => None,
        })
    }

    pub(super) fn admits(&self, id: Oid, row: &Row) -> bool {
        if self.conditions.is_empty() {
            return true;
        }
        let mut results = self.conditions.iter().map(|condition| condition.holds(id, row));
        if self.any {
            results.any(|met| met)
        } else {
            results.all(|met| met)
        }
    }
}

/// `None`: ignored.
fn understand(condition: &Value, form: &Form, settings: &JdySettings) -> Option<Condition> {
    let field = condition.get("field")?.as_str()?;
    let method = condition.get("method")?.as_str()?;
    let values = condition
        .get("value")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let (subject, kind) = match field {
        "_id" | "createTime" | "updateTime" => {
            // which spelling works is unknown; ours is one with a type, behind a switch
            condition.get("type").filter(|_| settings.system_filters)?;
            match field {
                "_id" => (Subject::Id, "data_id"),
                "createTime" => (Subject::Created, "datetime"),
                _ => (Subject::Updated, "datetime"),
            }
        }
        _ => {
            let position = form.position(field)?;
            (
                Subject::Widget(position),
                form.spec.widgets[position].kind.as_str(),
            )
        }
    };
    let test = match (kind, method) {
        // No cell holds this.
        (_, "empty") if settings.ignore_empty => Test::Texts {
            set: vec!["\0".to_owned()],
            negated: false,
            plain: false,
        },
        (_, "empty" | "not_empty") if kind != "subform" => Test::Empty {
            negated: method == "not_empty",
        },
        (
            "text" | "combo" | "radiogroup" | "lookup" | "sn" | "data_id" | "user" | "dept",
            "eq" | "ne" | "in" | "nin",
        ) => {
            if values.is_empty() || (kind == "data_id" && matches!(method, "ne" | "nin")) {
                return None;
            }
            let set: Option<Vec<String>> = values.iter().map(|v| v.as_str().map(str::to_owned)).collect();
            let set = set?;
            // an empty text also means an empty cell, and members are objects: the index knows neither
            let plain = !matches!(kind, "user" | "dept") && !set.iter().any(String::is_empty);
            Test::Texts {
                set,
                negated: matches!(method, "ne" | "nin"),
                plain,
            }
        }
        ("number", "eq" | "ne" | "gt" | "lt") => {
            let test = match method {
                "eq" => |a, b| a == b,
                "ne" => |a, b| a != b,
                "gt" => |a, b| a > b,
                _ => |a: f64, b: f64| a < b,
            };
            Test::Number {
                test,
                value: values.first()?.as_f64()?,
            }
        }
        ("number" | "datetime", "range") => {
            let bound = |value: Option<&Value>| match value {
                None | Some(Value::Null) => Some(None),
                Some(value) if kind == "number" => value.as_f64().map(Some),
                Some(value) => value_time(value).map(|ms| Some(ms as f64)),
            };
            Test::Range {
                from: bound(values.first())?,
                to: bound(values.get(1))?,
            }
        }
        ("datetime", "eq") => {
            let at = values.first().and_then(value_time)? as f64;
            Test::Range {
                from: Some(at),
                to: Some(at),
            }
        }
        ("checkboxgroup" | "combocheck" | "usergroup" | "deptgroup", "in" | "all") if !values.is_empty() => {
            Test::Items {
                set: values.to_vec(),
                all: method == "all",
            }
        }
        ("phone" | "sn", "like") => Test::Like(values.first()?.as_str()?.to_owned()),
        _ => return None,
    };
    Some(Condition { subject, test })
}

impl Condition {
    fn holds(&self, id: Oid, row: &Row) -> bool {
        match &self.subject {
            Subject::Widget(position) => self.test.holds(&row.cells[*position]),
            Subject::Id => self.test.holds(&Cell::Text(id.to_string().into())),
            Subject::Created => self.test.in_range(row.created_ms as f64),
            Subject::Updated => self.test.in_range(row.updated_ms as f64),
        }
    }
}

impl Test {
    fn holds(&self, cell: &Cell) -> bool {
        let value = || cell.read();
        match self {
            Test::Texts { set, negated, .. } => {
                let shown = value();
                let text = cell
                    .as_text()
                    .or_else(|| shown.get("username").and_then(Value::as_str))
                    .unwrap_or_default();
                set.iter().any(|one| one == text) != *negated
            }
            Test::Empty { negated } => cell.is_empty() != *negated,
            Test::Number { test, value: wanted } => {
                value().as_f64().is_some_and(|number| test(number, *wanted))
            }
            Test::Range { .. } => match value() {
                Value::Number(number) => number.as_f64().is_some_and(|n| self.in_range(n)),
                text => value_time(&text).is_some_and(|ms| self.in_range(ms as f64)),
            },
            Test::Items { set, all } => {
                let items = value();
                let held = |one: &Value| items.as_array().is_some_and(|items| items.contains(one));
                if *all {
                    set.iter().all(held)
                } else {
                    set.iter().any(held)
                }
            }
            Test::Like(part) => value().to_string().contains(part.as_str()),
        }
    }

    fn in_range(&self, number: f64) -> bool {
        match self {
            Test::Range { from, to } => {
                from.is_none_or(|from| number >= from) && to.is_none_or(|to| number <= to)
            }
            Test::Empty { negated } => *negated,
            _ => true,
        }
    }
}
