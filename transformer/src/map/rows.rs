//! The rows of a subform and the parts of an object: what a field with children is made of.

use mapping::{Evaluation, Path, Scope};
use proto::v1::{FieldValue, Subform, SubformRow, field_value::Value as Cell};
use serde_json::Value as Json;

use super::field::Field;
use super::{RowError, Widget, cell};

impl Field {
    pub(super) fn rows<'r>(
        &'r self,
        array: &'r Path,
        on: &'r Evaluation<'r>,
        scope: Option<&'r Scope<'r>>,
    ) -> Result<Option<Cell>, RowError> {
        let items = match array.rows(on.record(), scope) {
            None => return Ok(None),
            Some(Ok(items)) => items,
            Some(Err(Json::String(text))) if text.is_empty() => return Ok(None),
            Some(Err(_)) => return Err(self.error("wrong-type", words::tr!("{array} is not a list"))),
        };
        let mut rows = Vec::with_capacity(items.len());
        for element in items {
            rows.push(SubformRow {
                fields: self.row(array, element, on, scope)?,
            });
        }
        if rows.is_empty() {
            return Ok(None);
        }
        if self.widget == Widget::Subform {
            return Ok(Some(Cell::Subform(Subform { rows })));
        }
        let list: Vec<Json> = rows.iter().map(|row| cell::object(&row.fields)).collect();
        Ok(Some(Cell::Json(
            Json::Array(list).to_string().into_bytes().into(),
        )))
    }

    fn row(
        &self,
        array: &Path,
        element: &Json,
        on: &Evaluation<'_>,
        outer: Option<&Scope<'_>>,
    ) -> Result<Vec<FieldValue>, RowError> {
        let scope = Scope {
            array,
            element,
            outer,
        };
        self.children
            .iter()
            .filter(|child| child.is_sent())
            .map(|child| child.value(on, Some(&scope)))
            .collect()
    }

    pub(super) fn object<'r>(
        &'r self,
        on: &'r Evaluation<'r>,
        scope: Option<&'r Scope<'r>>,
    ) -> Result<Option<Cell>, RowError> {
        let mut values = Vec::with_capacity(self.children.len());
        for child in self.children.iter().filter(|child| child.is_sent()) {
            values.push(child.value(on, scope)?);
        }
        let json = cell::object(&values);
        let converted = self
            .parameter
            .converter
            .apply(json, &self.parameter.field)
            .map_err(|reason| self.error("wrong-type", reason))?;
        cell::cell(converted, self.widget, on.zone()).map_err(|reason| self.error("wrong-type", reason))
    }
}
