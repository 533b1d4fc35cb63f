//! The doctors' part of `/health`: what they have found, and the button that asks them.

use super::parts;
use crate::{
    auth::Role,
    server::{App, Ask, Filled, Result},
    views::doctors::{Doctor, Examined},
    work,
};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use pipeline::doctor::Health;

/// Asks the doctors of all stages.
pub(super) async fn ask_all(State(app): State<App>, ask: Ask, _filled: Filled) -> Result<Response> {
    // As they would have written it.
    let why = words::scoped(ask.language, || words::text!("asked for on the page Health"));
    work::ask_doctors(&app, &ask, None, why).await?;
    Ok(Redirect::to("/health#ask-doctors").into_response())
}

/// What they are, and the button; it stays where it is while the rest is kept up to date.
pub(super) fn asking(ask: &Ask) -> Markup {
    html! {
        h2 { (words::text!("Doctors")) }
        p .note { (words::text!("Each program looks after its broker, Redis and vendor, with its own keys; one replica answers for its stage.")) }
        @if ask.principal.may(Role::Operator) {
            (parts::form(ask, "/health/doctors", html! { button { (words::text!("Run the doctors")) } }))
        }
    }
}

/// Everything they have found.
pub(super) fn shown(doctors: &[Doctor], now: i64) -> Markup {
    html! {
        div .doctors { @for doctor in doctors { (card(doctor, now)) } }
    }
}

fn card(doctor: &Doctor, now: i64) -> Markup {
    html! {
        article .card {
            h3 { (doctor.program) }
            @if doctor.is_asked() { p .state { (words::text!("is being asked …")) } }
            @else if let Some(wish) = doctor.wish.as_ref().filter(|wish| wish.state != pipeline::wish::State::Done) {
                p .trouble { (replay::when::retold(&wish.outcome)) }
            }
            @match &doctor.examined {
                Some(examined) => (lines(examined, now)),
                None => @if !doctor.is_asked() { (parts::empty(words::text!("Nobody has asked it within the last hour."))) }
            }
        }
    }
}

fn lines(examined: &Examined, now: i64) -> Markup {
    html! {
        p .by { span .id { (examined.instance) } ", " (parts::time(examined.at_ms)) " (" (parts::ago(now, examined.at_ms)) ")" }
        ul .findings { @for finding in &examined.findings {
            li .(class(finding.health)) {
                span .sign aria-label=(told(finding.health)) role="img" { (finding.health.sign()) }
                div {
                    strong { (finding.what) } " " (parts::coded(&finding.seen))
                    @if !finding.remedy.is_empty() { div .remedy { "→ " (parts::coded(&finding.remedy)) } }
                }
            }
        } }
    }
}

const fn class(health: Health) -> &'static str {
    match health {
        Health::Good => "good",
        Health::Risk => "risk",
        Health::Bad => "bad",
    }
}

fn told(health: Health) -> &'static str {
    match health {
        Health::Good => words::text!("good"),
        Health::Risk => words::text!("with a risk"),
        Health::Bad => words::text!("bad"),
    }
}
