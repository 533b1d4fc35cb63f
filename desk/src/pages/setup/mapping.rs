//! The mapping: a document of 轻易云, or a draft from captions that are alike; what it makes of real customers stands beside it.

use super::form;
use crate::{
    pages::parts,
    server::Ask,
    setup::{Progress, Tried},
};
use maud::{Markup, html};
use pipeline::setup::Trial;

/// Customers beside the document.
const SHOWN: usize = 5;

pub(super) fn shown(ask: &Ask, progress: &Progress, tried: &Tried) -> Markup {
    html! {
        (form(ask, "draft", html! {
            div .row {
                p .note .wide { (words::text!("A draft fills each widget from the field of OKKI with the same caption, or another word for it. Look through it, then change what you like.")) }
                button .primary[progress.document.is_none()] { (words::text!("Start from a draft")) }
            }
        }))
        @if !tried.report.is_empty() { (report(tried)) }
        (form(ask, "mapping", html! {
            label { span { (words::text!("Target document of 轻易云 (JSON), as it is")) }
                textarea name="document" rows="14" spellcheck="false" required { (progress.document.as_deref().unwrap_or_default()) }
            }
            div .row {
                label .wide { span { (words::text!("Or from a file")) } input type="file" accept=".json,application/json" data-into="document"; }
                button .primary[progress.document.is_some()] { (words::text!("Try and keep")) }
            }
        }))
        @if let Some(trial) = &tried.trial { (result(trial.spoken())) }
        @else if progress.is_usable { p .good { (words::text!("This document can be used.")) } }
    }
}

fn report(tried: &Tried) -> Markup {
    let open = tried
        .report
        .iter()
        .filter(|widget| widget.outcome.is_err())
        .count();
    html! {
        details open {
            summary { (words::tr!("How the draft came about: {} widgets, {open} of them left open", tried.report.len())) }
            div .scroll tabindex="0" { table {
                thead { tr { th { (words::text!("Widget")) } th { (words::text!("Type")) } th { (words::text!("Field of OKKI")) } th { (words::text!("Why")) } } }
                tbody { @for widget in &tried.report { tr {
                    td { (widget.label) } td { (widget.kind) }
                    td { @match &widget.outcome { Ok(found) => { (found.field) @if !found.group.is_empty() { " " small .muted { (found.group) } } }, Err(_) => "–" } }
                    td .text { (widget.reason()) }
                } } }
            } }
        }
    }
}

fn result(trial: &Trial) -> Markup {
    html! {
        div #trial {
            @if trial.problems.is_empty() {
                p .good { (words::tr!("This document can be used: {} widgets are filled.", trial.fields.len())) }
            } @else {
                div .trouble role="alert" {
                    p { (words::tr!("This document cannot be used yet: {} problems", trial.problems.len())) }
                    ul { @for problem in &trial.problems { li { (parts::coded(problem)) } } }
                }
            }
            @if !trial.warnings.is_empty() {
                details { summary { (words::tr!("{} remarks", trial.warnings.len())) } ul { @for one in &trial.warnings { li { (words::retold(one)) } } } }
            }
            @if !trial.fields.is_empty() {
                h3 { (words::tr!("{} customers as they would be written", trial.customers.len().min(SHOWN))) }
                (table(trial))
            }
        }
    }
}

fn table(trial: &Trial) -> Markup {
    let customers: Vec<_> = trial.customers.iter().take(SHOWN).collect();
    html! {
        div .scroll tabindex="0" { table {
            thead { tr {
                th { (words::text!("Widget")) } th { (words::text!("Value")) }
                @for customer in &customers { th .id { (customer.company_id) } }
            } }
            tbody { @for (at, field) in trial.fields.iter().enumerate() { tr {
                td { (field.label) }
                td .text { (parts::formula(&field.words, &field.expression)) }
                @for customer in &customers {
                    td { @match customer.cells.get(at) {
                        Some(cell) => { @match &cell.error { None => (cell.value), Some(why) => span .bad { (why) } } },
                        None => "–",
                    } }
                }
            } } }
        } }
        @for customer in &customers {
            @if let Some(why) = &customer.filtered { p .note { (words::tr!("Customer {} is not written: {why}", customer.company_id)) } }
            @for warning in &customer.warnings { p .note { (customer.company_id) ": " (warning) } }
        }
    }
}
