//! Legal or half-legal things that are not supported, each with the way out.

use super::Fault;

/// What an expression may contain and this program refuses.
pub(super) fn refused(text: &str) -> Vec<Fault> {
    let at = |needle: &str| text.find(needle).map(|byte| chars_before(text, byte));
    let mut faults = Vec::new();
    if let Some(offset) = at("_findCollection") {
        let open = text.starts_with("_function") && !text.contains("_endFind");
        let why = if open {
            " (and inside _function it would have to be closed with _endFind)"
        } else {
            ""
        };
        faults.push(
            Fault::new(offset, format!("_findCollection looks into the platform's own data store, which does not exist here{why}"))
                .remedy("bring the value into the record (info_api of the source document) or translate it with _function CASE … WHEN … THEN … END"),
        );
    } else if let Some(offset) = at("_mongoQuery") {
        faults.push(
            Fault::new(offset, "_mongoQuery looks into the platform's own data store, which does not exist here")
                .remedy("bring the value into the record (info_api of the source document) or translate it with _function CASE … WHEN … THEN … END"),
        );
    }
    if let Some(offset) = at("_endFunction") {
        faults.push(
            Fault::new(offset, "_endFunction is not part of the language")
                .remedy("end the expression with END or leave the word out"),
        );
    }
    if let Some(offset) = at("${") {
        faults.push(
            Fault::new(offset, "${…} is not part of the language")
                .remedy("write {{CURRENT_TIME|datetime}} for the time, {{key}} for a value"),
        );
    }
    let function = text.starts_with("_function");
    let words: &[&str] = if function {
        &["===", "!==", "Math.", "Date.now", "function("]
    } else {
        &["===", "!==", "Math.", "Date.now"]
    };
    let script = words.iter().find_map(|word| Some((word, at(word)?)));
    if let Some((word, offset)) = script.filter(|(_, offset)| !inside_quotes(text, *offset)) {
        faults.push(
            Fault::new(offset, format!("JavaScript ({word}) is not part of the language")).remedy(
                "write a MySQL expression: _function CASE WHEN … THEN … ELSE … END, FLOOR(UNIX_TIMESTAMP())",
            ),
        );
    }
    faults
}

fn inside_quotes(text: &str, offset: usize) -> bool {
    text.chars()
        .take(offset)
        .fold(None, |open, c| match open {
            None if c == '\'' || c == '"' => Some(c),
            Some(quote) if quote == c => None,
            other => other,
        })
        .is_some()
}

/// Byte offset to character offset.
pub(super) fn chars_before(text: &str, byte: usize) -> usize {
    text.get(..byte).map_or(0, |head| head.chars().count())
}
