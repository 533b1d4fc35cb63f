//! Fields of log lines have one name per fact.

use crate::source::{PRODUCT, assert_none, sources};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use regex::Regex;

const MACROS: [&str; 13] = [
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "event",
    "span",
    "trace_span",
    "debug_span",
    "info_span",
    "warn_span",
    "error_span",
    "instrument",
];

/// Arguments of every tracing macro, macros inside macros included: line and text.
fn arguments(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let mut named = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => named = MACROS.contains(&ident.to_string().as_str()),
            TokenTree::Punct(punct) if punct.as_char() == '!' => {}
            TokenTree::Group(group) => {
                if named && group.delimiter() == Delimiter::Parenthesis {
                    found.push((group.span_open().start().line, group.stream().to_string()));
                }
                arguments(group.stream(), found);
                named = false;
            }
            _ => named = false,
        }
    }
}

fn fields_called_company(text: &str) -> Vec<usize> {
    // A field is `company = …` or, by its variable, `company` or `%company` alone.
    let field = Regex::new(r"(?:^|[,({])\s*[%?]?\s*company\s*(?:=[^=]|,|$)").unwrap();
    let mut found = Vec::new();
    arguments(text.parse().unwrap(), &mut found);
    let hits = found.into_iter().filter(|(_, text)| field.is_match(text));
    hits.map(|(line, _)| line).collect()
}

#[test]
fn a_customer_is_company_id_in_every_log_line() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.is_in(&PRODUCT)) {
        for line in fields_called_company(&source.text) {
            wrong.push(format!("{}:{line}", source.path));
        }
    }
    assert_none("the field is called `company_id`", &wrong);
}

#[test]
fn the_search_for_fields_sees_what_it_should() {
    let found = |line: &str| {
        fields_called_company(&format!("fn f() {{ select! {{ _ = x => {{ {line} }} }} }}")).len()
    };
    assert_eq!(found(r#"warn!(stage, company = %id, "gone");"#), 1);
    assert_eq!(found(r#"tracing::info!(%company, "gone");"#), 1);
    assert_eq!(
        found(r#"tracing::info!(company_id = %company, "gone {company}");"#),
        0
    );
    assert_eq!(found(r#"assert!(company == other, "gone");"#), 0);
}
