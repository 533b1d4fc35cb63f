//! Making a rule: filled in, tried, made; what is wrong with it is said where it was filled in.

use super::outcome;
use crate::{
    auth::Role,
    pages::{Page, parts},
    server::{App, Ask, Failure, Filled, Question, Result},
    views::rules::{Test, test},
    work,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use maud::html;
use pipeline::{setting::parse_duration, stage::Stage};
use replay::{
    rule::{Rule, ms, share},
    when,
};
use serde::Deserialize;

/// What is filled in until somebody says otherwise.
const EVERY: &str = "1h";
const REPLAYS: &str = "2";
const STOP_AT: &str = "20%";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begun {
    stage: String,
    #[serde(rename = "where")]
    query: String,
}

pub(super) async fn new(ask: Ask, Question(begun): Question<Begun>) -> Result<Response> {
    ask.allow(Role::Admin)?;
    let filled = Filled::from(vec![
        ("stage".to_owned(), begun.stage),
        ("where".to_owned(), begun.query),
        ("every".to_owned(), EVERY.to_owned()),
        ("replays".to_owned(), REPLAYS.to_owned()),
        ("stop-at".to_owned(), STOP_AT.to_owned()),
    ]);
    Ok(ask.page(|| form(&ask, &filled, None, None)))
}

/// The rule as somebody has filled it in.
fn filled_in(filled: &Filled) -> Result<Rule> {
    let wrong = |place: &'static str| move |problem: String| Failure::invalid(place, problem);
    let whole = |place: &'static str| {
        let number = filled.text(place).replace(',', "").parse::<u64>();
        number.map_err(|_| Failure::invalid(place, words::tr!("write a whole number")))
    };
    let rate = match filled.text("rate") {
        "" => None,
        text => Some(text.parse().map_err(wrong("rate"))?),
    };
    let hours = match filled.text("between") {
        "" => None,
        text => Some(text.parse().map_err(wrong("between"))?),
    };
    Ok(Rule {
        name: filled.text("name").to_owned(),
        stage: filled.text("stage").to_owned(),
        query: filled.text("where").to_owned(),
        reason: filled.text("reason").to_owned(),
        operator: String::new(),
        made_at: 0,
        every_ms: ms(parse_duration(filled.text("every")).map_err(wrong("every"))?),
        rate,
        most_replays: u32::try_from(whole("replays")?).unwrap_or(u32::MAX),
        at_most: match filled.text("at-most") {
            "" => None,
            _ => Some(whole("at-most")?.max(1)),
        },
        hours,
        zone: when::zone_id(),
        stop_at: share(filled.text("stop-at")).map_err(wrong("stop-at"))?,
    })
}

pub(super) async fn tried(State(app): State<App>, ask: Ask, filled: Filled) -> Result<Response> {
    ask.allow(Role::Admin)?;
    let rule = match words::scoped(ask.language, || filled_in(&filled)) {
        // It needs no name yet.
        Ok(rule) if rule.name.is_empty() => Rule {
            name: "x".to_owned(),
            ..rule
        },
        Ok(rule) => rule,
        Err(failure) => return Ok(again(&ask, &filled, &failure)),
    };
    match test(&app, &ask, &rule).await {
        Ok(test) => Ok(ask.page(|| form(&ask, &filled, None, Some(&test)))),
        Err(failure) => Ok(again(&ask, &filled, &failure)),
    }
}

pub(super) async fn add(State(app): State<App>, ask: Ask, filled: Filled) -> Result<Response> {
    ask.allow(Role::Admin)?;
    let rule = match words::scoped(ask.language, || filled_in(&filled)) {
        Ok(rule) => rule,
        Err(failure) => return Ok(again(&ask, &filled, &failure)),
    };
    match work::add_rule(&app, &ask, rule).await {
        Ok(rule) => Ok(Redirect::to(&format!("/rules/{}", rule.name)).into_response()),
        Err(failure) => Ok(again(&ask, &filled, &failure)),
    }
}

/// The form once more, as it was filled in, with what is wrong.
fn again(ask: &Ask, filled: &Filled, failure: &Failure) -> Response {
    let status = failure.status();
    let told = words::scoped(ask.language, || failure.told());
    let page = ask.page(|| form(ask, filled, Some(&told), None));
    match status.is_server_error() {
        true => (StatusCode::SERVICE_UNAVAILABLE, page).into_response(),
        false => (status, page).into_response(),
    }
}

fn form(ask: &Ask, filled: &Filled, trouble: Option<&str>, tried: Option<&Test>) -> Page {
    let title = words::text!("Make a rule");
    let field = |name: &str, told: &str, hint: &str, required: bool| {
        html! { label { span { (told) } input name=(name) value=(filled.text(name)) placeholder=(hint) autocomplete="off" spellcheck="false" required[required]; } }
    };
    let body = html! {
        nav .trail { a href="/rules" { (words::text!("Rules")) } }
        h1 { (title) }
        @if let Some(trouble) = trouble { p .trouble role="alert" { (trouble) } }
        (parts::form(ask, "/rules", html! {
            fieldset .change {
                legend { (words::text!("Which letters")) }
                label { span { (words::text!("Stage")) }
                    select name="stage" { @for stage in Stage::ALL { option value=(stage) selected[filled.text("stage") == stage.name()] { (parts::stage_name(stage.name())) } } } }
                label .wide { span { (words::text!("Which letters")) }
                    input name="where" value=(filled.text("where")) placeholder="code=row-refused and age<7d" required autocomplete="off" spellcheck="false"; }
                (field("replays", words::text!("Each letter at most so often"), REPLAYS, true))
            }
            fieldset .change {
                legend { (words::text!("How")) }
                (field("every", words::text!("Every"), EVERY, true))
                (field("rate", words::text!("At most so fast"), "20/s, 200/m", false))
                (field("at-most", words::text!("Letters of one run at most"), "5000", false))
                (field("between", words::text!("Only at these hours"), "02:00-06:00", false))
                (field("stop-at", words::text!("Switches itself off when more fail again than"), STOP_AT, true))
            }
            div .row { button .primary[tried.is_none()] formaction="/rules/_try" formnovalidate { (words::text!("Try: which letters would it replay?")) } }
            @if let Some(test) = tried { (outcome(test)) }
            fieldset .change {
                legend { (words::text!("Its name, and why")) }
                (field("name", words::text!("Name: small letters, digits and -"), "night-shift", true))
                label { span { (words::text!("Reason")) }
                    input name="reason" value=(filled.text("reason")) required maxlength="300" autocomplete="off" placeholder=(words::text!("one sentence; it stays in the audit log")); }
            }
            div .row { button .primary[tried.is_some()] { (words::text!("Make the rule")) } }
        }))
    };
    Page::still(title, body)
}
