//! `/plans`: plans and operations, and `/rules`: what is put back by itself.

use super::{Page, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Filled, Result},
    views::plans::{All, all, rules as standing_rules},
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
    rule::Standing,
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/plans", get(page))
        .route("/operations", get(async || Redirect::to("/plans#operations")))
        .route("/operations/{id}/undo", post(undo))
        .route("/rules", get(rules))
}

async fn page(State(app): State<App>, ask: Ask) -> Result<Response> {
    let all = all(&app, &ask).await?;
    let trouble = app.work.trouble("operations");
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
        @if let Some(trouble) = trouble { p .trouble role="alert" { (words::retold(trouble)) } }
        @if all.operations.is_empty() {
            (parts::empty(words::text!("Nobody has discarded letters.")))
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
                    td { @if one.kind == Kind::Discard && one.state != Stands::Undone && ask.principal.may(Role::Operator) {
                        (parts::form(ask, &format!("/operations/{}/undo", one.id), html! {
                            input name="reason" required maxlength="300" aria-label=(words::text!("Reason")) placeholder=(words::text!("Reason"));
                            button { (words::text!("Restore")) }
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

async fn rules(State(app): State<App>, ask: Ask) -> Result<Response> {
    let all = standing_rules(&app, &ask).await?;
    Ok(ask.page(|| {
        let title = words::text!("Rules");
        let body = html! {
            h1 { (title) }
            @if all.is_empty() {
                (parts::empty(words::text!("No letters are replayed by themselves. `dead rule add` of a program makes a rule: so often, so fast, at these hours, and only as long as it helps.")))
            } @else {
                div .scroll tabindex="0" { table {
                    thead { tr { th { (words::text!("Rule")) } th { (words::text!("Stage")) } th { (words::text!("Which letters")) } th { (words::text!("Every")) } th { (words::text!("State")) } th { (words::text!("Last run")) } th { (words::text!("Reason")) } th { (words::text!("By")) } } }
                    tbody { @for rule in &all { (rule_row(rule)) } }
                } }
            }
        };
        Page::still(title, body)
    }))
}

fn rule_row(standing: &Standing) -> Markup {
    let rule = &standing.rule;
    html! {
        tr .bad[standing.off.is_some()] {
            td { (rule.name) }
            td { (parts::stage_name(&rule.stage)) }
            td .text { (rule.query) }
            td { (parts::span(i64::try_from(rule.every_ms).unwrap_or(i64::MAX))) }
            td { @match &standing.off { None => (words::text!("on")), Some(off) => { (words::text!("off")) ": " (words::retold(&off.why)) " (" (off.by) ")" } } }
            td { @if let Some(last) = &standing.last {
                (parts::time(last.begun_at)) " " (words::retold(&last.note))
                @if let Some(plan) = &last.plan { " " a .id href=(format!("/plans/{plan}")) { (plan) } }
            } }
            td .text { (rule.reason) }
            td { (rule.operator) }
        }
    }
}
