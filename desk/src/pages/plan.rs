//! One plan: what it would do, running it, and what became of each letter.

use super::{Page, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Filled, Result, live},
    views::plans::{One, one},
    work::{self, Made, Making},
};
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use maud::{Markup, html};
use replay::plan::{Plan, State as Stands};
use serde_json::Value;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/plans/{id}", get(page))
        .route("/live/plans/{id}", get(updates))
        .route("/plans/{id}/run", post(run))
        .route("/plans/{id}/pause", post(pause))
        .route("/plans/{id}/cancel", post(cancel))
}

async fn page(State(app): State<App>, ask: Ask, Path(id): Path<String>) -> Result<Response> {
    let one = one(&app, &ask, &id).await?;
    Ok(ask.page(|| shown(&ask, &id, &one)))
}

async fn updates(State(app): State<App>, ask: Ask, Path(id): Path<String>) -> Result<Response> {
    let (own, asked) = (app.clone(), ask.clone());
    live(&app, &ask, move || {
        let (app, ask, id) = (own.clone(), asked.clone(), id.clone());
        async move {
            let one = one(&app, &ask, &id).await?;
            Ok(ask.inside(|| shown(&ask, &id, &one)).into_string())
        }
    })
}

fn shown(ask: &Ask, id: &str, one: &One) -> Page {
    let body = html! {
        nav .trail { a href="/plans" { (words::text!("Plans")) } }
        h1 { (words::text!("Plan")) " " span .id { (id) } }
        section #state data-live {
            @if let Some(trouble) = &one.trouble { p .trouble role="alert" { (replay::when::retold(trouble)) } }
            @match (&one.plan, &one.making) {
                (_, Some(Making::Looking { seen })) => p .progressing { (words::tr!("Looking at the dead letters: {} so far", parts::number(*seen))) },
                (_, Some(Making::Failed { why })) => p .trouble role="alert" { (words::tr!("The plan could not be made: {}", words::retold(why))) },
                (None, Some(Making::Nothing)) => p .empty { (words::text!("No dead letter is meant any more; nothing was planned and nothing was moved.")) },
                (Some(plan), _) => (state(plan)),
                (None, _) => p .empty { (words::text!("The plan is over and was forgotten.")) },
            }
        }
        @if let Some(plan) = &one.plan {
            section #actions data-live { @if ask.principal.may(Role::Operator) { (actions(ask, plan)) } }
            (about(plan))
        }
        section #preview data-live { @if let Some(Making::Made(made)) = &one.making { (preview(made)) } }
        section #letters data-live { (letters(one)) }
    };
    Page::live(id.to_owned(), body)
}

fn state(plan: &Plan) -> Markup {
    let known = if plan.options.wait {
        plan.known()
    } else {
        plan.sent
    };
    html! {
        p .plan-state .(plan.state.name()) role="status" { strong { (plan.state.told()) } @if !plan.note.is_empty() { " – " (words::retold(&plan.note)) } }
        progress max=(plan.total.max(1)) value=(known) aria-label=(words::text!("letters that have come to their end")) {}
        p { (words::tr!("{} of {} letters have come to their end, {} are under way", parts::number(known), parts::number(plan.total), parts::number(plan.under_way()))) @if let Some(rate) = plan.rate { ", " (words::tr!("{rate} per second")) } }
        ul .legend { @for (end, count) in &plan.outcomes { li class=(format!("part-{}", end.name())) { span { (words::said(end.name())) } strong { (parts::number(*count)) } } } }
    }
}

fn actions(ask: &Ask, plan: &Plan) -> Markup {
    let path = |what: &str| format!("/plans/{}/{what}", plan.id);
    let runs = matches!(
        plan.state,
        Stands::Planned | Stands::Paused | Stands::Stopped | Stands::Sent
    );
    html! {
        div .row {
            @if runs {
                (parts::form(ask, &path("run"), html! {
                    @if plan.state == Stands::Planned {
                        label .choice { input type="checkbox" name="canary" value="yes" checked; (words::text!("try 1, then 10 letters first")) }
                        button .primary { (words::tr!("Replay {} letters", parts::number(plan.total))) }
                    } @else { button .primary { (words::text!("Go on")) } }
                }))
            }
            @if plan.state == Stands::Running {
                (parts::form(ask, &path("pause"), html! { (parts::reason()) button { (words::text!("Pause")) } }))
            }
            @if !plan.state.is_over() {
                (parts::form(ask, &path("cancel"), html! { (parts::reason()) button data-confirm=(words::text!("End this plan? What it has not replayed stays where it is.")) { (words::text!("End it")) } }))
            }
        }
    }
}

fn about(plan: &Plan) -> Markup {
    let when = |at: Option<i64>| html! { @match at { Some(at) => (parts::time(at)), None => "–" } };
    html! {
        dl .facts {
            dt { (words::text!("which letters")) } dd { (words::retold(&plan.filter)) " (" (parts::stage_name(&plan.stage)) ")" }
            dt { (words::text!("reason")) } dd { (plan.reason) }
            dt { (words::text!("by")) } dd { (plan.operator) ", " (parts::time(plan.made_at)) }
            dt { (words::text!("begins with")) } dd { (plan.from.in_words(&plan.stage)) }
            dt { (words::text!("run first")) } dd { (when(plan.begun_at)) }
            dt { (words::text!("ended")) } dd { (when(plan.ended_at)) }
            @if !plan.changed_by.is_empty() { dt { (words::text!("changed last by")) } dd { (plan.changed_by) } }
        }
    }
}

fn preview(made: &Made) -> Markup {
    html! {
        h2 { (words::text!("What it would do")) }
        dl .facts {
            dt { (words::text!("customers")) } dd { (parts::number(made.customers)) }
            dt { (words::text!("overtaken meanwhile")) } dd { (parts::number(made.superseded)) }
            dt { (words::text!("died between")) } dd { (parts::time(made.died_between.0)) " – " (parts::time(made.died_between.1)) }
            dt { (words::text!("calls for details")) } dd { (parts::number(made.cost.detail_calls)) }
            dt { (words::text!("calls that write")) } dd { (words::tr!("{} to {}", parts::number(made.cost.write_calls_at_least), parts::number(made.cost.write_calls_at_most))) }
            @if let Some(seconds) = made.cost.seconds { dt { (words::text!("takes at least")) } dd { (parts::span(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000))) } }
            @if let Some(who) = &made.withheld { dt { (words::text!("not seen")) } dd { (words::retold(who)) } }
        }
        ul .groups { @for group in &made.groups { li { strong { (parts::number(group.count)) } " " code { (group.code) } " " (words::retold(&group.example)) } } }
        @if let Some(repair) = &made.repair { (samples(repair)) }
    }
}

/// Some letters before and after.
fn samples(repair: &Value) -> Markup {
    let count = |name: &str| parts::number(repair[name].as_u64().unwrap_or(0));
    let list = |name: &str| repair[name].as_array().cloned().unwrap_or_default();
    html! {
        h2 { (words::text!("What would change")) }
        p { (words::tr!("{} letters fit, {} stay as they are", count("fitting"), count("misfits"))) }
        @for sample in list("samples") {
            h3 .id { (sample["letter"].as_str().unwrap_or_default()) }
            @if sample["cells"].is_object() { (difference(&sample["cells"]["before"], &sample["cells"]["after"])) }
            @else { p { (words::text!("It is mapped anew.")) } }
        }
        @for misfit in list("unfit") {
            p .note { span .id { (misfit["letter"].as_str().unwrap_or_default()) } " " (misfit["problem"].as_str().unwrap_or_default()) }
        }
    }
}

fn difference(before: &Value, after: &Value) -> Markup {
    let changed = replay::letter::difference::differences(before, after);
    let text = |value: &Value| match value {
        Value::Null => words::text!("(empty)").to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    html! {
        table .diff {
            thead { tr { th { (words::text!("Cell")) } th { (words::text!("Before")) } th { (words::text!("After")) } } }
            tbody { @for one in changed { tr {
                td { (one.caption.clone().unwrap_or_else(|| one.place())) }
                td { del { (text(&one.before)) } }
                td { ins { (text(&one.after)) } }
            } } }
        }
    }
}

fn letters(one: &One) -> Markup {
    if one.letters.is_empty() {
        return html! {};
    }
    html! {
        h2 { (words::text!("What became of each letter")) }
        div .scroll tabindex="0" {
            table {
                thead { tr { th { (words::text!("Letter")) } th { (words::text!("Customer")) } th { (words::text!("What became of it")) } th { (words::text!("Where")) } th { (words::text!("Why")) } th { (words::text!("When")) } } }
                tbody { @for moved in &one.letters {
                    tr .bad[moved.what == "died"] {
                        td .id { @if moved.again.is_empty() { (moved.letter) } @else { a href=(parts::letter(moved.stage, &moved.again)) { (moved.letter) } } }
                        td { (parts::customer(&moved.company_id)) }
                        td { (event(&moved.what)) }
                        td { (parts::stage_name(moved.stage)) }
                        td { code { (moved.reason) } }
                        td { (parts::time(moved.at)) }
                    }
                } }
            }
        }
        @if one.more { p .note { (words::text!("There are more; `dead outcomes` lists them all.")) } }
    }
}

/// What became of a letter, as people of any language read it.
fn event(word: &str) -> String {
    replay::trace::told_word(word)
}

async fn run(State(app): State<App>, ask: Ask, Path(id): Path<String>, filled: Filled) -> Result<Response> {
    work::run(&app, &ask, &id, !filled.text("canary").is_empty()).await?;
    Ok(back(&id))
}

async fn pause(State(app): State<App>, ask: Ask, Path(id): Path<String>, filled: Filled) -> Result<Response> {
    work::pause(&app, &ask, &id, filled.text("reason")).await?;
    Ok(back(&id))
}

async fn cancel(
    State(app): State<App>,
    ask: Ask,
    Path(id): Path<String>,
    filled: Filled,
) -> Result<Response> {
    work::cancel(&app, &ask, &id, filled.text("reason")).await?;
    Ok(back(&id))
}

fn back(id: &str) -> Response {
    Redirect::to(&format!("/plans/{id}")).into_response()
}
