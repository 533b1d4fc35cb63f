//! One field of a mapping: expression, type, parser, and the value of a record.

use mapping::{EvalError, Evaluated, Evaluation, Expression, Parameter, ParameterType, Path, Place, Scope};
use proto::v1::{FieldValue, field_value::Value as Cell};
use serde_json::Value as Json;

use super::cell;
use super::extras::OnFailure;
use super::noted::note_texts;
use super::wrapping::{self, Remarks};
use super::{Extras, RowError, Widget};

/// What is known about a field without any record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldInfo {
    /// Target field.
    pub field: String,
    /// Caption in the document.
    pub label: String,
    /// How the value is sent.
    pub widget: Widget,
    /// The form's own name of the type, when the additions give it.
    pub form_type: Option<String>,
    /// The expression as written.
    pub expression: String,
    /// Fields of a subform's rows.
    pub children: Vec<FieldInfo>,
}

/// A compiled field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) parameter: Parameter,
    pub(super) widget: Widget,
    form_type: Option<String>,
    pub(super) children: Vec<Field>,
    on_failure: OnFailure,
}

impl Field {
    pub(super) fn new(
        parameter: &Parameter,
        extras: &Extras,
        remarks: &mut Remarks<'_>,
    ) -> Result<Field, String> {
        Field::build(parameter, extras, "", true, remarks)
    }

    /// `in_row`: a field of the form or of its rows, as opposed to a member of an object.
    fn build(
        parameter: &Parameter,
        extras: &Extras,
        prefix: &str,
        in_row: bool,
        remarks: &mut Remarks<'_>,
    ) -> Result<Field, String> {
        let mut parameter = match in_row {
            true => wrapping::unwrapped(parameter, remarks),
            false => parameter.clone(),
        };
        let known = extras
            .widgets
            .get(&format!("{prefix}{}", parameter.field))
            .or_else(|| extras.widgets.get(&parameter.field));
        let form_type = known.map(|widget| widget.kind.clone());
        let widget = match &form_type {
            None => Widget::declared(&parameter),
            Some(kind) => Widget::parse(kind).ok_or_else(|| {
                words::tr!(
                    "the form's field {} is a {kind}, which cannot be written",
                    parameter.field
                )
            })?,
        };
        if in_row {
            wrapping::for_form(&mut parameter, widget, form_type.is_some(), remarks);
        }
        let inner = format!("{}.", parameter.field);
        let in_row = parameter.kind == ParameterType::Array;
        let mut children = Vec::with_capacity(parameter.children.len());
        for child in &parameter.children {
            children.push(Field::build(child, extras, &inner, in_row, remarks)?);
        }
        if widget == Widget::Subform && children.is_empty() {
            return Err(words::tr!(
                "the form's field {} is a subform: type array with children is expected",
                parameter.field
            ));
        }
        Ok(Field {
            parameter,
            widget,
            form_type,
            children,
            on_failure: extras.failed_expression,
        })
    }

    /// `value: null` is not sent, unless there are children to build an object from.
    pub(super) fn is_sent(&self) -> bool {
        self.parameter.value.is_some()
            || self.parameter.kind == ParameterType::Object && !self.children.is_empty()
    }

    pub(super) fn info(&self) -> FieldInfo {
        FieldInfo {
            field: self.parameter.field.clone(),
            label: self.parameter.label.clone(),
            widget: self.widget.sent(&self.parameter, self.form_type.is_some()),
            form_type: self.form_type.clone(),
            expression: self
                .parameter
                .value
                .as_ref()
                .map(|e| e.as_str().to_owned())
                .unwrap_or_default(),
            children: self.children.iter().map(Field::info).collect(),
        }
    }

    /// The record paths that the field and its children read.
    pub(super) fn paths(&self) -> Vec<&Path> {
        let own = self.parameter.expressions().flat_map(Expression::paths);
        let children = self.children.iter().flat_map(Field::paths);
        own.chain(&self.parameter.array).chain(children).collect()
    }

    /// The field, and those of its rows and parts.
    pub(super) fn each<'f>(&'f self, see: &mut dyn FnMut(&'f Parameter)) {
        see(&self.parameter);
        self.children.iter().for_each(|child| child.each(see));
    }

    /// The field, and those of its rows and parts, with how each is sent.
    pub(super) fn described<'f>(&'f self, found: &mut Vec<(&'f Parameter, Widget)>) {
        found.push((
            &self.parameter,
            self.widget.sent(&self.parameter, self.form_type.is_some()),
        ));
        self.children.iter().for_each(|child| child.described(found));
    }

    /// What is wrong with fixed values of the field and of those of its rows and parts, whatever a record holds.
    pub(super) fn unfit(&self, on: &Evaluation<'_>, found: &mut Vec<(Option<Place>, RowError)>) {
        let is_fixed = self.children.is_empty() && self.parameter.expressions().all(Expression::is_constant);
        if let Some(error) = self.scalar(on, None).err().filter(|_| is_fixed && self.is_sent()) {
            found.extend((error.code == "wrong-type").then_some((self.parameter.place, error)));
        }
        self.children.iter().for_each(|child| child.unfit(on, found));
    }

    pub(super) fn error(&self, code: &'static str, reason: impl Into<String>) -> RowError {
        RowError {
            field: self.parameter.field.clone(),
            label: self.parameter.label.clone(),
            expression: self
                .parameter
                .value
                .as_ref()
                .map(|e| e.as_str().to_owned())
                .unwrap_or_default(),
            reason: reason.into(),
            code,
        }
    }

    /// The cell for a record, or for an element of an array.
    pub(super) fn value<'r>(
        &'r self,
        on: &'r Evaluation<'r>,
        scope: Option<&'r Scope<'r>>,
    ) -> Result<FieldValue, RowError> {
        let value = match (self.parameter.kind, &self.parameter.array) {
            (ParameterType::Array, Some(array)) if !self.children.is_empty() => {
                self.rows(array, on, scope)?
            }
            (ParameterType::Object, _) if !self.children.is_empty() => self.object(on, scope)?,
            _ => self.scalar(on, scope)?,
        };
        Ok(FieldValue {
            field: self.parameter.field.clone(),
            label: self.parameter.label.clone(),
            value,
        })
    }

    fn evaluated<'r>(
        &'r self,
        expression: &'r Expression,
        on: &'r Evaluation<'r>,
        scope: Option<&'r Scope<'r>>,
    ) -> Result<Evaluated<'r>, RowError> {
        let refused = |error: EvalError| self.error(error.code, error.message);
        match (expression.evaluate_in(on, scope), self.on_failure) {
            (Err(_), OnFailure::Text) => Ok(Evaluated::Text(
                expression.written_out(on, scope).map_err(refused)?.into(),
            )),
            (evaluated, _) => evaluated.map_err(refused),
        }
    }

    /// Says that a list or an object goes into a text as JSON.
    fn note_json(&self, json: &Json, on: &Evaluation<'_>) {
        let is_text = self.widget.sent(&self.parameter, self.form_type.is_some()) == Widget::Text
            && !self.parameter.converter.takes_json();
        match json {
            Json::Array(items) if is_text && !items.is_empty() => on.note(|| {
                words::text!("a list goes into a text as JSON; write {{key|implode('、')}}").to_owned()
            }),
            Json::Object(parts) if is_text && !parts.is_empty() => on.note(|| {
                words::text!("an object goes into a text as JSON; name one of its parts: {{key.part}}")
                    .to_owned()
            }),
            _ => {}
        }
    }

    /// Says that a text with separators in it is one choice.
    fn note_choice(&self, converted: &Json, on: &Evaluation<'_>) {
        let has_signs = |text: &str| text.contains([',', '，', '、', ';', '；', '|', '\n']);
        match converted {
            Json::String(text) if self.widget == Widget::Choices && has_signs(text) => on.note(|| {
                words::tr!("{text} is one choice; the parser StringToArray parts a text into several")
            }),
            Json::Array(items) if self.parameter.converter.makes_list() => {
                if let [Json::String(text)] = items.as_slice()
                    && has_signs(text)
                {
                    on.note(|| words::tr!("{text} stays one entry: StringToArray parts at another sign"));
                }
            }
            _ => {}
        }
    }

    fn scalar<'r>(
        &'r self,
        on: &'r Evaluation<'r>,
        scope: Option<&'r Scope<'r>>,
    ) -> Result<Option<Cell>, RowError> {
        let Some(expression) = &self.parameter.value else {
            return Ok(None);
        };
        let mut value = self.evaluated(expression, on, scope)?;
        if value.is_empty() {
            if let Some(default) = &self.parameter.default {
                value = self.evaluated(default, on, scope)?;
            } else if self.parameter.required {
                return Err(self.error(
                    "required-empty",
                    words::text!("the field is required, but its value is empty"),
                ));
            }
        }
        if let Some(format) = self.parameter.format.as_ref().filter(|_| !value.is_empty()) {
            let formatted = match value {
                Evaluated::Text(text) => format.apply(&Json::String(text.into_owned()), on.context()),
                Evaluated::Json(json) => format.apply(&json, on.context()),
            };
            value = match formatted {
                Json::String(text) => Evaluated::Text(text.into()),
                other => Evaluated::Json(std::borrow::Cow::Owned(other)),
            };
        }
        match &value {
            Evaluated::Json(json) if json.is_array() || json.is_object() => self.note_json(json, on),
            _ => note_texts(expression, on, scope),
        }
        // The usual case: text into a text field, with nothing but the target's wrapping.
        if self.parameter.kind == ParameterType::Text
            && self.widget == Widget::Text
            && self.parameter.converter.is_plain()
        {
            let text = value.into_text();
            return Ok((!text.is_empty()).then(|| Cell::Text(text.into_owned())));
        }
        let is_json = self.parameter.converter.takes_json();
        let typed = cell::typed(value, self.parameter.kind, self.widget, is_json)
            .map_err(|reason| self.error("wrong-type", reason))?;
        let converted = self
            .parameter
            .converter
            .apply(typed, &self.parameter.field)
            .map_err(|reason| self.error("wrong-type", reason))?;
        self.note_choice(&converted, on);
        // A chain that builds JSON of its own is sent as it is, unless the form says what it must be.
        let widget = match (&converted, self.widget) {
            (Json::Array(_) | Json::Object(_), Widget::Text) if self.form_type.is_none() => Widget::Json,
            (_, widget) => widget,
        };
        cell::cell(converted, widget, on.zone()).map_err(|reason| self.error("wrong-type", reason))
    }
}
