//! `/`: whether all is well.

use super::{Page, chart, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Result, live},
    views::overview::{View, view},
};
use axum::{Router, extract::State, response::Response, routing::get};
use maud::{Markup, html};
use pipeline::{doctor::Health, stage::Stage};
use replay::overview::{StageView, Verdict};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(page)).route("/live/", get(updates))
}

async fn page(State(app): State<App>, ask: Ask) -> Result<Response> {
    let view = view(&app, &ask).await?;
    Ok(ask.page(|| shown(&ask, &view)))
}

async fn updates(State(app): State<App>, ask: Ask) -> Result<Response> {
    let (own, asked) = (app.clone(), ask.clone());
    live(&app, &ask, move || {
        let (app, ask) = (own.clone(), asked.clone());
        async move {
            let view = view(&app, &ask).await?;
            Ok(ask.inside(|| shown(&ask, &view)).into_string())
        }
    })
}

fn shown(ask: &Ask, view: &View) -> Page {
    let overview = &view.overview;
    let state = match overview.verdict {
        Verdict::Well => "well",
        Verdict::Loading => "unknown",
        Verdict::NotWell => "not-well",
        Verdict::Unknown => "unknown",
    };
    let body = html! {
        section #verdict .verdict .(state) data-live role="status" {
            h1 { (overview.sentence) }
            p { (parts::time(view.now)) }
        }
        section #flow data-live aria-label=(words::text!("The three stages")) {
            ol .flow { @for stage in &overview.stages { (stage_card(ask, view, stage)) } }
        }
        section #todo data-live { (findings(view)) }
        div .columns {
            section #customers-bar data-live {
                h2 { (words::text!("Where customers are")) }
                (books(view))
            }
            section #freshness data-live {
                h2 { (words::text!("How fresh the form is")) }
                (freshness(view))
                @if ask.principal.may(Role::Operator) { (list_now(ask)) }
            }
        }
        section #day data-live {
            h2 { (words::text!("The last 24 hours")) }
            div .charts {
                (chart::day(words::text!("Rows written"), "rows", &view.day.rows, view.day.since, view.day.minutes))
                (chart::day(words::text!("Attempts that failed"), "retries", &view.day.retries, view.day.since, view.day.minutes))
                (chart::day(words::text!("Letters that died"), "deaths", &view.day.deaths, view.day.since, view.day.minutes))
            }
            @if !view.current {
                p .note { (words::text!("The account of events is still being read; these numbers grow.")) }
            }
        }
        section #runs data-live {
            h2 { a href="/runs" { (words::text!("Last runs that moved something")) } }
            (super::runs::table(&view.runs))
        }
    };
    Page::live(words::text!("Overview"), body)
}

fn stage_card(ask: &Ask, view: &View, stage: &StageView) -> Markup {
    let state = match (stage.replicas, stage.paused.is_empty()) {
        (0, _) => ("down", words::text!("does not run").to_owned()),
        (_, true) => ("works", words::text!("works").to_owned()),
        (_, false) => {
            let pauses = stage
                .paused
                .iter()
                .map(|paused| words::said(paused.pause.reason.summary()).to_owned());
            ("paused", words::sentences(&pauses.collect::<Vec<_>>()))
        }
    };
    let dead = stage.dead.is_none_or(|dead| dead > 0);
    let of_stage = Stage::named(stage.stage).filter(|_| ask.principal.may(Role::Operator));
    let rests = view
        .decisions
        .iter()
        .any(|decision| decision.stage.name() == stage.stage && decision.paused);
    html! {
        li .card .(state.0) {
            h2 { (parts::stage_name(stage.stage)) small { (stage.program) } }
            p .state { (state.1) }
            dl {
                div { dt { (words::text!("replicas")) } dd { (stage.replicas) } }
                div { dt { (words::text!("waiting")) } dd { (parts::maybe(stage.waiting)) } }
                div { dt { (words::text!("retrying")) } dd { (parts::maybe(stage.retrying)) } }
                div .bad[dead] { dt { (words::text!("dead")) } dd { a href=(format!("/dead/{}", stage.stage)) { (parts::maybe(stage.dead)) } } }
            }
            @if let Some(stage) = of_stage { (super::wishes::rest(ask, stage, rests)) }
        }
    }
}

fn findings(view: &View) -> Markup {
    let findings = &view.overview.findings;
    if findings.is_empty() {
        return parts::empty(words::text!("Nothing needs to be done."));
    }
    html! {
        h2 { (words::text!("What to do")) }
        ul .findings {
            @for finding in findings {
                li .(if finding.health == Health::Bad { "bad" } else { "risk" }) {
                    span .sign aria-hidden="true" { (finding.health.sign()) }
                    div {
                        p .seen { strong { (words::said(&finding.what)) } " " (finding.seen) }
                        p .remedy { "→ " (parts::coded(&finding.remedy)) }
                        @if let Some(path) = letters_of(view, &finding.remedy) {
                            p { a href=(path) { (words::text!("Look at these letters")) } }
                        }
                    }
                }
            }
        }
    }
}

/// The page of what a remedy of the commands is about.
fn letters_of(view: &View, remedy: &str) -> Option<String> {
    let stages = &view.overview.stages;
    let stage = stages
        .iter()
        .find(|stage| remedy.contains(&format!("`{} dead ", stage.program)))?;
    let group = remedy
        .split_once("--group ")
        .and_then(|(_, rest)| rest.split([' ', '`']).next());
    Some(group.map_or_else(
        || format!("/dead/{}", stage.stage),
        |group| format!("/dead/{}/{group}", stage.stage),
    ))
}

fn books(view: &View) -> Markup {
    let account = &view.overview.account;
    if account.listed == 0 {
        return parts::empty(words::text!(
            "Nobody has been listed so far; the first run fills this."
        ));
    }
    html! {
        p { (words::tr!("listed {} times", parts::number(account.listed))) }
        (chart::whole(&account.parts()))
    }
}

fn list_now(ask: &Ask) -> Markup {
    html! {
        details .rest {
            summary { (words::text!("List now")) }
            (parts::form(ask, "/wishes", html! {
                input type="hidden" name="kind" value="list-now";
                (parts::reason()) button { (words::text!("List now")) }
            }))
        }
    }
}

fn freshness(view: &View) -> Markup {
    let freshness = &view.overview.freshness;
    html! {
        dl .facts {
            dt { (words::text!("changes are listed up to")) }
            dd {
                @match freshness.checkpoint {
                    Some(at) => { (parts::time(at * 1_000)) " (" (parts::ago(view.now, at * 1_000)) ")" },
                    None => (words::text!("nothing has been listed so far")),
                }
            }
            dt { (words::text!("waiting longest")) }
            dd {
                @match (&freshness.oldest, freshness.oldest_s) {
                    (Some(id), Some(seconds)) => { (parts::customer(id)) " " (parts::span(seconds * 1_000)) },
                    _ => (words::text!("nobody: every listed change is finished")),
                }
            }
        }
    }
}
