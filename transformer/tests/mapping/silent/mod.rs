//! What a mapping loses or spoils without a word of its own is said by `check` and `try`.

#![allow(clippy::unwrap_used)]

mod conditions;
mod lists;
mod names;
mod values;

use proto::v1::field_value::Value as Cell;
use serde_json::{Value, json};
use transformer::map::Mapping;

use crate::documents::{document, map, one, text};
use crate::said::{Folder, document as whole};

fn field(value: &str) -> Value {
    json!({"field": "_widget_1720322268295", "label": "甲", "value": value})
}

/// What `check` says of a document's fields with customers, and whether it goes through.
fn checked(fields: &Value, extras: Option<Value>, customers: &Value) -> (bool, String) {
    let folder = Folder::new();
    folder.write("m.json", whole(fields.clone(), json!({})));
    folder.write("c.json", customers);
    let mut args = vec!["check", "m.json", "--company", "c.json"];
    if let Some(extras) = extras {
        folder.write("e.json", extras);
        args.extend(["--extras", "e.json"]);
    }
    folder.mapping(&args)
}

fn tried(fields: &Value, extras: Option<Value>, customer: &Value) -> String {
    let folder = Folder::new();
    folder.write("m.json", whole(fields.clone(), json!({})));
    folder.write("c.json", customer);
    let mut args = vec!["try", "m.json", "--company", "c.json"];
    if let Some(extras) = extras {
        folder.write("e.json", extras);
        args.extend(["--extras", "e.json"]);
    }
    folder.mapping(&args).1
}
