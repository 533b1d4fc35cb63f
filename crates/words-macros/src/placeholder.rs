//! The placeholders of a format string, read from the literal as it stands in the source.

/// One `{name:spec}`; a text that names it twice gives it twice.
#[derive(Debug, PartialEq)]
pub(crate) struct Placeholder {
    /// Empty for `{}`.
    pub(crate) name: String,
    /// What stands behind the colon.
    pub(crate) spec: String,
}

/// Reads them in their order, each name once.
pub(crate) fn placeholders(literal: &str) -> Result<Vec<Placeholder>, String> {
    let mut found: Vec<Placeholder> = Vec::new();
    let mut characters = literal.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // `\u{2026}` holds braces that are none.
            '\\' if characters.next() == Some('u') => {
                characters.by_ref().find(|it| *it == '}');
            }
            '{' if characters.peek() == Some(&'{') => {
                characters.next();
            }
            '{' => {
                let inside: String = characters.by_ref().take_while(|it| *it != '}').collect();
                let (name, spec) = inside.split_once(':').unwrap_or((&inside, ""));
                if spec.contains('$') {
                    return Err("a width from an argument is not supported".to_owned());
                }
                let placeholder = Placeholder {
                    name: name.trim().to_owned(),
                    spec: spec.to_owned(),
                };
                if placeholder.name.is_empty() || !found.iter().any(|it| it.name == placeholder.name) {
                    found.push(placeholder);
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_specs_are_read_and_doubled_braces_are_text() {
        let read = |literal| {
            let found = placeholders(literal).unwrap();
            found
                .into_iter()
                .map(|it| format!("{}|{}", it.name, it.spec))
                .collect::<Vec<_>>()
        };
        assert_eq!(read(r#""{a} of {b:?}, {a}""#), ["a|", "b|?"]);
        assert_eq!(read(r#""{} {{no}} {:>3}\u{2026}""#), ["|", "|>3"]);
        assert!(placeholders(r#""{a:>width$}""#).is_err());
    }
}
