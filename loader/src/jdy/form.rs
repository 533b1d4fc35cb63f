//! The form as it is now, and whether a record fits it; the server does not check and would store blanks.

use std::collections::BTreeMap;

use pipeline::failure::Failure;
use pipeline::form::FormWidget;
use proto::v1::field_value::Value as Cell;
use proto::v1::{FieldValue, FormRecord};

use super::encode::{Clearing, Shape};
use super::key_widget::{self, KeyFault};
use super::kinds::{Kind, Kinds};
use super::types::Widget;

/// Widgets that no API write reaches (docs/jiandaoyun-api.md §4).
const READ_ONLY: [&str; 10] = [
    "linkdata",
    "signature",
    "sn",
    "divider",
    "separator",
    "query",
    "linkquery",
    "button",
    "ocr",
    "serialnumber",
];

impl Widget {
    /// The widget in words that other programs understand.
    pub(crate) fn neutral(&self) -> FormWidget {
        FormWidget {
            name: self.name.clone(),
            label: self.label.clone(),
            kind: self.kind.clone(),
            read_only: READ_ONLY.contains(&self.kind.as_str()),
            items: self.items.iter().map(Self::neutral).collect(),
        }
    }
}

/// The widgets of the form by name, and the one that holds the company id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    widgets: BTreeMap<String, Widget>,
    kinds: Kinds,
    key_widget: Option<String>,
}

/// The form does not fit what shall be written to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    /// No such widget, or renamed.
    #[error("{}", words::tr!("the form has no widget {widget} ({label}); was it removed, or given an alias?"))]
    Missing {
        /// Name used by the mapping.
        widget: String,
        /// Caption in the mapping.
        label: String,
    },
    /// The widget takes another kind of value.
    #[error("{}", words::tr!("widget {widget} ({label}) is of type {actual}, which does not take {written}; change the mapping or the form"))]
    Kind {
        /// Name used by the mapping.
        widget: String,
        /// Caption in the mapping.
        label: String,
        /// Type in the form.
        actual: String,
        /// What we would write.
        written: &'static str,
    },
    /// Nothing can be written to it.
    #[error("{}", words::tr!("widget {widget} ({label}) of type {actual} cannot be written by the API; take it out of the mapping"))]
    ReadOnly {
        /// Name used by the mapping.
        widget: String,
        /// Caption in the mapping.
        label: String,
        /// Type in the form.
        actual: String,
    },
    /// The key widget cannot hold the company ids.
    #[error("{}", words::tr!("JDY_KEY_WIDGET: the widget {widget} {fault}; {}", fault.remedy()))]
    Key {
        /// Name in the settings.
        widget: String,
        /// What is wrong with it.
        fault: KeyFault,
    },
}

impl Misfit {
    /// Whether it is about the key widget, so that no row at all can be written.
    pub(crate) fn is_about_key(&self) -> bool {
        matches!(self, Self::Key { .. })
    }

    /// The widget that does not fit.
    pub(crate) fn widget(&self) -> &str {
        match self {
            Self::Missing { widget, .. }
            | Self::Kind { widget, .. }
            | Self::ReadOnly { widget, .. }
            | Self::Key { widget, .. } => widget,
        }
    }

    /// What people call that widget.
    fn label(&self) -> &str {
        match self {
            Self::Missing { label, .. } | Self::Kind { label, .. } | Self::ReadOnly { label, .. } => label,
            Self::Key { widget, .. } => widget,
        }
    }

    /// Whether any record that names the widget has it, whatever it holds.
    pub(crate) fn is_of_the_widget(&self) -> bool {
        !matches!(self, Self::Kind { .. })
    }

    /// The end of a record that alone does not fit.
    pub(crate) fn failure(&self) -> Failure {
        let mut failure = Failure::new(
            "mapped-for-another-form",
            words::tr!(
                "{self}; other records fit, so this one was mapped for the form as it was before: map it anew with \
                 `loader dead patch GROUP --remap`"
            ),
        );
        failure.field = Some(self.label().to_owned());
        failure
    }
}

impl Form {
    /// The form as `widget/list` shows it; refuses a key widget that cannot hold the key.
    pub(crate) fn new(widgets: Vec<Widget>, key_widget: Option<String>) -> Result<Self, Misfit> {
        let kinds = Kinds::new(&widgets);
        let widgets = widgets
            .into_iter()
            .map(|widget| (widget.name.clone(), widget))
            .collect();
        let form = Self {
            widgets,
            kinds,
            key_widget,
        };
        if let Some(key) = &form.key_widget {
            key_widget::judge(form.widgets.get(key)).map_err(|fault| Misfit::Key {
                widget: key.clone(),
                fault,
            })?;
        }
        Ok(form)
    }

    /// Whether every cell of the record can be written as it is.
    pub(crate) fn check(&self, record: &FormRecord) -> Result<(), Misfit> {
        record.fields.iter().try_for_each(|field| self.check_field(field))
    }

    /// Whether the widget exists and takes text, for the widget that marks removals.
    pub(crate) fn check_text(&self, widget: &str, label: &str) -> Result<(), Misfit> {
        self.fits(widget, label, Some("text"), takes_text)
    }

    /// Whether the widget exists and can be written at all, for mapped fields before any record is there.
    pub(crate) fn check_exists(&self, widget: &str, label: &str) -> Result<(), Misfit> {
        self.fits(widget, label, None, |_| true)
    }

    /// The type of a widget.
    pub(crate) fn kind(&self, widget: &str) -> Option<&str> {
        Some(self.widgets.get(widget)?.kind.as_str())
    }

    /// Whether people call the widget so: by its caption, or by its id where it has an alias.
    pub(crate) fn is_called(&self, widget: &str, name: &str) -> bool {
        let found = self.widgets.get(widget);
        found.is_some_and(|found| {
            found.label == name || found.other.get("widgetName").is_some_and(|id| *id == name)
        })
    }

    /// How many widgets the form has.
    pub(crate) fn len(&self) -> usize {
        self.widgets.len()
    }

    fn check_field(&self, field: &FieldValue) -> Result<(), Misfit> {
        if self.key_widget.as_ref() == Some(&field.field) {
            return Err(Misfit::Key {
                widget: field.field.clone(),
                fault: KeyFault::Mapped(field.label.clone()),
            });
        }
        let Some(cell) = &field.value else {
            return self.check_exists(&field.field, &field.label);
        };
        let (written, takes) = expectation(cell);
        self.fits(&field.field, &field.label, Some(written), takes)
    }

    fn fits(
        &self,
        widget: &str,
        label: &str,
        written: Option<&'static str>,
        takes: impl Fn(&str) -> bool,
    ) -> Result<(), Misfit> {
        let (name, label) = (widget.to_owned(), label.to_owned());
        let Some(found) = self.widgets.get(widget) else {
            return Err(Misfit::Missing { widget: name, label });
        };
        let actual = found.kind.clone();
        if READ_ONLY.contains(&found.kind.as_str()) {
            return Err(Misfit::ReadOnly {
                widget: name,
                label,
                actual,
            });
        }
        match written {
            Some(written) if !takes(&found.kind) => Err(Misfit::Kind {
                widget: name,
                label,
                actual,
                written,
            }),
            _ => Ok(()),
        }
    }
}

impl Shape for Form {
    fn key_widget(&self) -> Option<&str> {
        self.key_widget.as_deref()
    }

    fn clearing(&self, widget: &str) -> Clearing {
        match self.widgets.get(widget).map(|widget| widget.kind.as_str()) {
            Some("text" | "textarea") => Clearing::Text(""),
            _ => Clearing::Object {},
        }
    }

    fn kind(&self, widget: &str) -> &Kind {
        self.kinds.of(widget)
    }
}

fn takes_text(kind: &str) -> bool {
    matches!(
        kind,
        "text" | "textarea" | "radiogroup" | "combo" | "richtext" | "company"
    )
}

/// What a cell is called, and the widget types that take it.
fn expectation(cell: &Cell) -> (&'static str, fn(&str) -> bool) {
    match cell {
        Cell::Text(_) => ("text", takes_text),
        Cell::Number(_) => (words::text!("a number"), |kind| kind == "number"),
        Cell::Datetime(_) => (words::text!("a date"), |kind| kind == "datetime"),
        Cell::Texts(_) => (words::text!("a list of texts"), |kind| {
            matches!(kind, "checkboxgroup" | "combocheck")
        }),
        Cell::Address(_) => (words::text!("an address"), |kind| {
            matches!(kind, "address" | "location")
        }),
        Cell::Phone(_) => (words::text!("a phone number"), |kind| kind == "phone"),
        Cell::Member(_) => (words::text!("a member"), |kind| kind == "user"),
        Cell::Members(_) => ("members", |kind| kind == "usergroup"),
        Cell::Department(_) => (words::text!("a department"), |kind| kind == "dept"),
        Cell::Departments(_) => ("departments", |kind| kind == "deptgroup"),
        Cell::Subform(_) => (words::text!("a subform"), |kind| kind == "subform"),
        Cell::Lookup(_) => (words::text!("a linked record"), |kind| kind == "lookup"),
        Cell::Json(_) => ("JSON", |_| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kinds: &[(&str, &str)]) -> Form {
        let widget = |(name, kind): &(&str, &str)| Widget {
            name: (*name).to_owned(),
            label: format!("label of {name}"),
            kind: (*kind).to_owned(),
            ..Widget::default()
        };
        Form::new(kinds.iter().map(widget).collect(), None).unwrap()
    }

    fn record(widget: &str, value: Option<Cell>) -> FormRecord {
        let field = FieldValue {
            field: widget.to_owned(),
            label: "客户星级".to_owned(),
            value,
        };
        FormRecord {
            fields: vec![field],
            ..FormRecord::default()
        }
    }

    #[test]
    fn a_cell_that_would_become_a_blank_is_named() {
        let form = form(&[("_t", "text"), ("_n", "number"), ("_s", "sn"), ("_c", "combo")]);
        let text = || Some(Cell::Text("x".into()));
        assert_eq!(form.check(&record("_t", text())), Ok(()));
        assert_eq!(form.check(&record("_c", text())), Ok(()));
        assert_eq!(form.check(&record("_n", None)), Ok(()));
        for (widget, value, expected) in [
            ("_n", text(), "_n (客户星级) is of type number"),
            (
                "_t",
                Some(Cell::Number("1".into())),
                "_t (客户星级) is of type text",
            ),
            ("_gone", text(), "no widget _gone (客户星级)"),
            ("_gone", None, "no widget _gone (客户星级)"),
            ("_s", text(), "_s (客户星级) of type sn cannot be written"),
        ] {
            let message = form.check(&record(widget, value)).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_record_that_fills_the_key_widget_is_a_misfit() {
        let key = Widget {
            name: "_k".into(),
            kind: "text".into(),
            ..Widget::default()
        };
        let form = Form::new(vec![key], Some("_k".into())).unwrap();
        let misfit = form
            .check(&record("_k", Some(Cell::Text("ACME".into()))))
            .unwrap_err();
        assert!(misfit.is_about_key());
        assert!(misfit.to_string().contains("客户星级"), "{misfit}");
    }
}
