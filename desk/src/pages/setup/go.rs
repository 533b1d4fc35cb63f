//! Rows that are in the form already, the first customers, and everything.

use super::form;
use crate::{
    pages::parts,
    server::Ask,
    setup::{files::FILES, programs::Standing},
    views::setup::View,
};
use maud::{Markup, html};
use pipeline::wish::{State, Wish};

/// Types whose contents can be compared with what would be written.
const COMPARED: [&str; 4] = ["text", "textarea", "number", "combo"];

/// No row is without a key, or somebody has said what those are.
pub(super) fn rows_are_settled(view: &View) -> bool {
    view.progress.keyless() == 0 || view.progress.ignore_keyless || is_adopted(view)
}

/// The loader pauses for nothing of that kind, after everything was begun.
fn is_adopted(view: &View) -> bool {
    view.progress.everything && !view.loader_is_keyless()
}

pub(super) fn rows(ask: &Ask, view: &View) -> Markup {
    let progress = &view.progress;
    let rows = progress.form.as_ref().map(|form| form.rows).unwrap_or_default();
    let keyless = progress.keyless();
    html! {
        @if view.progress.everything && view.loader_is_keyless() {
            p { (words::text!("The form has rows without a key. They may be rows of the same customers; new rows beside them would double those.")) }
            (kinds(ask, progress.ignore_keyless))
            @if !progress.ignore_keyless { (adoption(ask, view)) }
        } @else if rows.seen == 0 {
            p .good { (words::text!("The form is empty.")) }
        } @else if keyless == 0 {
            p .good { (words::text!("Every row of the form has a key.")) }
        } @else {
            p { (words::tr!("The form has rows without a key, at least {keyless}. They may be rows of the same customers; new rows beside them would double those.")) }
            (kinds(ask, progress.ignore_keyless))
            @if !progress.ignore_keyless {
                @if progress.everything { (adoption(ask, view)) }
                @else { p .note { (words::text!("Begin everything below: the loader makes no row while customers wait to be matched, and the matching appears here.")) } }
            }
        }
    }
}

/// What rows without a key are.
fn kinds(ask: &Ask, ignored: bool) -> Markup {
    form(
        ask,
        "rows",
        html! {
            fieldset .decide {
                legend { (words::text!("What are these rows?")) }
                div .choices {
                    label { input type="radio" name="ignore" value="no" checked[!ignored]; (words::text!("Customers: match them, and give them their keys")) }
                    label { input type="radio" name="ignore" value="yes" checked[ignored]; (words::text!("None of them is a customer of OKKI: leave them alone")) }
                }
                div .row { button { (words::text!("Keep")) } }
                @if ignored { p .note { (words::text!("It takes effect when customers are written below.")) } }
            }
        },
    )
}

fn adoption(ask: &Ask, view: &View) -> Markup {
    let sheet = view.progress.form.as_ref();
    let widgets = sheet.iter().flat_map(|sheet| &sheet.widgets);
    let widgets = widgets.filter(|widget| {
        COMPARED.contains(&widget.kind.as_str())
            && Some(widget.name.as_str()) != view.progress.key_widget.as_deref()
    });
    html! {
        section #adoption data-live {
            @if view.loader_is_keyless() {
                p { (words::tr!("About {} records wait for the loader.", parts::number(view.waiting))) }
            } @else { p .good { (words::text!("No row is without a key any more; the loader writes.")) } }
            @if let Some(wish) = &view.adoption { (told(wish)) }
        }
        @if view.loader_is_keyless() {
            (form(ask, "adopt", html! {
                fieldset .decide {
                    legend { (words::text!("Rows and customers are the same when all of these are the same")) }
                    div .choices { @for widget in widgets {
                        label { input type="checkbox" name="matched" value=(widget.name); (widget.label) }
                    } }
                    div .row {
                        button .primary name="write" value="no" { (words::text!("Show whose they are")) }
                        button name="write" value="yes" data-confirm=(words::text!("Write their keys into the rows that fit exactly one customer?")) { (words::text!("Give them their keys")) }
                    }
                }
            }))
        }
    }
}

/// What a wish is about, and how far it is.
fn told(wish: &Wish) -> Markup {
    let class = match wish.state {
        State::Done => "good",
        State::Failed | State::Expired | State::Cancelled => "trouble",
        _ => "note",
    };
    let text = if wish.state.is_over() {
        &wish.outcome
    } else {
        &wish.progress
    };
    html! { p class=(class) data-wish=(wish.state.name()) { (replay::when::here(&wish.kind.told())) ": " (wish.state.told()) @if !text.is_empty() { " · " (words::retold(text)) } } }
}

pub(super) fn shown(ask: &Ask, view: &View) -> Markup {
    let progress = &view.progress;
    let all_work = view
        .programs
        .iter()
        .all(|program| program.standing == Standing::Working);
    let matches = progress.keyless() > 0 && !progress.ignore_keyless;
    html! {
        section #begun data-live {
            @if let Some(wish) = &view.first { (told(wish)) @if wish.state == State::Done { p { a href="/customers" { (words::text!("See the customers")) } } } }
            @if progress.everything {
                @if view.loader_is_keyless() { p { (words::text!("The loader waits: rows without a key have to be matched first, above.")) } }
                @else if view.nobody_lists() { p .trouble { (words::text!("Nobody lists (LISTING=off): what changes in OKKI does not reach the form. Write all customers once more.")) } }
                @else if all_work { p .good { (words::text!("The pipeline works.")) " " a href="/" { (words::text!("To the overview")) } } }
                @else { p .note { (words::text!("The settings are written; the programs begin anew with them.")) } }
            }
        }
        @if progress.first.is_some() && !progress.everything { p .note { (words::text!("The first rows may take a minute: a new loader waits until no call of an earlier one can land any more.")) } }
        div .row {
            @if !matches && !progress.everything {
                (form(ask, "first", html! { button .primary[progress.first.is_none()] { (words::text!("Write the first 20 customers")) } }))
            }
            (form(ask, "everything", html! {
                button .primary[matches || progress.first.is_some()] data-confirm=(words::text!("Write all customers, and follow what changes from now on?")) { (words::text!("Write all customers")) }
            }))
        }
    }
}

pub(super) fn downloads() -> Markup {
    html! {
        p .note { (words::text!("For Compose, Kubernetes or a machine of your own; without keys, which the desk does not have.")) }
        ul { @for name in FILES { li { a href=(format!("/setup/files/{name}")) { (name) } } } }
    }
}
