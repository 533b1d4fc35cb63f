//! `/dead`: letters by cause, and page by page; choosing some of them and deciding what becomes of them.

use super::{Page, chart, chooser, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Failure, Filled, Question, Result, live},
    views::{
        dead::{Asked, Groups, Page as Letters, groups, page as letters},
        stage,
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
use pipeline::stage::Stage;
use replay::{
    browse::{Filter, Group},
    plan::{options::Options, start::Start},
    query::Query as Letter,
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/dead", get(all))
        .route("/live/dead", get(updates))
        .route("/dead/{stage}", get(list))
        .route("/dead/{stage}/{group}", get(of_group))
        .route("/dead/{stage}/plan", post(plan))
        .route("/dead/{stage}/discard", post(discard))
}

async fn all(State(app): State<App>, ask: Ask) -> Result<Response> {
    let groups = every_stage(&app, &ask).await?;
    let drafts = work::drafts(&app, &ask);
    Ok(ask.page(|| {
        let page = overview(&groups);
        Page {
            body: html! { (page.body) (super::edit::list(&drafts)) },
            ..page
        }
    }))
}

async fn updates(State(app): State<App>, ask: Ask) -> Result<Response> {
    let (own, asked) = (app.clone(), ask.clone());
    live(&app, &ask, move || {
        let (app, ask) = (own.clone(), asked.clone());
        async move {
            let groups = every_stage(&app, &ask).await?;
            Ok(ask.inside(|| overview(&groups)).into_string())
        }
    })
}

async fn every_stage(app: &App, ask: &Ask) -> Result<Vec<Groups>> {
    let mut all = Vec::new();
    for stage in Stage::ALL {
        all.push(groups(app, ask, stage, Letter::Everything).await?);
    }
    Ok(all)
}

fn overview(all: &[Groups]) -> Page {
    let title = words::sense(words::mark!("page: Dead letters"));
    let none = all.iter().all(|stage| stage.letters == 0);
    let body = html! {
        h1 { (title) }
        section #groups data-live {
            @if none && all.iter().all(|stage| stage.complete) {
                (parts::empty(words::text!("There is no dead letter: everything that was listed is in the form or on its way.")))
            }
            @for stage in all {
                @if stage.letters > 0 || !stage.complete {
                    h2 {
                        a href=(format!("/dead/{}", stage.stage)) { (parts::stage_name(stage.stage)) }
                        " " small { (words::tr!("{} letters", parts::number(stage.letters))) }
                    }
                    @if !stage.complete { p .note { (words::text!("The read model does not know all of these letters yet; the numbers grow.")) } }
                    (group_table(stage))
                }
            }
        }
    };
    Page::live(title, body)
}

pub(super) fn group_table(all: &Groups) -> Markup {
    let (stage, groups) = (all.stage, &all.groups);
    let none = vec![0; 24];
    let bars = |group: &Group| chart::trend(all.trends.get(&group.group).unwrap_or(&none), all.trends_since);
    html! {
        @if !groups.is_empty() {
            div .scroll tabindex="0" {
                table {
                    thead { tr {
                        th .number { (words::text!("Letters")) } th { (words::text!("Last 24 hours")) } th { (words::text!("Code")) } th { (words::text!("Field")) }
                        th { (words::text!("Example")) } th { (words::text!("First")) } th { (words::text!("Last")) }
                        th .number { (words::text!("replayed before")) } th { (words::text!("Versions")) }
                    } }
                    tbody {
                        @for group in groups {
                            tr {
                                td .number { a href=(format!("/dead/{stage}/{}", group.group)) { (parts::number(group.count)) } }
                                td { (bars(group)) }
                                td .code { a href=(format!("/dead/{stage}/{}", group.group)) { code { (group.code) } } }
                                td { (group.field.as_deref().unwrap_or("–")) }
                                td .text { (replay::when::retold(&group.example)) }
                                td { (parts::time(group.first_failed_at)) }
                                td { (parts::time(group.last_failed_at)) }
                                td .number { (parts::number(group.replayed_before)) }
                                td { (group.versions.iter().cloned().collect::<Vec<_>>().join(", ")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

async fn of_group(
    State(app): State<App>,
    ask: Ask,
    Path((stage, group)): Path<(String, String)>,
    Question(asked): Question<Asked>,
) -> Result<Response> {
    let asked = Asked {
        query: Some(format!("group={group}")),
        ..asked
    };
    listed(&app, &ask, &stage, &asked).await
}

async fn list(
    State(app): State<App>,
    ask: Ask,
    Path(stage): Path<String>,
    Question(asked): Question<Asked>,
) -> Result<Response> {
    listed(&app, &ask, &stage, &asked).await
}

async fn listed(app: &App, ask: &Ask, word: &str, asked: &Asked) -> Result<Response> {
    let stage = stage(word)?;
    let page = letters(app, ask, stage, asked).await?;
    let meant = groups(app, ask, stage, asked.query(ask)?).await?;
    Ok(ask.page(|| shown(ask, stage, &page, &meant, asked)))
}

fn shown(ask: &Ask, stage: Stage, page: &Letters, meant: &Groups, asked: &Asked) -> Page {
    let name = parts::stage_name(stage.name());
    let title = words::tr!("Dead letters: {name}");
    let query = asked.query.as_deref().unwrap_or_default();
    let path = format!("/dead/{stage}");
    let next = page
        .next
        .map(|next| parts::address(&path, &[("where", query), ("after", &next.to_string())]));
    let body = html! {
        nav .trail { a href="/dead" { (words::sense(words::mark!("page: Dead letters"))) } " › " (name) }
        h1 { (title) }
        form .filter method="get" action=(path) role="search" {
            label .wide { span { (words::text!("Which letters")) }
                input name="where" value=(query) autocomplete="off" spellcheck="false"
                    placeholder="code=row-refused and not (age>2h or field=\"客户名称\")"; }
            button { (words::text!("Filter")) }
            @if !query.is_empty() { a href=(path) { (words::text!("All")) } }
            @if ask.principal.may(Role::Admin) {
                @if !query.is_empty() { a href=(super::rules::of(stage.name(), query)) { (words::text!("Make a rule of these …")) } }
                a href=(format!("/dead/{stage}/import")) { (words::text!("Import …")) }
            }
        }
        details .help { summary { (words::text!("How to write it")) } p { (words::text!("Conditions with and, or, not and brackets. Names: id, code, vendor-code, field, group, stage, key, plan, outcome (new, failed-again, restored), version, restored-by, text, attempts, replays, time, age.")) } }
        @if !page.complete { p .note { (words::text!("The read model does not know all of these letters yet.")) } }
        p { (words::tr!("{} letters are meant, of {} in this stage", parts::number(meant.letters), parts::number(page.known.letters))) }
        @if page.letters.is_empty() {
            (parts::empty(words::text!("No letter on this page is meant.")))
            @if let Some(next) = &next { p { a href=(next) { (words::text!("Search on")) } } }
        } @else {
            (chooser::chooser(ask, stage, page, meant, query))
            @if let Some(next) = &next { p { a href=(next) { (words::text!("Next page")) } } }
        }
    };
    Page::still(title, body)
}

/// The letters that a filled form means, and the same in the grammar of queries.
pub(super) fn chosen(ask: &Ask, filled: &Filled) -> Result<Filter> {
    let query = match filled.text("which") {
        "all" => filled.text("where").to_owned(),
        _ => {
            let ids: Vec<_> = filled
                .all("id")
                .filter(|id| {
                    id.chars()
                        .all(|c| c.is_ascii_alphanumeric() || "._-~:".contains(c))
                })
                .collect();
            if ids.is_empty() {
                return Err(Failure::invalid(
                    "which",
                    words::kept!("tick some letters, or choose all that are meant"),
                ));
            }
            format!("id={}", ids.join(","))
        }
    };
    let asked = Asked {
        query: Some(query),
        ..Asked::default()
    };
    Ok(Filter::from(asked.query(ask)?))
}

/// How fast, as somebody has written it.
pub(super) fn options(ask: &Ask, filled: &Filled) -> Result<Options> {
    let rate = match filled.text("rate") {
        "" => None,
        text => Some(
            words::scoped(ask.language, || text.parse())
                .map_err(|problem: String| Failure::invalid("rate", problem))?,
        ),
    };
    Ok(Options {
        rate,
        ..Options::default()
    })
}

async fn plan(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    let (stage, filter, options) = (stage(&word)?, chosen(&ask, &filled)?, options(&ask, &filled)?);
    let from: Start = match filled.text("from") {
        "" => Start::Step,
        text => text
            .parse()
            .map_err(|problem: String| Failure::invalid("from", problem))?,
    };
    let repair = from.repair(stage)?;
    let id = work::make(&app, &ask, stage, filter, filled.text("reason"), repair, options).await?;
    Ok(Redirect::to(&format!("/plans/{id}")).into_response())
}

async fn discard(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    let (stage, filter) = (stage(&word)?, chosen(&ask, &filled)?);
    work::discard(&app, &ask, stage, filter, filled.text("reason")).await?;
    Ok(Redirect::to("/plans#operations").into_response())
}
