//! `/health`: every replica of every program.

use super::{Page, doctors, parts};
use crate::{
    server::{App, Ask, Result, live},
    views::health::{View, view},
};
use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use maud::{Markup, html};
use pipeline::heartbeat::Replica;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/health", get(page))
        .route("/live/health", get(updates))
        .route("/health/doctors", post(doctors::ask_all))
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
    let title = words::text!("Health");
    let body = html! {
        h1 { (title) }
        section #replicas data-live {
            h2 { (words::text!("Replicas")) }
            @if view.replicas.is_empty() {
                (parts::empty(words::text!("No program has been heard within the last ten minutes; start extractor, transformer and loader.")))
            }
            div .replicas { @for replica in &view.replicas { (card(view, replica)) } }
        }
        section #ask-doctors { (doctors::asking(ask)) }
        section #doctors data-live { (doctors::shown(&view.doctors, view.now)) }
        section #model data-live {
            h2 { (words::text!("Read model of this desk")) }
            dl .facts {
                dt { (words::text!("account of events")) }
                dd { @if view.model.current { (words::text!("read to its end")) } @else { (words::text!("still being read, or the broker does not answer")) } }
                dt { (words::text!("made anew")) }
                dd { (words::tr!("{} times since this process runs", view.model.begun_anew)) }
                @for (stage, known) in &view.model.letters {
                    dt { (parts::stage_name(stage)) }
                    dd { (letters(known)) }
                }
            }
        }
    };
    Page::live(title, body)
}

/// How many letters there are, how many are only half known, when they were seen.
fn letters(known: &readmodel::read::known::Known) -> String {
    let mut parts = vec![words::tr!("{} letters", parts::number(known.letters))];
    if known.unseen > 0 {
        let unseen = parts::number(known.unseen);
        parts.push(words::tr!("{unseen} of them not seen in their queue yet"));
    }
    if let Some(at) = known.walked_at {
        parts.push(words::tr!("walked over at {}", replay::when::time(at)));
    }
    words::clauses(&parts)
}

fn card(view: &View, replica: &Replica) -> Markup {
    let heartbeat = &replica.heartbeat;
    let (class, state) = match () {
        () if replica.is_silent() => (
            "down",
            words::tr!("silent for {}", parts::span(replica.heard_ms_ago)),
        ),
        () if heartbeat.draining => ("paused", words::tr!("ends")),
        () if heartbeat.paused.is_empty() => ("works", words::tr!("works")),
        () => ("paused", words::tr!("paused")),
    };
    html! {
        article .card .(class) {
            h3 { (heartbeat.service) small { (heartbeat.instance) } }
            p .state { (state) }
            dl .facts {
                dt { (words::text!("version")) } dd { (heartbeat.version) }
                dt { (words::text!("since")) } dd { (parts::time(heartbeat.since.as_millisecond())) " (" (parts::ago(view.now, heartbeat.since.as_millisecond())) ")" }
                @for pause in &heartbeat.paused {
                    dt { (words::said(pause.reason.summary())) }
                    dd { (replay::when::retold(&pause.detail)) " – " (parts::time(pause.since.as_millisecond())) }
                }
            }
            details {
                summary { (words::text!("What its parts say")) }
                pre { (serde_json::to_string_pretty(&heartbeat.status).unwrap_or_default()) }
            }
        }
    }
}
