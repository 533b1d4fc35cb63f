//! An error with everything that caused it, for those who read one line: log, `/readyz`, notices, findings.
//!
//! `Display` of an error never repeats its source (docs/style.md), so the source has to be asked for.

/// An error with its causes on one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        // Libraries of others do repeat their source.
        if !text.ends_with(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}

/// The same for a log, which is English whatever the process speaks.
#[must_use]
pub fn logged(error: &dyn std::error::Error) -> String {
    words::english(|| chain(error))
}
