//! What a key widget has to be: a text widget that the API shows and that nobody but the loader fills.
//!
//! A key widget that something else fills holds no company ids: rows are not found again, and rows of different customers
//! look like copies of one. `widget/list` promises name, caption and type of a widget, no default value and no formula
//! (docs/jiandaoyun-api.md §3.1); where it shows one all the same, under whatever name, the widget is refused.

use std::fmt;

use serde_json::Value;

use super::types::Widget;

/// Parts of the names under which a description may show that the form fills the widget by itself.
const FILLED_BY: [&str; 6] = ["default", "formula", "express", "rely", "linkage", "compute"];

/// Why a widget cannot hold company ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyFault {
    /// The form does not show it.
    Hidden,
    /// It is of another type.
    NotText(String),
    /// The form fills it: the member of its description that says so.
    Filled(String),
    /// The mapping fills it: the caption in the mapping.
    Mapped(String),
    /// It marks removed customers, too.
    Mark,
    /// It is a column of a subform.
    InSubform,
}

impl KeyFault {
    /// What to do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Hidden => {
                words::text!(
                    "add a single-line text widget, show it to the API, and name it as `widget/list` does: by its alias when \
                 it has one"
                )
            }
            Self::NotText(_) | Self::InSubform => {
                words::text!("name a single-line text widget that is there for the company id alone")
            }
            Self::Filled(_) => {
                words::text!("take default value and formula away in the form, or name another text widget")
            }
            Self::Mapped(_) => {
                words::text!(
                    "take the widget out of the mapping, or name another one: the loader writes the company id into it by \
                 itself"
                )
            }
            Self::Mark => words::text!("let ON_REMOVAL mark another widget"),
        }
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => formatter.write_str(words::text!(
                "is not in the form as the API shows it; it may have been removed, hidden, or given an alias"
            )),
            Self::NotText(kind) => write!(
                formatter,
                "{}",
                words::tr!("is of type {kind}, and a key widget has to be of type text")
            ),
            Self::Filled(member) => write!(
                formatter,
                "{}",
                words::tr!("is filled by the form itself ({member})")
            ),
            Self::Mapped(caption) => write!(
                formatter,
                "{}",
                words::tr!("is filled by the mapping, too ({caption})")
            ),
            Self::Mark => formatter.write_str(words::text!("is the one that ON_REMOVAL writes to, too")),
            Self::InSubform => {
                formatter.write_str(words::text!("is in a subform, and a row may have several of it"))
            }
        }
    }
}

/// Whether the widget of that name, as the form shows it, can hold company ids.
pub(crate) fn judge(shown: Option<&Widget>) -> Result<(), KeyFault> {
    let widget = shown.ok_or(KeyFault::Hidden)?;
    if widget.kind != "text" {
        return Err(KeyFault::NotText(widget.kind.clone()));
    }
    match widget.other.iter().find(|(name, value)| fills(name, value)) {
        Some((member, _)) => Err(KeyFault::Filled(member.clone())),
        None => Ok(()),
    }
}

/// What can be known without asking the vendor: whether mapping or mark write to it.
pub(crate) fn judge_settings(
    key_widget: &str,
    mapped: &[(String, String)],
    mark: Option<&str>,
) -> Result<(), KeyFault> {
    if let Some((_, caption)) = mapped.iter().find(|(widget, _)| widget == key_widget) {
        return Err(KeyFault::Mapped(caption.clone()));
    }
    match mark {
        Some(mark) if mark == key_widget => Err(KeyFault::Mark),
        _ => Ok(()),
    }
}

fn fills(name: &str, value: &Value) -> bool {
    let name = name.to_lowercase();
    FILLED_BY.iter().any(|part| name.contains(part)) && says_something(value)
}

/// `"default_value": null` and the like say that there is none.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(says_something),
        Value::Object(members) => members.values().any(says_something),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn described(description: Value) -> Result<(), KeyFault> {
        let widget: Widget = serde_json::from_value(description).unwrap();
        judge(Some(&widget))
    }

    #[test]
    fn only_a_shown_text_that_nobody_fills_can_hold_the_key() {
        let plain = json!({"name": "_k", "widgetName": "_widget_1", "label": "OKKI ID", "type": "text"});
        assert_eq!(described(plain.clone()), Ok(()));
        assert_eq!(judge(None), Err(KeyFault::Hidden));
        for kind in ["number", "textarea", "combo", "sn", ""] {
            let other = json!({"name": "_k", "type": kind});
            assert_eq!(described(other), Err(KeyFault::NotText(kind.into())));
        }
        for (member, value, filled) in [
            ("default", json!("ACME"), true),
            ("defaultValue", json!(0), true),
            ("default_value", json!({"type": "custom", "value": "x"}), true),
            ("valueFormula", json!("CONCATENATE($a)"), true),
            ("rely", json!({"field": "_widget_2"}), true),
            ("default", Value::Null, false),
            ("defaultValue", json!(""), false),
            ("formula", json!({}), false),
            ("hasDefault", json!(false), false),
            ("sort", json!(3), false),
        ] {
            let mut widget = plain.clone();
            widget[member] = value;
            let expected = if filled {
                Err(KeyFault::Filled(member.into()))
            } else {
                Ok(())
            };
            assert_eq!(described(widget), expected, "{member}");
        }
    }

    #[test]
    fn a_key_widget_that_mapping_or_mark_write_to_is_known_offline() {
        let mapped = [
            ("_widget_1".to_owned(), "名称".to_owned()),
            ("_widget_2".to_owned(), "星级".to_owned()),
        ];
        assert_eq!(judge_settings("_k", &mapped, Some("_gone")), Ok(()));
        assert_eq!(
            judge_settings("_widget_2", &mapped, None),
            Err(KeyFault::Mapped("星级".into()))
        );
        assert_eq!(judge_settings("_k", &mapped, Some("_k")), Err(KeyFault::Mark));
    }
}
