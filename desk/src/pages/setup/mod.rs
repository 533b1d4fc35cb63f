//! `/setup`: from keys to rows, one step below the other; each shows what came of it and can be taken again.

mod form;
mod go;
mod mapping;

use super::{Page, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Failure, Filled, Result, live},
    setup::{
        Progress, Step, files,
        programs::{Program, Standing},
    },
    views::setup::{View, view},
    work,
};
use axum::{
    Router,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use maud::{Markup, html};
use pipeline::setting::Secret;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/setup", get(page).post(take))
        .route("/live/setup", get(updates))
        .route("/setup/files/{name}", get(download))
}

async fn page(State(app): State<App>, ask: Ask) -> Result<Response> {
    ask.allow(Role::Admin)?;
    let view = view(&app).await?;
    Ok(ask.page(|| shown(&ask, &view, None)))
}

async fn updates(State(app): State<App>, ask: Ask) -> Result<Response> {
    ask.allow(Role::Admin)?;
    let (own, asked) = (app.clone(), ask.clone());
    live(&app, &ask, move || {
        let (app, ask) = (own.clone(), asked.clone());
        async move {
            let view = view(&app).await?;
            Ok(ask.inside(|| shown(&ask, &view, None)).into_string())
        }
    })
}

/// Takes a step. What is refused is said on the page itself, beside what was chosen so far.
async fn take(State(app): State<App>, ask: Ask, filled: Filled) -> Result<Response> {
    ask.allow(Role::Admin)?;
    let (step, place) = words::scoped(ask.language, || step(&filled))?;
    match work::set_up(&app, &ask, step).await {
        Ok(_) => Ok(Redirect::to(&format!("/setup#{place}")).into_response()),
        Err(failure @ (Failure::Refused(_) | Failure::Invalid { .. })) => {
            let view = view(&app).await?;
            let mut response = ask.page(|| shown(&ask, &view, Some((place, failure.told()))));
            *response.status_mut() = failure.status();
            Ok(response)
        }
        Err(failure) => Err(failure),
    }
}

async fn download(State(app): State<App>, ask: Ask, Path(name): Path<String>) -> Result<Response> {
    ask.allow(Role::Admin)?;
    let progress = app.setup.kept.read()?;
    let namespace = app.rt.namespace.to_string();
    let file = words::scoped(ask.language, || files::file(&progress, &name, &namespace))?;
    let disposition = format!("attachment; filename=\"{}\"", file.name);
    let headers = [
        (header::CONTENT_TYPE, file.kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, file.text).into_response())
}

/// What a filled form means, and in which part of the page it stands.
fn step(filled: &Filled) -> Result<(Step, &'static str)> {
    let text = |name: &str| filled.text(name).to_owned();
    Ok(match filled.text("step") {
        "okki-keys" => (
            Step::OkkiKeys {
                client_id: text("client_id"),
                client_secret: Secret::new(text("client_secret")),
                base_url: text("base_url"),
            },
            "okki",
        ),
        "jdy-key" => (
            Step::JdyKey {
                api_key: Secret::new(text("api_key")),
                base_url: text("base_url"),
            },
            "jdy",
        ),
        "form" => {
            let chosen = filled.text("form").split_once('/');
            let (app_id, entry_id) =
                chosen.ok_or_else(|| Failure::invalid("form", words::kept!("choose a form first")))?;
            let step = Step::Form {
                app_id: app_id.to_owned(),
                entry_id: entry_id.to_owned(),
            };
            (step, "form")
        }
        "key-widget" => (Step::KeyWidget { name: text("name") }, "key"),
        "draft" => (Step::Draft, "mapping"),
        "mapping" => (
            Step::Mapping {
                document: filled.raw("document").replace("\r\n", "\n"),
            },
            "mapping",
        ),
        "rows" => (
            Step::Rows {
                ignore: filled.text("ignore") == "yes",
            },
            "rows",
        ),
        "first" => (Step::First, "go"),
        "everything" => (Step::Everything, "go"),
        "adopt" => (
            Step::Adopt {
                matched: filled.all("matched").map(str::to_owned).collect(),
                write: filled.text("write") == "yes",
            },
            "rows",
        ),
        "anew" => (Step::Anew, "programs"),
        _ => return Err(Failure::invalid("step", words::kept!("there is no such step"))),
    })
}

type Trouble = Option<(&'static str, String)>;

fn shown(ask: &Ask, view: &View, trouble: Trouble) -> Page {
    let title = words::text!("Set up");
    let progress = &view.progress;
    let said = |place: &str| match &trouble {
        Some((at, told)) if *at == place => {
            html! { p .trouble role="alert" { (parts::coded(told)) } }
        }
        _ => html! {},
    };
    let body = html! {
        h1 { (title) }
        p .note { (words::text!("From keys to rows. The desk calls no vendor and keeps no key: keys are sealed for the program that needs them, and that program tries them.")) }
        @if let Some((place, told)) = &trouble { @if !is_shown(place, progress) { p .trouble role="alert" { (parts::coded(told)) } } }
        (said("programs")) (programs(&view.programs))
        (section("okki", words::text!("OKKI's keys"), progress.okki.is_some(), &html! { (said("okki")) (okki(ask, progress)) }))
        (section("jdy", words::text!("Jiandaoyun's key"), progress.jdy.is_some(), &html! { (said("jdy")) (jdy(ask, progress)) }))
        @if progress.jdy.is_some() {
            (section("form", words::text!("The form"), progress.form.is_some(), &html! { (said("form")) (form::choice(ask, progress)) }))
        }
        @if let Some(sheet) = &progress.form {
            (section("key", words::text!("The key widget"), progress.key_widget.is_some(), &html! { (said("key")) (form::key(ask, progress, sheet)) }))
        }
        @if progress.key_widget.is_some() {
            (section("mapping", words::text!("The mapping"), progress.is_usable, &html! { (said("mapping")) (mapping::shown(ask, progress, &view.tried)) }))
        }
        @if progress.is_usable {
            (section("rows", words::text!("Rows that are there already"), go::rows_are_settled(view), &html! { (said("rows")) (go::rows(ask, view)) }))
            (section("go", words::text!("Begin"), progress.everything, &html! { (said("go")) (go::shown(ask, view)) }))
            (section("files", words::text!("The same as files"), false, &go::downloads()))
        }
        @if *progress != Progress::default() {
            (parts::form(ask, "/setup", html! {
                input type="hidden" name="step" value="anew";
                p { button .plain data-confirm=(words::text!("Forget what was chosen on this page? Running programs keep their settings.")) { (words::text!("Begin anew")) } }
            }))
        }
    };
    Page::live(title, body)
}

/// Whether the part of the page is there in which something is said.
fn is_shown(place: &str, progress: &Progress) -> bool {
    match place {
        "form" => progress.jdy.is_some(),
        "key" => progress.form.is_some(),
        "mapping" => progress.key_widget.is_some(),
        "rows" | "go" => progress.is_usable,
        _ => true,
    }
}

fn section(id: &str, title: &str, done: bool, inside: &Markup) -> Markup {
    html! {
        section .step #(id) {
            h2 { @if done { span .done { "✓ " } } (title) }
            (inside)
        }
    }
}

/// A form of this page.
fn form(ask: &Ask, step: &str, inside: Markup) -> Markup {
    parts::form(
        ask,
        "/setup",
        html! { input type="hidden" name="step" value=(step); (inside) },
    )
}

fn programs(programs: &[Program]) -> Markup {
    html! {
        section #programs data-live {
            h2 { (words::text!("The three programs")) }
            ol .flow { @for program in programs { li { (card(program)) } } }
        }
    }
}

fn card(program: &Program) -> Markup {
    let (class, told) = match program.standing {
        Standing::Absent => ("card down", words::text!("does not run")),
        Standing::OnItsOwn => ("card works", words::text!("runs by its own settings")),
        Standing::Waiting => ("card paused", words::text!("waits for its settings")),
        Standing::Paused => ("card paused", words::text!("is paused")),
        Standing::Working => ("card works", words::text!("works")),
    };
    html! {
        div class=(class) data-program=(program.name) {
            h3 { (parts::stage_name(program.stage)) " " small { (program.name) } }
            p .state { (told) @if program.replicas > 1 { " · " (words::tr!("{} replicas", program.replicas)) } }
            @match program.standing {
                Standing::Absent | Standing::OnItsOwn => {
                    p .note { (parts::coded(&words::tr!("To set it up from here: `SETUP_DIR=/var/lib/okki {} run`, with AMQP_URL, REDIS_URL and NAMESPACE as for the desk.", program.name))) }
                }
                Standing::Paused => { @if let Some(pause) = &program.pause { p .note { (replay::when::retold(pause)) } } }
                _ => {}
            }
        }
    }
}

fn okki(ask: &Ask, progress: &Progress) -> Markup {
    html! {
        @if let Some(said) = &progress.okki { p .good { (words::retold(said)) } }
        details open[progress.okki.is_none()] {
            summary { (words::text!("Type keys")) }
            (form(ask, "okki-keys", html! {
                p .note { (words::text!("In OKKI: 企业管理 → 外部对接 → API对接.")) }
                div .row {
                    label .wide { span { (words::text!("Client id")) } input name="client_id" required autocomplete="username"; }
                    label .wide { span { (words::text!("Client secret")) } input name="client_secret" type="password" required autocomplete="new-password"; }
                }
                div .row {
                    label .wide { span { (words::text!("Address of the interface, if it is not the usual one")) } input name="base_url" autocomplete="off" placeholder="https://…"; }
                    button .primary { (words::text!("Try and keep")) }
                }
            }))
        }
    }
}

fn jdy(ask: &Ask, progress: &Progress) -> Markup {
    html! {
        @if let Some(said) = &progress.jdy { p .good { (words::retold(said)) } }
        details open[progress.jdy.is_none()] {
            summary { (words::text!("Type keys")) }
            (form(ask, "jdy-key", html! {
                // Whoever fills keys in for people looks for a name beside them.
                input type="text" name="account" value="" autocomplete="username" hidden;
                p .note { (words::text!("In Jiandaoyun: 管理后台 → 开放平台 → 密钥管理.")) }
                div .row {
                    label .wide { span { (words::text!("API key")) } input name="api_key" type="password" required autocomplete="new-password"; }
                    label .wide { span { (words::text!("Address of the interface, if it is not the usual one")) } input name="base_url" autocomplete="off" placeholder="https://…"; }
                    button .primary { (words::text!("Try and keep")) }
                }
            }))
        }
    }
}
