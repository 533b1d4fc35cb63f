//! `/audit`: who did what, when and why.

use super::{Page, parts};
use crate::{
    server::{App, Ask, Result},
    views::record::{Asked, View, view},
};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use replay::audit::Entry;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/audit", get(page))
}

async fn page(State(app): State<App>, ask: Ask, Query(asked): Query<Asked>) -> Result<Response> {
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
            td { (words::said(&entry.action)) @if !entry.intact { " ✗" } }
            td { (parts::stage_name(&entry.stage)) }
            td { (words::retold(&entry.filter)) }
            td { (entry.reason) }
            td {
                @if entry.subject.starts_with("p-") { a .id href=(format!("/plans/{}", entry.subject)) { (entry.subject) } }
                @else { span .id { (entry.subject) } }
            }
        }
    }
}
