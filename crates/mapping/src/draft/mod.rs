//! A first target document for who has none: the captions of a form beside those of OKKI's fields, and some customers to see
//! what the fields really hold.
//!
//! `caption` says when two captions mean the same, `known` and `synonyms` are tables, `offer` is what a document can name of
//! OKKI's fields, `choose` gives each widget one of them, `cell` writes the expression, `document` the document. `report`
//! says why, `preview` what a document makes of customers.

mod caption;
mod cell;
mod choose;
mod document;
mod known;
mod offer;
mod preview;
mod report;
mod synonyms;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use preview::{Shown, preview};
pub use report::{FieldReport, Match, Reason, Why, WidgetReport};

use offer::Offers;

/// A field of customers or of their contacts, as OKKI's dictionary has it (docs/okki-api.md §6).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The vendor's id.
    pub id: String,
    /// Its caption.
    pub label: String,
    /// The caption of its group; empty when unknown.
    pub group: String,
    /// `field_type`.
    pub kind: i64,
    /// Of the contacts.
    pub contact: bool,
    /// Switched off in the CRM.
    pub disabled: bool,
}

/// A widget of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Widget {
    /// The name under which it is written.
    pub name: String,
    /// Its caption.
    pub label: String,
    /// The vendor's type, such as `text`.
    pub kind: String,
}

/// The form that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Form<'f> {
    /// `app_id`; empty: the loader is told by its settings.
    pub app_id: &'f str,
    /// `entry_id`; empty: as above.
    pub entry_id: &'f str,
    /// In the form's order.
    pub widgets: &'f [Widget],
    /// The widget that holds the customers' ids, by name or caption; never mapped.
    pub key_widget: Option<&'f str>,
}

/// A document, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The target document, laid out.
    pub document: String,
    /// For each widget of the form, in its order.
    pub widgets: Vec<WidgetReport>,
    /// For each field that OKKI has.
    pub fields: Vec<FieldReport>,
}

impl Draft {
    /// Widgets that get a value.
    pub fn mapped(&self) -> usize {
        self.widgets
            .iter()
            .filter(|widget| widget.outcome.is_ok())
            .count()
    }

    /// The key widget was found on the form.
    pub fn has_key(&self) -> bool {
        self.widgets
            .iter()
            .any(|widget| widget.outcome == Err(Reason::Key))
    }
}

/// Makes a document for a form; `customers` are detail answers (`data` only), of which a few suffice.
pub fn draft(fields: &[Field], customers: &[Value], form: &Form<'_>) -> Draft {
    let offers = Offers::of(fields, customers);
    let chosen = choose::choose(form, &offers);
    let document = document::write(form, &chosen);
    let mut used = vec![Vec::new(); offers.list.len()];
    let mut widgets = Vec::with_capacity(chosen.len());
    for (widget, outcome) in form.widgets.iter().zip(chosen) {
        let outcome = outcome.map(|chosen| {
            // Two fields of one caption are one key of the record, and both are shown.
            let key = &offers.list[chosen.offer].key;
            let alike = offers
                .list
                .iter()
                .zip(&mut used)
                .filter(|(offer, _)| offer.key == *key);
            alike.for_each(|(_, widgets)| widgets.push(widget.label.clone()));
            let field = &offers.list[chosen.offer].field;
            Match {
                field: field.label.clone(),
                group: field.group.clone(),
                contact: field.contact,
                expression: chosen.cell.value,
                why: chosen.why,
            }
        });
        widgets.push(WidgetReport {
            name: widget.name.clone(),
            label: widget.label.clone(),
            kind: widget.kind.clone(),
            outcome,
        });
    }
    let fields = offers
        .list
        .into_iter()
        .zip(used)
        .map(|(offer, widgets)| FieldReport {
            reference: offer.reference(),
            field: offer.field,
            widgets,
        });
    Draft {
        document,
        widgets,
        fields: fields.collect(),
    }
}

/// How a document names each field, `{{…}}`; `None` for those that no path leads to. In the order of the fields.
pub fn references(fields: &[Field], customers: &[Value]) -> Vec<Option<String>> {
    offer::references(fields, customers)
}

/// The group of each field that customers show, by the field's id.
pub fn groups(customers: &[Value]) -> std::collections::BTreeMap<String, String> {
    offer::groups(customers)
}
