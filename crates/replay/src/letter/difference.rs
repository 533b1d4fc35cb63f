//! What differs between two bodies, value by value, with the place of each and the caption of its cell.

use serde_json::Value;

/// One value that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where, as JSON pointers name it.
    pub(crate) pointer: String,
    /// The caption of the cell, where it is in one.
    pub caption: Option<String>,
    /// What was there; nothing is null.
    pub before: Value,
    /// What is there now; nothing is null.
    pub after: Value,
}

impl Difference {
    /// The place as people write it: `fields[0].text`.
    #[must_use]
    pub fn place(&self) -> String {
        let mut place = String::new();
        for step in self.pointer.split('/').skip(1) {
            if step.bytes().all(|byte| byte.is_ascii_digit()) && !step.is_empty() {
                place += &format!("[{step}]");
            } else {
                if !place.is_empty() {
                    place.push('.');
                }
                place += step;
            }
        }
        place
    }

    /// The place with the caption of the cell: `fields[0].text (名称)`.
    #[must_use]
    pub fn named(&self) -> String {
        match &self.caption {
            Some(caption) => format!("{} ({caption})", self.place()),
            None => self.place(),
        }
    }
}

/// Every value that differs.
#[must_use]
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", None, before, after, &mut found);
    found
}

fn compare(pointer: &str, caption: Option<&str>, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let label = old
                .get("label")
                .or_else(|| new.get("label"))
                .and_then(Value::as_str);
            let caption = label.filter(|label| !label.is_empty()).or(caption);
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                let place = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                let none = Value::Null;
                let (old, new) = (old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
                compare(&place, caption, old, new, found);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for index in 0..old.len().max(new.len()) {
                let none = Value::Null;
                let (old, new) = (old.get(index).unwrap_or(&none), new.get(index).unwrap_or(&none));
                compare(&format!("{pointer}/{index}"), caption, old, new, found);
            }
        }
        _ if before != after => found.push(Difference {
            pointer: pointer.to_owned(),
            caption: caption.map(str::to_owned),
            before: before.clone(),
            after: after.clone(),
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_says_where_it_is() {
        let before = json!({"fields": [{"label": "名称", "text": "a"}], "n": 1, "gone": true});
        let after = json!({"fields": [{"label": "名称", "text": 5}], "n": 1, "new": [2]});
        let named: Vec<_> = differences(&before, &after)
            .iter()
            .map(Difference::named)
            .collect();
        assert_eq!(named, ["fields[0].text (名称)", "gone", "new"]);
    }
}
