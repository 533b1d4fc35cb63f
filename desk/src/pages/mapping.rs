//! `/mapping`: the mapping in use as a table in words, beside the form, with any customer that the account knows.

use super::{Page, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Failure, Filled, Result},
    views::{
        cells::{Mapping, mapping, mapping_with},
        customers,
    },
};
use axum::{Router, extract::State, response::Response, routing::get};
use maud::{Markup, html};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/mapping", get(page).post(tried))
}

async fn page(State(app): State<App>, ask: Ask) -> Result<Response> {
    ask.allow(Role::Operator)?;
    let found = mapping(&app, &ask).await;
    answered(&ask, found)
}

async fn tried(State(app): State<App>, ask: Ask, filled: Filled) -> Result<Response> {
    ask.allow(Role::Operator)?;
    let id = filled.text("id");
    customers::checked(id)?;
    let found = mapping_with(&app, &ask, id).await;
    answered(&ask, found)
}

fn answered(ask: &Ask, found: Result<Mapping, Failure>) -> Result<Response> {
    match found {
        Ok(mapping) => Ok(ask.page(|| shown(ask, Ok(&mapping)))),
        Err(Failure::Refused(why)) => {
            let mut response = ask.page(|| shown(ask, Err(&why)));
            *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(failure) => Err(failure),
    }
}

fn shown(ask: &Ask, found: Result<&Mapping, &str>) -> Page {
    let title = words::text!("The mapping");
    let body = html! {
        h1 { (title) }
        (parts::form(ask, "/mapping", html! {
            div .row {
                label .wide { span { (words::text!("Try with a customer, by its id")) } input name="id" required inputmode="numeric" autocomplete="off"; }
                button .primary { (words::text!("Try")) }
            }
        }))
        @match found {
            Err(why) => p .trouble role="alert" { (words::retold(why)) },
            Ok(mapping) => (of(mapping)),
        }
        p .note { @if ask.principal.may(Role::Admin) { (words::text!("To try another document, and to change it:")) " " a href="/setup#mapping" { (words::text!("Set up")) } } }
    };
    Page::still(title, body)
}

fn of(mapping: &Mapping) -> Markup {
    let trial = &mapping.trial;
    let filled = |name: &str| trial.fields.iter().any(|field| field.widget == name);
    let empty: Vec<&str> = mapping
        .widgets
        .iter()
        .filter(|widget| !filled(&widget.name))
        .map(|widget| widget.label.as_str())
        .collect();
    let customer = trial.customers.first();
    html! {
        p { (words::tr!("{} widgets are filled; fingerprint", trial.fields.len())) " " code { (trial.fingerprint) } }
        @if trial.problems.is_empty() && !mapping.widgets.is_empty() { p .good { (words::text!("Mapping and form fit together.")) } }
        @if !trial.problems.is_empty() {
            div .trouble role="alert" { ul { @for problem in &trial.problems { li { (parts::coded(problem)) } } } }
        }
        @if !trial.warnings.is_empty() {
            details { summary { (words::tr!("{} remarks", trial.warnings.len())) } ul { @for one in &trial.warnings { li { (words::retold(one)) } } } }
        }
        @if let Some(why) = customer.and_then(|one| one.filtered.as_ref()) { p .trouble { (words::tr!("This customer is not written: {why}")) } }
        div .scroll tabindex="0" { table #mapping {
            thead { tr {
                th { (words::text!("Widget")) } th { (words::text!("Formula")) } th { (words::text!("Name in the interface")) }
                @if let Some(one) = customer { th { (words::text!("In OKKI")) } th .id { (one.company_id) } }
            } }
            tbody { @for (at, field) in trial.fields.iter().enumerate() { tr {
                td { (field.label) } td .text { (parts::formula(&field.words, &field.expression)) } td .id { (field.widget) }
                @if let Some(cell) = customer.and_then(|one| one.cells.get(at)) {
                    td .text { @for read in &cell.read { div { (pipeline::mask::mask_text(read)) } } }
                    td { @match &cell.error { None => (cell.value), Some(why) => span .bad { (why) } } }
                }
            } } }
        } }
        @if !empty.is_empty() { p .note { (words::tr!("Widgets of the form that nothing is written into: {}", words::list(&empty))) } }
    }
}
