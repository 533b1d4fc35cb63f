//! A text with placeholders, taken apart.

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Literal(String),
    /// A placeholder's name; `{}` is named by its place.
    Argument(String),
}

/// Takes a text apart as `format!` would; whatever is no placeholder is text.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut unnamed = 0;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '{' | '}' if rest.peek() == Some(&character) => {
                literal.push(character);
                rest.next();
            }
            '{' => {
                let inside: String = rest.by_ref().take_while(|it| *it != '}').collect();
                let name = inside.split(':').next().unwrap_or_default().trim().to_owned();
                let name = match name.is_empty() {
                    true => {
                        unnamed += 1;
                        (unnamed - 1).to_string()
                    }
                    false => name,
                };
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Argument(name));
            }
            other => literal.push(other),
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// The names of a text's placeholders, sorted, each once.
#[must_use]
pub fn names(text: &str) -> Vec<String> {
    let mut names: Vec<String> = pieces(text)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Argument(name) => Some(name),
            Piece::Literal(_) => None,
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_have_names_and_doubled_braces_are_braces() {
        assert_eq!(names("{b:?} {a} {b} {{c}}"), ["a", "b"]);
        assert_eq!(names("{} of {}"), ["0", "1"]);
        let literal = |text: &str| Piece::Literal(text.to_owned());
        assert_eq!(
            pieces("a {{x}} {n}!"),
            [literal("a {x} "), Piece::Argument("n".into()), literal("!")]
        );
    }
}
