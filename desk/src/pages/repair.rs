//! Changing values in letters: what is changed is written line by line, and shown on samples before anything moves.

use super::{Page, dead, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Failure, Filled, Result},
    views::stage,
    work,
};
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use maud::{Markup, html};
use pipeline::{form::FormReading, stage::Stage};
use replay::repair::{Assignment, Repair};

/// Changes of one plan.
const MOST: usize = 20;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/dead/{stage}/repair", post(page))
        .route("/dead/{stage}/repair/plan", post(plan))
}

/// What can be done to a value, and how its place is filled.
const KINDS: [(&str, &str); 6] = [
    ("set", words::mark!("set to")),
    ("compute", words::mark!("compute by a formula such as {姓}{名}")),
    ("replace", words::mark!("replace, written OLD=>NEW")),
    ("truncate", words::mark!("shorten to so many characters")),
    ("trim", words::mark!("take blanks at both ends away")),
    ("clear", words::mark!("empty it")),
];

async fn page(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    ask.allow(Role::Operator)?;
    let stage = stage(&word)?;
    // What was chosen is checked before somebody fills the next form.
    dead::chosen(&ask, &filled)?;
    let form = FormReading::last(&app.rt.store, &app.rt.namespace).await?;
    let captions: Vec<String> = form
        .map(|form| form.widgets.into_iter().map(|widget| widget.label).collect())
        .unwrap_or_default();
    Ok(ask.page(|| shown(&ask, stage, &filled, &captions)))
}

fn shown(ask: &Ask, stage: Stage, filled: &Filled, captions: &[String]) -> Page {
    let title = words::text!("Change values");
    let body = html! {
        nav .trail { a href="/dead" { (words::sense(words::mark!("page: Dead letters"))) } " › " a href=(format!("/dead/{stage}")) { (parts::stage_name(stage.name())) } }
        h1 { (title) }
        (parts::form(ask, &format!("/dead/{stage}/repair/plan"), html! {
            input type="hidden" name="where" value=(filled.text("where"));
            input type="hidden" name="which" value=(filled.text("which"));
            @for id in filled.all("id") { input type="hidden" name="id" value=(id); }
            p { (which(filled)) }
            datalist #captions { @for caption in captions { option value=(caption) {} } }
            @for number in 0..4 { (line(number)) }
            div .row { (parts::reason()) }
            div .row { button .primary { (words::text!("Show what would change")) } }
            p .note { (words::text!("Copies with the changed values are replayed; the letters themselves go to the archive and can be restored. Nothing moves before you have seen samples.")) }
        }))
    };
    Page::still(title, body)
}

fn which(filled: &Filled) -> String {
    match filled.text("which") {
        "all" if filled.text("where").is_empty() => words::tr!("Every letter of the stage."),
        "all" => words::tr!("All letters with {}", filled.text("where")),
        _ => words::tr!("{} ticked letters", filled.all("id").count()),
    }
}

fn line(number: usize) -> Markup {
    html! {
        fieldset .change {
            legend { (words::tr!("Change {}", number + 1)) }
            label { span { (words::text!("Cell, by its caption, or a path such as detail.name")) } input name=(format!("field{number}")) list="captions" autocomplete="off" required[number == 0]; }
            label { span { (words::text!("What is done")) }
                select name=(format!("kind{number}")) { @for (kind, told) in KINDS { option value=(kind) { (words::said(told)) } } } }
            label .wide { span { (words::text!("Value")) } input name=(format!("value{number}")) autocomplete="off"; }
        }
    }
}

/// The changes that were filled in.
fn changes(filled: &Filled) -> Result<Vec<Assignment>, Failure> {
    let mut changes = Vec::new();
    for number in 0..MOST {
        let field = filled.text(&format!("field{number}"));
        if field.is_empty() {
            continue;
        }
        let value = filled.raw(&format!("value{number}"));
        let written = format!("{field}={value}");
        let change = match filled.text(&format!("kind{number}")) {
            "set" => written.parse(),
            "compute" => Assignment::compute(&written),
            "replace" => Assignment::replace(&written),
            "truncate" => Assignment::truncate(&written),
            "trim" => Ok(Assignment::trim(field)),
            "clear" => Ok(Assignment::clear(field)),
            _ => Err(words::tr!("choose what is done")),
        };
        changes.push(change.map_err(|problem| Failure::invalid("change", problem))?);
    }
    match changes.is_empty() {
        true => Err(Failure::invalid("change", words::kept!("name a cell to change"))),
        false => Ok(changes),
    }
}

async fn plan(
    State(app): State<App>,
    ask: Ask,
    Path(word): Path<String>,
    filled: Filled,
) -> Result<Response> {
    let (stage, filter) = (stage(&word)?, dead::chosen(&ask, &filled)?);
    let changes = words::scoped(ask.language, || changes(&filled))?;
    let workspace = app.workspace(stage, &ask.principal.name);
    let repair = Repair::of_changes(&workspace, changes).await?;
    let options = dead::options(&ask, &filled)?;
    let id = work::make(
        &app,
        &ask,
        stage,
        filter,
        filled.text("reason"),
        Some(repair),
        options,
    )
    .await?;
    Ok(Redirect::to(&format!("/plans/{id}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_as_they_were_filled() {
        let filled = Filled::of(&[
            ("field0", "名称"),
            ("kind0", "truncate"),
            ("value0", "20"),
            ("field1", ""),
            ("kind1", "set"),
            ("value1", "x"),
            ("field2", "备注"),
            ("kind2", "clear"),
            ("value2", "ignored"),
        ]);
        let found = changes(&filled).unwrap();
        assert_eq!(
            found,
            [
                Assignment::truncate("名称=20").unwrap(),
                Assignment::clear("备注")
            ]
        );
        assert!(changes(&Filled::of(&[])).is_err());
        assert!(
            changes(&Filled::of(&[
                ("field0", "a"),
                ("kind0", "truncate"),
                ("value0", "many")
            ]))
            .is_err()
        );
    }
}
