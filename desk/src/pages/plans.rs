//! `/plans`: plans and operations.

use super::{Page, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Filled, Result},
    views::{
        hidden,
        plans::{All, all},
    },
    work,
};
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use maud::{Markup, html};
use replay::{
    operation::{Kind, Operation, State as Stands},
    plan::Plan,
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/plans", get(page))
        .route("/operations", get(async || Redirect::to("/plans#operations")))
        .route("/operations/{id}/undo", post(undo))
}

async fn page(State(app): State<App>, ask: Ask) -> Result<Response> {
    let all = all(&app, &ask).await?;
    // It may quote a line of a file.
    let trouble = app.work.trouble("operations");
    let trouble = trouble.map(|text| hidden::sentence(&ask.principal, &text));
    Ok(ask.page(|| shown(&ask, &all, trouble.as_deref())))
}

fn shown(ask: &Ask, all: &All, trouble: Option<&str>) -> Page {
    let title = words::text!("Plans");
    let body = html! {
        h1 { (title) }
        @if all.plans.is_empty() {
            (parts::empty(words::text!("Nobody has replayed letters within the last week. A plan begins with letters: choose some under Dead letters.")))
        } @else { (plans(&all.plans)) }
        h2 #operations { (words::text!("Discarded, restored, imported")) }
        @if let Some(trouble) = trouble { p .trouble role="alert" { (replay::when::retold(trouble)) } }
        @if all.operations.is_empty() {
            (parts::empty(words::text!("Nobody has discarded or imported letters.")))
        } @else { (operations(ask, &all.operations)) }
    };
    Page::still(title, body)
}

fn plans(plans: &[Plan]) -> Markup {
    html! {
        div .scroll tabindex="0" {
            table {
                thead { tr {
                    th { (words::text!("Plan")) } th { (words::text!("Stage")) } th { (words::text!("State")) } th .number { (words::text!("Letters")) }
                    th .number { (words::text!("replayed")) } th .number { (words::text!("failed again")) } th { (words::text!("Reason")) } th { (words::text!("By")) } th { (words::text!("Made")) }
                } }
                tbody { @for plan in plans { tr {
                    td { a .id href=(format!("/plans/{}", plan.id)) { (plan.id) } }
                    td { (parts::stage_name(&plan.stage)) }
                    td { (plan.state.told()) }
                    td .number { (parts::number(plan.total)) }
                    td .number { (parts::number(plan.sent)) }
                    td .number .bad[plan.failed() > 0] { (parts::number(plan.failed())) }
                    td .text { (plan.reason) }
                    td { (plan.operator) }
                    td { (parts::time(plan.made_at)) }
                } } }
            }
        }
    }
}

fn operations(ask: &Ask, operations: &[Operation]) -> Markup {
    html! {
        div .scroll tabindex="0" {
            table {
                thead { tr {
                    th { (words::text!("Operation")) } th { (words::text!("What")) } th { (words::text!("Stage")) } th { (words::text!("State")) } th .number { (words::text!("Letters")) }
                    th { (words::text!("Which letters")) } th { (words::text!("Reason")) } th { (words::text!("By")) } th { (words::text!("Begun")) } th {}
                } }
                tbody { @for one in operations { tr {
                    td .id { (one.id) }
                    td { (kind(one.kind)) }
                    td { (parts::stage_name(&one.stage)) }
                    td { (state(one.state)) }
                    td .number { (parts::number(one.moved)) }
                    td .text { (words::retold(&one.filter)) }
                    td .text { (one.reason) }
                    td { (one.operator) }
                    td { (parts::time(one.begun_at)) }
                    td { @if one.kind != Kind::Undo && one.state != Stands::Undone && ask.principal.may(Role::Operator) {
                        (parts::form(ask, &format!("/operations/{}/undo", one.id), html! {
                            input name="reason" required maxlength="300" aria-label=(words::text!("Reason")) placeholder=(words::text!("Reason"));
                            button { @if one.kind == Kind::Import { (words::text!("Take back")) } @else { (words::text!("Restore")) } }
                        }))
                    } }
                } } }
            }
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Discard => words::text!("discarded"),
        Kind::Undo => words::text!("undone"),
        Kind::Import => words::text!("imported"),
    }
}

fn state(state: Stands) -> &'static str {
    match state {
        Stands::Running => words::sense(words::mark!("operation state: running")),
        Stands::Interrupted => words::sense(words::mark!("operation state: interrupted")),
        Stands::Done => words::sense(words::mark!("operation state: done")),
        Stands::Undone => words::sense(words::mark!("operation state: undone")),
    }
}

async fn undo(State(app): State<App>, ask: Ask, Path(id): Path<String>, filled: Filled) -> Result<Response> {
    work::undo(&app, &ask, &id, filled.text("reason")).await?;
    Ok(Redirect::to("/plans#operations").into_response())
}
