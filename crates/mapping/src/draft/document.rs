//! The document itself, in the shape of the one that ships (`transformer/mappings/default.json`).

use serde_json::{Value, json};

use super::Form;
use super::choose::Chosen;
use super::report::Reason;
use crate::canonical;

/// The target document for what was chosen.
pub(super) fn write(form: &Form<'_>, chosen: &[Result<Chosen, Reason>]) -> String {
    let mapped = form.widgets.iter().zip(chosen);
    let request: Vec<Value> = mapped
        .filter_map(|(widget, chosen)| {
            let cell = &chosen.as_ref().ok()?.cell;
            Some(json!({
                "field": widget.name,
                "label": widget.label,
                "type": cell.kind,
                "value": cell.value,
                "parser": cell.parser,
            }))
        })
        .collect();
    let mut other = vec![
        system("is_start_workflow", "false"),
        system("is_start_trigger", "false"),
    ];
    let ids = [("appId", form.app_id), ("entryId", form.entry_id)];
    other.extend(
        ids.into_iter()
            .filter(|(_, id)| !id.is_empty())
            .map(|(name, id)| system(name, id)),
    );
    let document = json!({
        // The loader makes rows by calls of its own in batches; row by row it uses this one.
        "api": "/api/v5/app/entry/data/create",
        "effect": "EXECUTE",
        "method": "POST",
        "idCheck": true,
        "request": request,
        "otherRequest": other,
    });
    let text = document.to_string();
    canonical(&text, "").unwrap_or(text)
}

/// Workflows and automations of a form start only when a person says so: the first load writes every customer.
fn system(name: &str, value: &str) -> Value {
    json!({"field": name, "label": name, "type": "string", "value": value})
}
