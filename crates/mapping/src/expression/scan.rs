//! First reading of a `value` text: which kind it is, and where its placeholders are.

use super::super::lookup;
use super::super::sql;
use super::super::sql::expr::Part;
use super::placeholder::Read;
use super::refuse::{chars_before, refused};
use super::{Fault, Form, Placeholder, formula, spelling};

/// Longer texts are no expressions.
const MAX_LENGTH: usize = 64 * 1024;

/// A piece of a text in front of any quoting rules.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Text(String),
    /// `{{…}}`
    Double(Placeholder),
    /// `{…}` with its text as written.
    Single(Placeholder, String),
}

/// Reads a whole value; what is odd about it and does no harm is added to the hints.
pub(super) fn form(text: &str, hints: &mut Vec<Fault>) -> Result<Form, Vec<Fault>> {
    if text.len() > MAX_LENGTH {
        return Err(vec![Fault::new(
            0,
            words::tr!("the expression is longer than {MAX_LENGTH} bytes"),
        )]);
    }
    let faults = refused(text);
    if !faults.is_empty() {
        return Err(faults);
    }
    if let Some(body) = text.strip_prefix("_function") {
        let body_offset = chars_before(text, text.len() - body.len());
        let (expr, told) = sql::compile(pieces(body, body_offset, hints)?, body_offset)?;
        hints.extend(told);
        return Ok(Form::Function(Box::new(expr)));
    }
    if text.trim_start().starts_with("_function") {
        let fault = Fault::new(0, words::text!("_function must be the first word of the value"))
            .remedy(words::text!("delete the white space before it"));
        return Err(vec![fault]);
    }
    let mut pieces: Vec<(Piece, usize)> = pieces(text, 0, hints)?;
    odd_texts(text, &pieces, hints);
    Ok(match pieces.len() {
        0 => Form::Constant(String::new()),
        1 => match pieces.remove(0).0 {
            Piece::Text(text) => Form::Constant(text),
            Piece::Double(placeholder) | Piece::Single(placeholder, _) => Form::Reference(placeholder),
        },
        _ => Form::Template(pieces.into_iter().map(|(piece, _)| part(piece)).collect()),
    })
}

/// Tells what of the fixed texts looks like something else.
fn odd_texts(text: &str, pieces: &[(Piece, usize)], hints: &mut Vec<Fault>) {
    let whole = match pieces {
        [(Piece::Text(plain), _)] => spelling::whole(plain),
        [(Piece::Text(mark), _), (Piece::Single(_, written), _)] if mark.trim() == "#" => {
            Some(spelling::marked(written))
        }
        _ => None,
    };
    hints.extend(whole.map(|(message, remedy)| Fault::new(0, message).remedy(remedy)));
    let formula = formula::told(text, pieces);
    hints.extend(formula.map(|(message, remedy)| Fault::new(0, message).remedy(remedy)));
    let mut follows = false;
    for (piece, at) in pieces {
        let Piece::Text(plain) = piece else {
            follows = true;
            continue;
        };
        let told = spelling::text(plain).or_else(|| spelling::pipe_behind(plain).filter(|_| follows));
        hints.extend(told.map(|(message, remedy)| Fault::new(*at, message).remedy(remedy)));
        follows = false;
    }
}

pub(crate) fn part(piece: Piece) -> Part {
    match piece {
        Piece::Text(text) => Part::Text(text),
        Piece::Double(placeholder) => Part::Value(placeholder),
        Piece::Single(placeholder, written) => Part::Maybe(placeholder, written),
    }
}

/// Splits at placeholders; every piece comes with its character offset.
pub(crate) fn pieces(
    text: &str,
    offset: usize,
    hints: &mut Vec<Fault>,
) -> Result<Vec<(Piece, usize)>, Vec<Fault>> {
    let (mut found, mut faults, mut plain, mut plain_at) = (Vec::new(), Vec::new(), String::new(), offset);
    let (mut rest, mut at) = (text, offset);
    while let Some(c) = rest.chars().next() {
        let (piece, length) = match placeholder(rest) {
            Ok(Some((piece, length, hint))) => {
                hints.extend(hint.map(|(message, remedy)| Fault::new(at, message).remedy(remedy)));
                (piece, length)
            }
            Ok(None) => {
                let told = spelling::braced(rest);
                hints.extend(told.map(|(message, remedy)| Fault::new(at, message).remedy(remedy)));
                if plain.is_empty() {
                    plain_at = at;
                }
                plain.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
                at += 1;
                continue;
            }
            Err((message, length)) => {
                faults.push(Fault::new(at, message));
                let skipped = rest.get(..length).unwrap_or(rest);
                at += skipped.chars().count();
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
        };
        if !plain.is_empty() {
            found.push((Piece::Text(std::mem::take(&mut plain)), plain_at));
        }
        found.push((piece, at));
        at += rest.get(..length).map_or(0, |skipped| skipped.chars().count());
        rest = rest.get(length..).unwrap_or_default();
    }
    if !plain.is_empty() {
        found.push((Piece::Text(plain), plain_at));
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

type Hint = Option<(String, String)>;
type Found = Result<Option<(Piece, usize, Hint)>, (String, usize)>;

/// The placeholder that `text` starts with and its length in bytes.
fn placeholder(text: &str) -> Found {
    if text.starts_with("_findCollection") || text.starts_with("_mongoQuery") {
        return lookup::parse(text)
            .map(|(lookup, length)| Some((Piece::Double(Placeholder::lookup(lookup)), length, None)));
    }
    if let Some(body) = text.strip_prefix("{{") {
        let Some(end) = body.find("}}") else {
            // Nothing behind it can be closed either.
            return Err((
                words::text!("{{ is not closed: }} is expected").to_owned(),
                text.len(),
            ));
        };
        let length = end + 4;
        let inside = body.get(..end).unwrap_or_default();
        return match Placeholder::parse(inside) {
            Ok(Read { placeholder, hint }) => Ok(Some((Piece::Double(placeholder), length, hint))),
            Err(message) => Err((message, length)),
        };
    }
    if text.starts_with('｛') {
        let hint = (
            words::text!("full-width braces are plain text").to_owned(),
            words::text!("write {{key}}").to_owned(),
        );
        return Ok(Some((Piece::Text("｛".to_owned()), '｛'.len_utf8(), Some(hint))));
    }
    Ok(text.strip_prefix('{').and_then(single))
}

/// `{…}`: a key, or else text. `{国家/地区}` is what nobody writes on purpose as text, so it is read as the key, too.
fn single(body: &str) -> Option<(Piece, usize, Hint)> {
    let end = body.find('}')?;
    let key = body.get(..end).unwrap_or_default();
    let is_plain = spelling::is_plain_key(key);
    if !is_plain && !spelling::is_key_like(key) {
        return None;
    }
    let Read { placeholder, hint } = Placeholder::parse(key).ok()?;
    let odd = || {
        let message = words::tr!(
            "single braces are for plain keys; {{{key}}} is read as {{{{{}}}}}",
            key.trim()
        );
        (message, words::tr!("write {{{{{}}}}}", key.trim()))
    };
    let hint = match hint {
        None if !is_plain => Some(odd()),
        None if body.get(end + 1..).is_some_and(|rest| rest.starts_with('}')) => Some((
            words::tr!("{{{key}}}}} has one brace on one side and two on the other"),
            words::tr!("write {{{{{key}}}}}"),
        )),
        hint => hint,
    };
    Some((Piece::Single(placeholder, format!("{{{key}}}")), end + 2, hint))
}
