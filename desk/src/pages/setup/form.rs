//! The form by its name, and the widget that holds the customers' ids by its caption.

use super::form;
use crate::{server::Ask, setup::Progress};
use maud::{Markup, html};
use pipeline::setup::{FormSheet, Widget};

pub(super) fn choice(ask: &Ask, progress: &Progress) -> Markup {
    let apps = &progress.catalogue.apps;
    let chosen = progress.form.as_ref().map(|form| form.entry_id.as_str());
    html! {
        @if let Some((app, name)) = progress.form_name() { p .good { (name) " · " (app) } }
        @if apps.iter().all(|app| app.forms.is_empty()) {
            p .trouble { (words::text!("The key shows no form. In Jiandaoyun, let the key reach the app with the form, then try the key once more.")) }
        } @else {
            (form(ask, "form", html! {
                div .row {
                    label .wide { span { (words::text!("Form")) }
                        select name="form" required {
                            option value="" { "–" }
                            @for app in apps { @if !app.forms.is_empty() {
                                optgroup label=(app.name) { @for one in &app.forms {
                                    option value=(format!("{}/{}", app.id, one.id)) selected[chosen == Some(one.id.as_str())] { (one.name) }
                                } }
                            } }
                        }
                    }
                    button .primary { (words::text!("Choose")) }
                }
            }))
        }
    }
}

pub(super) fn key(ask: &Ask, progress: &Progress, sheet: &FormSheet) -> Markup {
    let chosen = progress.key_widget.as_deref();
    let free: Vec<&Widget> = sheet
        .widgets
        .iter()
        .filter(|widget| widget.no_key.is_none())
        .collect();
    let (app_id, entry_id) = (&sheet.app_id, &sheet.entry_id);
    html! {
        p .note { (words::text!("A text widget that holds nothing but the customer's id, so that rows are found again. Only the loader writes to it.")) }
        @if let Some(widget) = sheet.widgets.iter().find(|widget| Some(widget.name.as_str()) == chosen) { p .good { (widget.label) } }
        @if free.is_empty() {
            p .trouble { (words::text!("The form has no free text widget. In Jiandaoyun, add a single-line text to the form, for example OKKI ID, without default value, and look again.")) }
        } @else {
            (form(ask, "key-widget", html! {
                div .row {
                    label .wide { span { (words::text!("Key widget")) }
                        select name="name" required {
                            option value="" { "–" }
                            @for widget in &free { option value=(widget.name) selected[Some(widget.name.as_str()) == chosen] { (widget.label) } }
                        }
                    }
                    button .primary { (words::text!("Choose")) }
                }
            }))
        }
        (form(ask, "form", html! {
            input type="hidden" name="form" value=(format!("{app_id}/{entry_id}"));
            p { button .plain { (words::text!("The form has changed: look again")) } }
        }))
        details {
            summary { (words::tr!("All {} widgets of the form", sheet.widgets.len())) }
            (widgets(sheet))
        }
    }
}

fn widgets(sheet: &FormSheet) -> Markup {
    html! {
        div .scroll tabindex="0" { table {
            thead { tr { th { (words::text!("Caption")) } th { (words::text!("Type")) } th { (words::text!("Name in the interface")) } th { (words::text!("Can it hold the key?")) } } }
            tbody { @for widget in &sheet.widgets { tr {
                td { (widget.label) } td { (widget.kind) } td .id { (widget.name) }
                td .text { @match &widget.no_key { None => (words::text!("yes")), Some(why) => (words::retold(why)) } }
            } } }
        } }
    }
}
