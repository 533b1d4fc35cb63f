//! What is worth knowing of a value that was computed, for people who try a mapping.

use mapping::{Evaluation, Expression, Scope, Segment};
use serde_json::Value as Json;

/// Says of lists and objects that have become JSON within a text.
pub(super) fn note_texts(expression: &Expression, on: &Evaluation<'_>, scope: Option<&Scope<'_>>) {
    // A list may be an argument of JSON_LENGTH and the like.
    let is_json = || expression.as_str().to_ascii_uppercase().contains("JSON_");
    if !on.is_asked() || expression.is_constant() || expression.aggregates() || is_json() {
        return;
    }
    for path in expression.as_texts() {
        let key = path.as_str();
        let is_list = match path.segments().contains(&Segment::Every) {
            true => !path.collect(on.record(), scope).is_empty(),
            false => match path.find(on.record(), scope).value() {
                Some(Json::Array(items)) => !items.is_empty(),
                Some(Json::Object(parts)) if !parts.is_empty() => {
                    on.note(|| {
                        words::tr!(
                            "{key} is an object, which goes into a text as JSON{}; name one of its parts, such as {{{{{key}.name}}}}",
                            ""
                        )
                    });
                    false
                }
                _ => false,
            },
        };
        if is_list {
            on.note(|| {
                words::tr!(
                    "{key} is a list, which goes into a text as JSON; write {{{{{key}|implode('、')}}}}"
                )
            });
        }
    }
}
