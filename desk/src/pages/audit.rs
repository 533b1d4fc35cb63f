//! `/audit`: who did what, when and why.

use super::{Page, parts};
use crate::{
    server::{App, Ask, Question, Result},
    views::record::{Asked, View, view},
};
use axum::{Router, extract::State, response::Response, routing::get};
use maud::{Markup, html};
use replay::audit::Entry;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/audit", get(page))
}

async fn page(State(app): State<App>, ask: Ask, Question(asked): Question<Asked>) -> Result<Response> {
    let view = view(&app, &ask, &asked).await?;
    Ok(ask.page(|| shown(&view, &asked)))
}

fn shown(view: &View, asked: &Asked) -> Page {
    let title = words::text!("Audit log");
    let field = |name: &str, told: &str, value: &Option<String>| {
        html! { label { span { (told) } input name=(name) value=(value.as_deref().unwrap_or_default()) autocomplete="off"; } }
    };
    let body = html! {
        h1 { (title) }
        form .filter method="get" action="/audit" {
            (field("operator", words::text!("Who"), &asked.operator))
            (field("action", words::text!("What"), &asked.action))
            (field("stage", words::text!("Stage"), &asked.stage))
            button { (words::text!("Filter")) }
        }
        @if view.damaged > 0 {
            p .trouble role="alert" { (words::tr!("{} entries were changed or taken away after they were written; `dead audit` names them.", view.damaged)) }
        } @else {
            p .note { (words::tr!("{} entries, each with the right digest", parts::number(view.read))) }
        }
        @if view.entries.is_empty() {
            (parts::empty(words::text!("Nobody has done anything that matches.")))
        } @else {
            div .scroll tabindex="0" {
                table {
                    thead { tr {
                        th { (words::text!("Time")) } th { (words::text!("Who")) } th { (words::text!("What")) }
                        th { (words::text!("Stage")) } th { (words::text!("Which letters")) } th { (words::text!("Reason")) } th { (words::text!("Of")) }
                    } }
                    tbody { @for entry in &view.entries { (row(entry)) } }
                }
            }
        }
    };
    Page::still(title, body)
}

/// What was done, as people of any language read it.
const ACTIONS: [&str; 26] = [
    words::mark!("action: plan"),
    words::mark!("action: replay"),
    words::mark!("action: resume"),
    words::mark!("action: cancel"),
    words::mark!("action: pause"),
    words::mark!("action: adopt"),
    words::mark!("action: discard"),
    words::mark!("action: undo"),
    words::mark!("action: import"),
    words::mark!("action: export"),
    words::mark!("action: edit"),
    words::mark!("action: patch"),
    words::mark!("action: reveal"),
    words::mark!("action: tidy"),
    words::mark!("action: rule"),
    words::mark!("action: rule add"),
    words::mark!("action: rule on"),
    words::mark!("action: rule off"),
    words::mark!("action: rule remove"),
    words::mark!("action: wish cancel"),
    words::mark!("action: map again"),
    words::mark!("action: wish"),
    words::mark!("action: pause-stage"),
    words::mark!("action: resume-stage"),
    words::mark!("action: ended"),
    words::mark!("action: failed"),
];

fn action(word: &str) -> String {
    let told = |word: &str| {
        let sense = ACTIONS
            .iter()
            .find(|sense| sense.strip_prefix("action: ") == Some(word));
        sense.map_or_else(|| word.to_owned(), |sense| words::sense(sense).to_owned())
    };
    match word.rsplit_once(' ') {
        Some((what, end @ ("ended" | "failed"))) => format!("{} {}", told(what), told(end)),
        _ => told(word),
    }
}

/// What was asked of running services.
fn wished(entry: &Entry) -> String {
    let result: serde_json::Value = serde_json::from_str(&entry.result).unwrap_or_default();
    words::retold(result["what"].as_str().unwrap_or_default())
}

fn row(entry: &Entry) -> Markup {
    let at = entry
        .id
        .split('-')
        .next()
        .and_then(|ms| ms.parse().ok())
        .unwrap_or(0);
    html! {
        tr .bad[!entry.intact] {
            td { (parts::time(at)) }
            td { (entry.operator) }
            td { (action(&entry.action)) @if !entry.intact { " ✗" } }
            td { (parts::stage_name(&entry.stage)) }
            td { (words::retold(&entry.filter)) (wished(entry)) }
            td { (entry.reason) }
            td {
                @if entry.subject.starts_with("p-") { a .id href=(format!("/plans/{}", entry.subject)) { (entry.subject) } }
                @else { span .id { (entry.subject) } }
            }
        }
    }
}
