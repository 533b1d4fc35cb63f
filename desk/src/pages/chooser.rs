//! Letters to tick, and what can be done with those that are ticked.

use super::parts;
use crate::{
    auth::Role,
    server::Ask,
    views::dead::{Groups, Page as Letters},
};
use maud::{Markup, html};
use pipeline::stage::Stage;
use readmodel::read::letters::Listed;

/// A page of letters with boxes, for those who may decide what becomes of them.
pub(super) fn chooser(ask: &Ask, stage: Stage, page: &Letters, meant: &Groups, query: &str) -> Markup {
    let may = ask.principal.may(Role::Operator);
    let table = html! {
        div .scroll tabindex="0" {
            table {
                thead { tr {
                    @if may { th { input type="checkbox" data-all="id" aria-label=(words::text!("All on this page")); } }
                    th { (words::text!("Last failed")) } th { (words::text!("Customer")) } th { (words::text!("Code")) }
                    th { (words::text!("Message")) } th .number { (words::text!("Attempts")) } th .number { (words::text!("replayed before")) } th { (words::text!("Group")) }
                } }
                tbody { @for letter in &page.letters { (row(stage, letter, may)) } }
            }
        }
    };
    if !may {
        return table;
    }
    parts::form(
        ask,
        &format!("/dead/{stage}/plan"),
        html! {
            input type="hidden" name="where" value=(query);
            (table)
            fieldset .decide {
                legend { (words::text!("What becomes of them")) }
                div .choices {
                    label { input type="radio" name="which" value="ticked" checked; (words::text!("the ticked ones")) }
                    label { input type="radio" name="which" value="all"; (words::tr!("all {} that are meant", parts::number(meant.letters))) }
                }
                div .row {
                    (parts::reason())
                    label { span { (words::text!("Begin again with")) }
                        select name="from" {
                            option value="step" { (words::text!("the step that failed")) }
                            @if stage == Stage::Transform { option value="mapping" { (words::text!("the mapping, from the kept record")) } }
                            @if stage != Stage::Extract { option value="fetch" { (words::text!("the fetch of the customer")) } }
                        }
                    }
                    label { span { (words::text!("At most so fast")) } input name="rate" size="8" placeholder="20/s, 200/m" autocomplete="off"; }
                }
                div .row {
                    button .primary { (words::text!("Plan a replay")) }
                    button formaction=(format!("/dead/{stage}/repair")) { (words::text!("Change values …")) }
                    (exports(ask, stage))
                    button formaction=(format!("/dead/{stage}/discard")) data-confirm=(words::text!("Discard these letters? They can be restored for 30 days.")) { (words::text!("Discard")) }
                }
                p .note { (words::text!("A plan moves nothing by itself: it shows what it would cost first.")) }
            }
        },
    )
}

/// The same letters as a file: masked, or for an admin as they are, which can be imported again.
pub(super) fn exports(ask: &Ask, stage: Stage) -> Markup {
    let action = format!("/dead/{stage}/export");
    html! {
        button formaction=(action) formnovalidate { (words::text!("Export, masked")) }
        @if ask.principal.may(Role::Admin) {
            button formaction=(action) formnovalidate name="reveal" value="yes" data-confirm=(words::text!("Export with all customer data? The audit log says that you have done so.")) { (words::text!("Export with data")) }
        }
    }
}

fn row(stage: Stage, letter: &Listed, may: bool) -> Markup {
    let record = &letter.record;
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    let digits = text("id").rsplit('~').next().unwrap_or_default();
    html! {
        tr {
            @if may { td { input type="checkbox" name="id" value=(digits) aria-label=(words::tr!("letter {}", text("id"))); } }
            td { a href=(parts::letter(stage.name(), text("id"))) { (parts::time(record["last_failed_at"].as_i64().unwrap_or(0))) } }
            td { (parts::customer(text("company_id"))) }
            td { code { (text("code")) } @if let Some(code) = record["vendor"]["code"].as_str() { " " small { (code) } } }
            td .text { @if let Some(field) = record["field"].as_str() { strong { (field) } " " } (replay::when::retold(text("message"))) }
            td .number { (record["attempts"].as_array().map_or(0, Vec::len)) }
            td .number { (record["replays"].as_u64().unwrap_or(0)) }
            td { a .id href=(format!("/dead/{stage}/{}", letter.group)) { (letter.group) } }
        }
    }
}
