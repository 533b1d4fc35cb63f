//! `/customers`: search, and one customer's way over all stages.

use super::{Page, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Question, Result, live},
    views::customers::{Asked, Hit, One, View, one, view},
};
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use maud::{Markup, html};
use replay::trace::{Step, name::is_id, told};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/customers", get(page))
        .route("/customers/{id}", get(customer))
        .route("/live/customers/{id}", get(updates))
}

async fn page(State(app): State<App>, ask: Ask, Question(asked): Question<Asked>) -> Result<Response> {
    if let Some(id) = asked.q.as_deref().map(str::trim).filter(|q| is_id(q)) {
        return Ok(Redirect::to(&format!("/customers/{id}")).into_response());
    }
    let view = view(&app, &ask, &asked).await?;
    Ok(ask.page(|| shown(&view, &asked)))
}

fn shown(view: &View, asked: &Asked) -> Page {
    let title = words::text!("Customers");
    let q = asked.q.as_deref().unwrap_or_default();
    let body = html! {
        h1 { (title) }
        form .filter method="get" action="/customers" role="search" {
            label .wide { span { (words::text!("Company id, or a text in dead letters such as a name")) }
                input type="search" name="q" value=(q) autocomplete="off"; }
            button { (words::text!("Search")) }
        }
        @if !q.trim().is_empty() { (hits(&view.letters)) } @else {
            h2 { (words::text!("Last ones that anything happened to")) }
            @if view.customers.is_empty() {
                (parts::empty(words::text!("The account of events names nobody yet.")))
            } @else {
                div .scroll tabindex="0" {
                    table {
                        thead { tr { th { (words::text!("Customer")) } th { (words::text!("Last event")) } th { (words::text!("Where it is")) } } }
                        tbody {
                            @for customer in &view.customers {
                                tr {
                                    td { (parts::customer(&customer.company_id)) }
                                    td { (parts::time(customer.at)) }
                                    td { (customer.now) }
                                }
                            }
                        }
                    }
                }
                @if let Some(next) = &view.next { p { a href=(parts::address("/customers", &[("after", next)])) { (words::text!("Older")) } } }
            }
        }
    };
    Page::still(title, body)
}

fn hits(letters: &[Hit]) -> Markup {
    if letters.is_empty() {
        return parts::empty(words::text!(
            "No open dead letter says that, and names of other customers are not kept here; look the id up in OKKI or in the form."
        ));
    }
    html! {
        div .scroll tabindex="0" {
            table {
                thead { tr { th { (words::text!("Customer")) } th { (words::text!("Stage")) } th { (words::text!("Code")) } th { (words::text!("Letter")) } } }
                tbody {
                    @for hit in letters {
                        tr {
                            td { (parts::customer(&hit.company_id)) }
                            td { (parts::stage_name(hit.stage)) }
                            td { code { (hit.code) } }
                            td { a .id href=(parts::letter(hit.stage, &hit.letter)) { (hit.letter) } }
                        }
                    }
                }
            }
        }
    }
}

async fn customer(State(app): State<App>, ask: Ask, Path(id): Path<String>) -> Result<Response> {
    let one = one(&app, &ask, &id).await?;
    Ok(ask.page(|| of_one(&ask, &one)))
}

async fn updates(State(app): State<App>, ask: Ask, Path(id): Path<String>) -> Result<Response> {
    let (own, asked) = (app.clone(), ask.clone());
    live(&app, &ask, move || {
        let (app, ask, id) = (own.clone(), asked.clone(), id.clone());
        async move {
            let one = one(&app, &ask, &id).await?;
            Ok(ask.inside(|| of_one(&ask, &one)).into_string())
        }
    })
}

fn of_one(ask: &Ask, one: &One) -> Page {
    let body = html! {
        h1 { (words::text!("Customer")) " " span .id { (one.company_id) } }
        section #standing data-live {
            dl .facts {
                dt { (words::text!("now")) } dd { (one.standing.now) }
                dt { (words::text!("next")) } dd { (parts::coded(&one.standing.next)) }
                @if let Some(page) = &one.row_page { dt { (words::text!("row")) } dd { (parts::row_page(page)) } }
            }
            @if ask.principal.may(Role::Operator) {
                (parts::form(ask, &format!("/customers/{}/cells", one.company_id), html! {
                    button .primary { (words::text!("Compare with OKKI and the form, cell by cell")) }
                }))
                details .rest {
                    summary { (words::text!("Fetch again")) }
                    (parts::form(ask, "/wishes", html! {
                        input type="hidden" name="kind" value="customers";
                        input type="hidden" name="ids" value=(one.company_id);
                        (parts::reason()) button { (words::text!("Fetch again")) }
                    }))
                }
            }
            @if !one.letters.is_empty() {
                h2 { (words::text!("Open dead letters")) }
                (hits(&one.letters))
            }
        }
        section #way data-live {
            h2 { (words::text!("What happened")) }
            @if one.story.steps.is_empty() {
                (parts::empty(words::text!("The account of events says nothing of this customer; it is written from the first message on, and kept for a settable time.")))
            } @else {
                (way(&one.story.steps))
            }
            @if one.story.left_out > 0 { p .note { (words::tr!("{} earlier steps are left out", parts::number(one.story.left_out))) } }
            @if !one.current { p .note { (words::text!("The account of events is still being read.")) } }
        }
    };
    Page::live(one.company_id.clone(), body)
}

fn way(steps: &[Step]) -> Markup {
    html! {
        ol .way reversed {
            @for step in steps.iter().rev() {
                li class=(format!("step-{}", step.word().replace(' ', "-"))) {
                    (parts::time(step.at))
                    strong { (told(step.what)) }
                    span .muted { (parts::stage_name(step.stage.map_or("", pipeline::stage::Stage::name))) }
                    div .details {
                        @if step.attempt > 1 { span { (words::tr!("attempt {}", step.attempt)) } }
                        @if !step.reason.is_empty() { code { (step.reason) } }
                        @if !step.vendor_code.is_empty() { span { (words::tr!("vendor's code {}", step.vendor_code)) } }
                        @if !step.field.is_empty() { span { (step.field) } }
                        @if !step.message.is_empty() { span { (replay::when::retold(&step.message)) } }
                        @if !step.row_id.is_empty() { span .id { (words::tr!("row {}", step.row_id)) } }
                        @if !step.letter_id.is_empty() && step.stage.is_some() { a .id href=(parts::letter(step.stage.map_or("", pipeline::stage::Stage::name), &step.letter_id)) { (words::text!("letter")) } }
                        @if step.plan_id.starts_with("p-") { a .id href=(format!("/plans/{}", step.plan_id)) { (step.plan_id) } }
                        @if let Some(at) = step.next_at { span { (words::text!("again at")) " " (parts::time(at)) } }
                        @if !step.run_id.is_empty() { span .muted .id { (step.run_id) } }
                        span .muted .id { (step.instance) }
                    }
                }
            }
        }
    }
}
