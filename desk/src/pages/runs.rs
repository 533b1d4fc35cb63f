//! `/runs`: what was listed when, and what became of it.

use super::{Page, parts};
use crate::{
    server::{App, Ask, Question, Result},
    views::runs::view,
};
use axum::{Router, extract::State, response::Response, routing::get};
use maud::{Markup, html};
use readmodel::read::sums::Run;
use serde::Deserialize;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/runs", get(page))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    all: Option<String>,
}

async fn page(State(app): State<App>, ask: Ask, Question(asked): Question<Asked>) -> Result<Response> {
    let all = asked.all.is_some();
    let view = view(&app, &ask, all).await?;
    Ok(ask.page(|| {
        let title = words::text!("Runs");
        let body = html! {
            h1 { (title) }
            (table(&view.runs))
            @if view.idle > 0 {
                p .note {
                    (words::tr!("{} runs found nothing to do.", parts::number(view.idle as u64))) " "
                    a href="/runs?all=1" { (words::text!("Show them, too")) }
                }
            }
        };
        Page::still(title, body)
    }))
}

/// Runs and what became of their customers.
pub(super) fn table(runs: &[Run]) -> Markup {
    if runs.is_empty() {
        return parts::empty(words::text!("No run has moved anything yet."));
    }
    let count = |run: &Run, wanted: &[&str]| -> i64 {
        let of_kind = run
            .counts
            .iter()
            .filter(|count| wanted.contains(&count.what.as_str()));
        of_kind.map(|count| count.events).sum()
    };
    html! {
        div .scroll tabindex="0" {
            table {
                thead { tr {
                    th { (words::text!("Run")) }
                    th { (words::text!("Begun")) }
                    th { (words::text!("Last event")) }
                    th .number { (words::text!("listed")) }
                    th .number { (words::text!("fetched")) }
                    th .number { (words::text!("written")) }
                    th .number { (words::text!("unchanged")) }
                    th .number { (words::text!("filtered")) }
                    th .number { (words::text!("failed")) }
                } }
                tbody {
                    @for run in runs {
                        tr {
                            td .id { (run.run_id) }
                            td { (parts::time(run.first_at)) }
                            td { (parts::time(run.last_at)) }
                            td .number { (parts::number(count(run, &["listed"]))) }
                            td .number { (parts::number(count(run, &["fetched"]))) }
                            td .number { (parts::number(count(run, &["created", "updated", "removed"]))) }
                            td .number { (parts::number(count(run, &["unchanged", "skipped", "duplicate", "superseded"]))) }
                            td .number { (parts::number(count(run, &["filtered"]))) }
                            td .number { (parts::number(count(run, &["died"]))) }
                        }
                    }
                }
            }
        }
    }
}
