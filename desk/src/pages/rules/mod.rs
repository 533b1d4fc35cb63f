//! `/rules`: what is put back by itself: all rules, one with what its next run would do, and making one.

mod form;

use super::{Page, dead, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Failure, Filled, Result},
    views::rules::{One, Test, all, one},
    work,
};
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use maud::{Markup, html};
use replay::rule::{Standing, change::Deed};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/rules", get(list).post(form::add))
        // No rule has such a name.
        .route("/rules/_new", get(form::new))
        .route("/rules/_try", post(form::tried))
        .route("/rules/{name}", get(page))
        .route("/rules/{name}/{deed}", post(change))
}

/// Where a rule for these letters is made.
pub(super) fn of(stage: &str, query: &str) -> String {
    parts::address("/rules/_new", &[("stage", stage), ("where", query)])
}

async fn list(State(app): State<App>, ask: Ask) -> Result<Response> {
    let rules = all(&app, &ask).await?;
    Ok(ask.page(|| every(&ask, &rules)))
}

fn every(ask: &Ask, rules: &[Standing]) -> Page {
    let title = words::text!("Rules");
    let body = html! {
        h1 { (title) }
        p .note { (words::text!("A rule replays letters by itself: so often, so fast, at these hours, and only as long as it helps.")) }
        @if ask.principal.may(Role::Admin) { p { a href="/rules/_new" { (words::text!("Make a rule …")) } } }
        @if rules.is_empty() {
            (parts::empty(words::text!("No letters are replayed by themselves.")))
        } @else {
            div .scroll tabindex="0" { table {
                thead { tr { th { (words::text!("Rule")) } th { (words::text!("Stage")) } th { (words::text!("Which letters")) } th { (words::text!("Every")) } th { (words::text!("State")) } th { (words::text!("Last run")) } th { (words::text!("Reason")) } th { (words::text!("By")) } } }
                tbody { @for rule in rules { (row(rule)) } }
            } }
        }
    };
    Page::still(title, body)
}

fn row(standing: &Standing) -> Markup {
    let rule = &standing.rule;
    html! {
        tr .bad[standing.off.is_some()] {
            td { a href=(format!("/rules/{}", rule.name)) { (rule.name) } }
            td { (parts::stage_name(&rule.stage)) }
            td .text { (rule.query) }
            td { (span(rule.every_ms)) }
            td { (state(standing)) }
            td { (last(standing)) }
            td .text { (rule.reason) }
            td { (rule.operator) }
        }
    }
}

fn span(ms: u64) -> String {
    parts::span(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn state(standing: &Standing) -> Markup {
    html! {
        @match &standing.off {
            None => (words::text!("on")),
            Some(off) => { (words::text!("off")) ": " (replay::when::retold(&off.why)) " (" (off.by) ")" }
        }
    }
}

fn last(standing: &Standing) -> Markup {
    html! {
        @if let Some(last) = &standing.last {
            (parts::time(last.begun_at)) " " (replay::when::retold(&last.note))
            @if let Some(plan) = &last.plan { " " a .id href=(format!("/plans/{plan}")) { (plan) } }
        } @else { "–" }
    }
}

async fn page(State(app): State<App>, ask: Ask, Path(name): Path<String>) -> Result<Response> {
    let one = one(&app, &ask, &name).await?;
    Ok(ask.page(|| shown(&ask, &one)))
}

fn shown(ask: &Ask, one: &One) -> Page {
    let rule = &one.standing.rule;
    let body = html! {
        nav .trail { a href="/rules" { (words::text!("Rules")) } }
        h1 { (words::text!("Rule")) " " span .id { (rule.name) } }
        dl .facts {
            dt { (words::text!("State")) } dd .bad[one.standing.off.is_some()] { (state(&one.standing)) }
            dt { (words::text!("Which letters")) } dd { (rule.query) " (" (parts::stage_name(&rule.stage)) ")" }
            dt { (words::text!("Every")) } dd { (span(rule.every_ms)) }
            dt { (words::text!("At most so fast")) } dd { @match rule.rate { Some(rate) => (rate), None => (words::text!("as fast as they are handled")) } }
            dt { (words::text!("Each letter at most so often")) } dd { (rule.most_replays) }
            @if let Some(most) = rule.at_most { dt { (words::text!("Letters of one run at most")) } dd { (parts::number(most)) } }
            @if let Some(hours) = rule.hours { dt { (words::text!("Only at these hours")) } dd { (hours) " " (rule.zone) } }
            dt { (words::text!("Switches itself off when more fail again than")) } dd { (format!("{:.0} %", rule.stop_at * 100.0)) }
            dt { (words::text!("Last run")) } dd { (last(&one.standing)) }
            dt { (words::text!("Reason")) } dd { (rule.reason) }
            dt { (words::text!("By")) } dd { (rule.operator) ", " (parts::time(rule.made_at)) }
        }
        @if ask.principal.may(Role::Admin) { (deeds(ask, &one.standing)) }
        (outcome(&one.test))
    };
    Page::still(rule.name.clone(), body)
}

fn deeds(ask: &Ask, standing: &Standing) -> Markup {
    let path = |deed: &str| format!("/rules/{}/{deed}", standing.rule.name);
    html! {
        form method="post" action=(path("off")) {
            input type="hidden" name="form_token" value=(ask.principal.form_token);
            fieldset .decide {
                legend { (words::text!("What becomes of it")) }
                div .row { (parts::reason()) }
                div .row {
                    @if standing.off.is_some() { button .primary formaction=(path("on")) { (words::text!("Switch on")) } }
                    @else { button { (words::text!("Switch off")) } }
                    button formaction=(path("remove")) data-confirm=(words::text!("Remove this rule? Its plans stay.")) { (words::text!("Remove")) }
                }
            }
        }
    }
}

/// What the next run would put back.
fn outcome(test: &Test) -> Markup {
    html! {
        section #test {
            h2 { (words::text!("What its next run would do")) }
            p { (words::tr!("{} letters are meant; the next run would replay {}", parts::number(test.groups.letters), parts::number(test.next_run))) }
            @if !test.groups.complete { p .note { (words::text!("The read model does not know all of these letters yet.")) } }
            (dead::group_table(&test.groups))
        }
    }
}

async fn change(
    State(app): State<App>,
    ask: Ask,
    Path((name, word)): Path<(String, String)>,
    filled: Filled,
) -> Result<Response> {
    let deed = Deed::named(&word).ok_or_else(|| Failure::nothing(words::kept!("there is no such page")))?;
    work::change_rule(&app, &ask, &name, deed, filled.text("reason")).await?;
    let to = match deed {
        Deed::Remove => "/rules".to_owned(),
        Deed::Off | Deed::On => format!("/rules/{name}"),
    };
    Ok(Redirect::to(&to).into_response())
}
