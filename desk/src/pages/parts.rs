//! Small things that many pages show in the same way.

use crate::server::Ask;
use jiff::Timestamp;
use maud::{Markup, html};
use pipeline::stage::Stage;
use replay::when;
use std::time::Duration;
use url::form_urlencoded;

/// A point in time, with the machine's form beside it.
pub(crate) fn time(ms: i64) -> Markup {
    let machine = Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |time| time.to_string());
    html! { time datetime=(machine) { (when::time(ms)) } }
}

/// How long ago a time was.
pub(crate) fn ago(now: i64, ms: i64) -> String {
    words::tr!("{} ago", span((now - ms).max(0)))
}

/// Milliseconds for people.
pub(crate) fn span(ms: i64) -> String {
    let told = when::span(Duration::from_millis(ms.unsigned_abs()));
    let (number, unit) = told.split_at(told.len() - 1);
    match unit {
        "s" => words::tr!("{number}s"),
        "m" => words::tr!("{number}m"),
        "h" => words::tr!("{number}h"),
        "d" => words::tr!("{number}d"),
        _ => told,
    }
}

/// A number in groups of three.
pub(crate) fn number(number: impl TryInto<i128>) -> String {
    let number = number.try_into().unwrap_or_default();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// A number, or what stands for one that nobody knows.
pub(crate) fn maybe(known: Option<u64>) -> String {
    known.map_or_else(|| "?".to_owned(), number)
}

/// What a stage does, in a word.
pub(crate) fn stage_name(stage: &str) -> &'static str {
    match Stage::named(stage) {
        Some(Stage::Extract) => words::sense(words::mark!("stage: extract")),
        Some(Stage::Transform) => words::sense(words::mark!("stage: transform")),
        Some(Stage::Load) => words::sense(words::mark!("stage: load")),
        None => words::text!("a newer stage"),
    }
}

/// A form that only our pages can send.
pub(crate) fn form(ask: &Ask, action: &str, inside: Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name="form_token" value=(ask.principal.form_token);
            (inside)
        }
    }
}

/// A question in an address.
pub(crate) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// A letter's page.
pub(crate) fn letter(stage: &str, id: &str) -> String {
    address(&format!("/dead/{stage}/letter"), &[("id", id)])
}

/// A customer's page.
pub(crate) fn customer(id: &str) -> Markup {
    match id.is_empty() {
        true => html! { "–" },
        false => html! { a .id href=(format!("/customers/{id}")) { (id) } },
    }
}

/// A row where people look at it, which is another place than the desk.
pub(crate) fn row_page(page: &str) -> Markup {
    html! { a .row-page href=(page) rel="noreferrer" { (words::text!("Open the row in the form")) } }
}

/// What an empty place means.
pub(crate) fn empty(text: &str) -> Markup {
    html! { p .empty { (text) } }
}

/// Commands stand between backticks.
pub(crate) fn coded(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A formula in words, and as it is written.
pub(crate) fn formula(words: &[String], expression: &str) -> Markup {
    html! {
        @for line in words { div { (line) } }
        @if !expression.is_empty() { details { summary { (words::text!("formula")) } code { (expression) } } }
    }
}

/// The reason that everything which is decided has.
pub(crate) fn reason() -> Markup {
    html! {
        label .reason {
            span { (words::text!("Reason")) }
            input name="reason" required maxlength="300" autocomplete="off"
                placeholder=(words::text!("one sentence; it stays in the audit log"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (given, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (-1_000, "-1,000"),
        ] {
            assert_eq!(number(given), shown);
        }
    }

    #[test]
    fn an_address_holds_what_is_filled() {
        assert_eq!(address("/dead", &[("where", ""), ("after", "")]), "/dead");
        assert_eq!(
            address("/dead", &[("where", "code=a b&c")]),
            "/dead?where=code%3Da+b%26c"
        );
    }
}
