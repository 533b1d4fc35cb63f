//! One dead letter: why it died, what it holds, what can be done with it.

use super::{Page, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Failure, Question, Result},
    views::{customers::row_page_of, dead::letter, stage},
    work,
};
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use maud::{Markup, html};
use pipeline::stage::Stage;
use readmodel::read::letters::Whole;
use serde::Deserialize;
use serde_json::Value;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/dead/{stage}/letter", get(page))
        .route("/dead/letters/{id}", get(anywhere))
}

#[derive(Debug, Deserialize)]
struct Asked {
    id: String,
}

async fn page(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    Question(Asked { id }): Question<Asked>,
) -> Result<Response> {
    let stage = stage(&word)?;
    let letter = letter(&app, &ask, stage, &id).await?;
    let has_draft = work::draft(&app, &ask, stage, &id).is_ok();
    let company = letter.listed.record["company_id"].as_str().unwrap_or_default();
    let row = row_page_of(&app, &ask, company).await?;
    Ok(ask.page(|| shown(&ask, stage, &letter, has_draft, row.as_deref())))
}

/// The same, nothing masked: it is on record that somebody has seen it.
pub(super) fn revealed(ask: &Ask, stage: Stage, letter: &Whole) -> Page {
    let Page { title, body, live } = shown(ask, stage, letter, false, None);
    let body = html! {
        p .trouble role="status" { (words::text!("Nothing is masked here. The audit log says that you have seen this letter.")) }
        (body)
    };
    Page { title, body, live }
}

/// A letter whose stage nobody has said.
async fn anywhere(State(app): State<App>, ask: Ask, Path(id): Path<String>) -> Result<Response> {
    for stage in Stage::ALL {
        match letter(&app, &ask, stage, &id).await {
            Ok(_) => return Ok(Redirect::to(&parts::letter(stage.name(), &id)).into_response()),
            Err(Failure::NotFound(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::nothing(words::kept!(
        "no dead letter `{id}` in any stage; it may have been replayed or discarded"
    )))
}

fn shown(ask: &Ask, stage: Stage, letter: &Whole, has_draft: bool, row: Option<&str>) -> Page {
    let record = &letter.listed.record;
    let id = record["id"].as_str().unwrap_or_default();
    let digits = id.rsplit('~').next().unwrap_or_default();
    let title = words::tr!("Letter {digits}");
    let body = html! {
        nav .trail {
            a href="/dead" { (words::sense(words::mark!("page: Dead letters"))) } " › "
            a href=(format!("/dead/{stage}")) { (parts::stage_name(stage.name())) } " › "
            a href=(format!("/dead/{stage}/{}", letter.listed.group)) { (letter.listed.group) }
        }
        h1 { (title) }
        (facts(letter, row))
        h2 { (words::text!("Attempts")) }
        (attempts(record))
        h2 { (words::text!("What it holds")) }
        @if ask.principal.may(Role::Admin) { (in_full(ask, stage, digits, has_draft)) }
        @match &letter.body {
            None => (parts::empty(words::text!("Nobody has seen this letter in its queue yet; it is looked at now, load this page again in a few seconds."))),
            Some(body) => (held(body)),
        }
        @if ask.principal.may(Role::Operator) { (decide(ask, stage, digits)) }
    };
    Page::still(title, body)
}

fn facts(letter: &Whole, row: Option<&str>) -> Markup {
    let record = &letter.listed.record;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fact = |name: &str, value: String| {
        html! { @if !value.is_empty() { dt { (name) } dd { (value) } } }
    };
    html! {
        dl .facts {
            dt { (words::text!("customer")) } dd { (parts::customer(&text(&record["company_id"]))) }
            @if let Some(page) = row { dt { (words::text!("row")) } dd { (parts::row_page(page)) } }
            dt { (words::text!("reason")) } dd { code { (text(&record["code"])) } " " (replay::when::retold(&text(&record["message"]))) }
            @if record["vendor"].is_object() {
                dt { (words::text!("vendor")) } dd { code { (text(&record["vendor"]["code"])) } " " (text(&record["vendor"]["message"])) }
            }
            (fact(words::text!("field"), text(&record["field"])))
            (fact(words::text!("formula"), text(&record["expression"])))
            dt { (words::text!("died")) } dd { (parts::time(record["last_failed_at"].as_i64().unwrap_or(0))) }
            dt { (words::text!("replayed before")) } dd { (record["replays"].as_u64().unwrap_or(0)) }
            @if let Some(plan) = record["last_replay"].as_str() { dt { (words::text!("last plan")) } dd { a .id href=(format!("/plans/{plan}")) { (plan) } } }
            (fact(words::text!("restored by"), letter.listed.restored_by.clone().unwrap_or_default()))
            (fact(words::text!("run"), text(&record["run_id"])))
            (fact(words::text!("version"), text(&record["version"])))
            (fact(words::text!("given up by"), format!("{} {}", text(&record["instance"]), text(&record["program_version"]))))
            (fact(words::text!("digest of the mapping"), text(&record["mapping"])))
            (fact("id", text(&record["id"])))
        }
    }
}

fn attempts(record: &Value) -> Markup {
    let all = record["attempts"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    html! {
        ol .attempts {
            @for attempt in all {
                li {
                    (parts::time(attempt["at"].as_i64().unwrap_or(0))) " "
                    code { (attempt["code"].as_str().unwrap_or_default()) } " "
                    (replay::when::retold(attempt["message"].as_str().unwrap_or_default()))
                    " → " (words::said(attempt["action"].as_str().unwrap_or_default()))
                }
            }
        }
    }
}

/// A form record cell by cell, anything else as JSON.
pub(super) fn held(body: &Value) -> Markup {
    let Some(cells) = body.get("fields").and_then(Value::as_array) else {
        return html! { pre tabindex="0" { (text_of(body)) } };
    };
    let mut rest = body.clone();
    if let Some(rest) = rest.as_object_mut() {
        rest.shift_remove("fields");
    }
    html! {
        div .scroll tabindex="0" {
            table {
                thead { tr { th { (words::text!("Cell")) } th { (words::text!("Value")) } th { (words::text!("Kind")) } th { (words::text!("Widget")) } } }
                tbody {
                    @for cell in cells {
                        @let (kind, value) = value_of(cell);
                        tr {
                            td { (cell["label"].as_str().unwrap_or_default()) }
                            td .text { @if kind.is_empty() { span .muted { (words::text!("(empty)")) } } @else { (value) } }
                            td { (kind) }
                            td .id { (cell["field"].as_str().unwrap_or_default()) }
                        }
                    }
                }
            }
        }
        details { summary { (words::text!("Everything else")) } pre { (text_of(&rest)) } }
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

/// Kind and value of a cell.
pub(super) fn value_of(cell: &Value) -> (String, String) {
    let member = cell.as_object().and_then(|cell| {
        let mut members = cell.iter();
        members.find(|(name, _)| !["field", "label"].contains(&name.as_str()))
    });
    member.map_or_else(Default::default, |(kind, value)| match value {
        Value::String(text) => (kind.clone(), text.clone()),
        value => (kind.clone(), value.to_string()),
    })
}

/// What only an admin does with what it holds.
fn in_full(ask: &Ask, stage: Stage, digits: &str, has_draft: bool) -> Markup {
    let edit = match has_draft {
        true => words::text!("Go on with your draft"),
        false => words::text!("Edit …"),
    };
    parts::form(
        ask,
        &format!("/dead/{stage}/letter/reveal"),
        html! {
            input type="hidden" name="id" value=(digits);
            div .row {
                button title=(words::text!("The audit log says that you have seen it.")) { (words::text!("Show in full")) }
                button formaction=(format!("/dead/{stage}/letter/edit")) title=(words::text!("The audit log says that you have seen it.")) { (edit) }
            }
        },
    )
}

fn decide(ask: &Ask, stage: Stage, digits: &str) -> Markup {
    parts::form(
        ask,
        &format!("/dead/{stage}/plan"),
        html! {
            input type="hidden" name="id" value=(digits);
            input type="hidden" name="which" value="ticked";
            fieldset .decide {
                legend { (words::text!("What becomes of it")) }
                div .row { (parts::reason()) }
                div .row {
                    button .primary { (words::text!("Plan a replay")) }
                    @if stage != Stage::Extract { button name="from" value="fetch" { (words::text!("Plan to fetch the customer anew")) } }
                    button formaction=(format!("/dead/{stage}/repair")) { (words::text!("Change values …")) }
                    (super::chooser::exports(ask, stage))
                    button formaction=(format!("/dead/{stage}/discard")) data-confirm=(words::text!("Discard this letter? It can be restored for 30 days.")) { (words::text!("Discard")) }
                }
            }
        },
    )
}
