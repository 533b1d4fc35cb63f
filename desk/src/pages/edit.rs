//! One letter in full, and changing it by hand. What is typed is a draft in the desk's folder: the page can be left, sent and
//! loaded again at any moment.

use super::{Page, letter, parts};
use crate::{
    drafts::{Draft, digits},
    server::{App, Ask, Filled, Question, Result},
    views::stage,
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
use replay::repair::edit::Changed;
use serde::Deserialize;
use sha2::{Digest, Sha256};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/dead/{stage}/letter/reveal", post(reveal))
        .route("/dead/{stage}/letter/edit", post(open))
        .route("/dead/{stage}/edit", get(page).post(keep))
        .route("/dead/{stage}/edit/anew", post(anew))
        .route("/dead/{stage}/edit/put-back", post(put_back))
        .route("/dead/{stage}/edit/forget", post(forget))
}

#[derive(Debug, Deserialize)]
struct Asked {
    id: String,
}

/// Where a draft is edited.
pub(super) fn place(stage: &str, id: &str) -> String {
    parts::address(&format!("/dead/{stage}/edit"), &[("id", digits(id))])
}

fn to(stage: Stage, draft: &Draft) -> Response {
    let place = place(stage.name(), &draft.opened.id);
    // What is said of a draft is seen first once there is something to say.
    let part = match &draft.trouble {
        None if draft.text != draft.opened.text => "#outlook",
        _ => "",
    };
    Redirect::to(&format!("{place}{part}")).into_response()
}

/// A text in few characters: put back is what was seen.
fn digest(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

async fn reveal(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    let stage = stage(&word)?;
    let whole = work::reveal(&app, &ask, stage, filled.text("id")).await?;
    Ok(ask.page(|| letter::revealed(&ask, stage, &whole)))
}

async fn open(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    opened(&app, &ask, &word, &filled, false).await
}

async fn anew(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    opened(&app, &ask, &word, &filled, true).await
}

/// To the draft; `anew` takes the letter as it is now, under what was typed.
async fn opened(app: &App, ask: &Ask, word: &str, filled: &Filled, anew: bool) -> Result<Response> {
    let stage = stage(word)?;
    let draft = work::open(app, ask, stage, filled.text("id"), anew).await?;
    Ok(to(stage, &draft))
}

async fn keep(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    let stage = stage(&word)?;
    let draft = work::keep(&app, &ask, stage, filled.text("id"), filled.raw("text"))?;
    Ok(to(stage, &draft))
}

async fn forget(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    let (stage, id) = (stage(&word)?, filled.text("id"));
    work::forget(&app, &ask, stage, id)?;
    Ok(Redirect::to(&parts::letter(stage.name(), id)).into_response())
}

async fn put_back(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    let stage = stage(&word)?;
    let draft = work::keep(&app, &ask, stage, filled.text("id"), filled.raw("text"))?;
    if digest(&draft.text) != filled.text("seen") {
        // It was changed since the changes were shown; they are shown again.
        return Ok(to(stage, &draft));
    }
    match work::put_back(&app, &ask, stage, draft.clone(), filled.text("reason")).await {
        Ok(plan) => Ok(Redirect::to(&format!("/plans/{plan}")).into_response()),
        // The draft says why.
        Err(failure) => {
            tracing::debug!(%failure, "a letter was not put back");
            Ok(Redirect::to(&place(stage.name(), &draft.opened.id)).into_response())
        }
    }
}

async fn page(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    Question(Asked { id }): Question<Asked>,
) -> Result<Response> {
    let stage = stage(&word)?;
    let draft = work::draft(&app, &ask, stage, &id)?;
    Ok(ask.page(|| shown(&ask, stage, &draft)))
}

fn shown(ask: &Ask, stage: Stage, draft: &Draft) -> Page {
    let id = &draft.opened.id;
    let title = words::tr!("Edit letter {}", digits(id));
    let body = html! {
        nav .trail {
            a href="/dead" { (words::sense(words::mark!("page: Dead letters"))) } " › "
            a href=(format!("/dead/{stage}")) { (parts::stage_name(stage.name())) } " › "
            a href=(parts::letter(stage.name(), id)) { (digits(id)) }
        }
        h1 { (title) }
        @if let Some(trouble) = &draft.trouble { (refused(ask, stage, draft, trouble)) }
        (editor(ask, stage, draft))
        div .row {
            (parts::form(ask, &format!("/dead/{stage}/edit/forget"), html! {
                input type="hidden" name="id" value=(digits(id));
                button data-confirm=(words::text!("Throw away what you have typed? The letter stays as it is.")) { (words::text!("Throw the draft away")) }
            }))
        }
        p .note { (words::text!("Id, version and run say whose record it is and cannot be changed. A changed copy is replayed at once; the letter itself goes to the archive and can be restored.")) }
    };
    Page::still(title, body)
}

fn refused(ask: &Ask, stage: Stage, draft: &Draft, trouble: &str) -> Markup {
    html! {
        div .trouble role="alert" {
            p { (words::text!("It was not put back; your draft is kept.")) " " (words::retold(trouble)) }
            (parts::form(ask, &format!("/dead/{stage}/edit/anew"), html! {
                input type="hidden" name="id" value=(digits(&draft.opened.id));
                button { (words::text!("Compare the draft with the letter as it is now")) }
            }))
        }
    }
}

fn editor(ask: &Ask, stage: Stage, draft: &Draft) -> Markup {
    let api = format!("/api/v1/dead/{stage}/letters/{}/draft", digits(&draft.opened.id));
    html! {
        form #editor method="post" action=(format!("/dead/{stage}/edit")) data-draft=(api)
            data-kept=(words::text!("Kept as a draft")) data-lost=(words::text!("Not kept; do not leave this page")) {
            input type="hidden" name="form_token" value=(ask.principal.form_token);
            input type="hidden" name="id" value=(digits(&draft.opened.id));
            input type="hidden" name="seen" value=(digest(&draft.text));
            label { span { (words::text!("What it holds, as JSON")) }
                textarea #text name="text" rows="18" spellcheck="false" autocomplete="off" { "\n" (draft.text) }
            }
            p .note { span #kept role="status" { (words::text!("Kept as a draft")) } " " (parts::time(draft.at)) }
            (outlook(draft))
        }
    }
}

/// What would become of it, and the buttons that fit.
fn outlook(draft: &Draft) -> Markup {
    let outlook = work::outlook(draft);
    let check = |primary: bool| html! { button .primary[primary] formnovalidate { (words::text!("Check")) } };
    html! {
        section #outlook {
            @match &outlook {
                _ if draft.text == draft.opened.text => {
                    p .note { (words::text!("Nothing is changed yet.")) }
                    div .row { (check(true)) }
                }
                Err(wrong) => {
                    p .trouble role="alert" { (wrong) }
                    div .row { (check(true)) }
                }
                Ok(changes) => {
                    h2 { (words::text!("What would change")) }
                    (table(changes))
                    div .row {
                        (parts::reason())
                        button .primary formaction={ "/dead/" (draft.stage) "/edit/put-back" } { (words::text!("Put the changed copy back")) }
                        (check(false))
                    }
                }
            }
        }
    }
}

fn table(changes: &[Changed]) -> Markup {
    let text = |value: &Option<String>| match value {
        Some(text) if !text.is_empty() => text.clone(),
        _ => words::text!("(empty)").to_owned(),
    };
    html! {
        div .scroll tabindex="0" { table .diff {
            thead { tr { th { (words::text!("Cell")) } th { (words::text!("Before")) } th { (words::text!("After")) } th { (words::text!("Place")) } } }
            tbody { @for one in changes { tr {
                td { (one.caption.as_deref().unwrap_or("–")) }
                td .text { del { (text(&one.before)) } }
                td .text { ins { (text(&one.after)) } }
                td .id { (one.place) }
            } } }
        } }
    }
}

/// The drafts of somebody, where letters are chosen.
pub(super) fn list(drafts: &[Draft]) -> Markup {
    html! {
        @if !drafts.is_empty() {
            details .help {
                summary { (words::tr!("Letters that you are editing: {}", parts::number(drafts.len() as u64))) }
                ul { @for draft in drafts {
                    li { a .id href=(place(&draft.stage, &draft.opened.id)) { (draft.opened.id) } " " (parts::time(draft.at)) }
                } }
            }
        }
    }
}
