//! Letters as a file: to store them, to look at them with other tools, or to bring them to another place.

use super::{Page, dead, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Filled, Result, Uploaded, download},
    views::stage,
    work,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use maud::html;
use pipeline::stage::Stage;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/dead/{stage}/export", post(export))
        .route("/dead/{stage}/import", get(page).post(import))
        .layer(DefaultBodyLimit::disable())
}

async fn export(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    let (stage, filter) = (stage(&word)?, dead::chosen(&ask, &filled)?);
    let reveal = filled.text("reveal") == "yes";
    let (_, file) = work::export(&app, &ask, stage, filter, reveal).await?;
    Ok(download(file, &file_name(stage)))
}

/// What a browser calls the file; the time is of the machine's clock in UTC.
pub(crate) fn file_name(stage: Stage) -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    format!("dead-{stage}-{now}.jsonl")
}

async fn page(State(app): State<App>, ask: Ask, Path(word): Path<String>) -> Result<Response> {
    ask.allow(Role::Admin)?;
    let (stage, namespace) = (stage(&word)?, app.rt.namespace.to_string());
    Ok(ask.page(|| shown(&ask, stage, &namespace)))
}

fn shown(ask: &Ask, stage: Stage, namespace: &str) -> Page {
    let title = words::text!("Import letters");
    let body = html! {
        nav .trail { a href="/dead" { (words::sense(words::mark!("page: Dead letters"))) } " › " a href=(format!("/dead/{stage}")) { (parts::stage_name(stage.name())) } }
        h1 { (title) }
        form method="post" action=(format!("/dead/{stage}/import")) enctype="multipart/form-data" {
            input type="hidden" name="form_token" value=(ask.principal.form_token);
            fieldset .decide {
                legend { (words::text!("A file that was exported with its data")) }
                div .row { (parts::reason()) }
                div .row { label .choice { input type="checkbox" name="adopt" value="yes"; (words::tr!("also letters of another namespace than {namespace}")) } }
                // What is read last is what is long.
                div .row { label .wide { span { (words::text!("File")) } input type="file" name="file" required accept=".jsonl,application/x-ndjson"; } }
                div .row { button .primary { (words::text!("Import")) } }
            }
        }
        p .note { (words::text!("Every line is checked before the first letter is added. Letters that are there already are left out. An import can be taken back under Plans.")) }
    };
    Page::still(title, body)
}

async fn import(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    uploaded: Uploaded,
) -> Result<Response> {
    let stage = stage(&word)?;
    let Uploaded { fields, file } = uploaded;
    let adopt = fields.text("adopt") == "yes";
    work::import(&app, &ask, stage, file, adopt, fields.text("reason")).await?;
    Ok(Redirect::to("/plans#operations").into_response())
}
