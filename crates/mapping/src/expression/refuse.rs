//! Half-legal things that are not supported, each with the way out.

use super::Fault;

/// What an expression may contain and this program refuses.
pub(super) fn refused(text: &str) -> Vec<Fault> {
    let at = |needle: &str| text.find(needle).map(|byte| chars_before(text, byte));
    let mut faults = Vec::new();
    let count = |word: &str| text.matches(word).count();
    let lookups = count("_findCollection") + count("_mongoQuery");
    if text.starts_with("_function") && count("_endFind") < lookups {
        let offset = at("_findCollection").or_else(|| at("_mongoQuery")).unwrap_or(0);
        faults.push(
            Fault::new(
                offset,
                words::text!("inside _function a look-up has to be closed with _endFind"),
            )
            .remedy(words::text!("write _endFind behind its last condition")),
        );
    }
    if let Some(offset) = at("_endFunction") {
        faults.push(
            Fault::new(offset, words::text!("_endFunction is not part of the language"))
                .remedy(words::text!("end the expression with END or leave the word out")),
        );
    }
    if let Some(offset) = at("${") {
        faults.push(
            Fault::new(offset, words::text!("${…} is not part of the language")).remedy(words::text!(
                "write {{CURRENT_TIME|datetime}} for the time, {{key}} for a value"
            )),
        );
    }
    let function = text.starts_with("_function");
    let words: &[&str] = if function {
        &["===", "!==", "Math.", "Date.now", "function("]
    } else {
        &["===", "!==", "Math.", "Date.now"]
    };
    if !function && super::formula::is_choice(text) {
        let offset = at("?").unwrap_or(0);
        faults.push(script(offset, "a ? b : c"));
        return faults;
    }
    let found = words.iter().find_map(|word| Some((word, at(word)?)));
    if let Some((word, offset)) = found.filter(|(_, offset)| !inside_quotes(text, *offset)) {
        faults.push(script(offset, word));
    }
    faults
}

fn script(offset: usize, word: &str) -> Fault {
    Fault::new(
        offset,
        words::tr!("JavaScript ({word}) is not part of the language"),
    )
    .remedy(words::text!(
        "write a MySQL expression: _function CASE WHEN … THEN … ELSE … END, FLOOR(UNIX_TIMESTAMP())"
    ))
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
