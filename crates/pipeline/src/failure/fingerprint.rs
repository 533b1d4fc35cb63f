//! What died of the same thing: stage, code, field and the message without what differs from record to record.

use super::{Failure, record::FailureRecord};
use crate::stage::Stage;
use regex::Regex;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// Quoted text, ids and numbers; quotes first, because they may hold the others.
static DIFFERING: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?x)
        "[^"]*" | `[^`]*` | “[^”]*” | 「[^」]*」 | '[^']*'
      | \b [0-9a-fA-F]{8} - [0-9a-fA-F-]{20,} \b           # uuid
      | \b [0-9a-fA-F]* [0-9] [0-9a-fA-F]{7,} \b           # hash or object id
      | [+-]? \d+ (?: [.:,/-] \d+ )*                       # numbers, dates, times, versions
    "#;
    // A constant that a test compiles.
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("{error}"))
});

/// The message as all letters of its group have it.
fn normalised(message: &str) -> String {
    DIFFERING.replace_all(message, "…").into_owned()
}

/// Eight hex digits that name the group of a dead letter.
#[must_use]
pub fn of_record(record: &FailureRecord) -> String {
    of(
        &record.stage,
        &record.code,
        &record.message,
        record.field.as_deref(),
    )
}

/// The same for an attempt that failed, which may yet die of it.
#[must_use]
pub(crate) fn of_failure(stage: Stage, failure: &Failure) -> String {
    of(
        stage.name(),
        failure.code,
        &failure.message,
        failure.field.as_deref(),
    )
}

fn of(stage: &str, code: &str, message: &str, field: Option<&str>) -> String {
    let text = [stage, code, &normalised(message), field.unwrap_or_default()].join("\u{1f}");
    Sha256::digest(text)[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_record_to_record_is_left_out() {
        for (one, other) in [
            ("row 7 of 100 refused", "row 12 of 90 refused"),
            ("no member `wang`", "no member `li`"),
            ("company 56657420945678 not found", "company 1 not found"),
            (
                "id 87cd7d71-c6df-4281-9927-469094395677 exists",
                "id 00000000-c6df-4281-9927-0123456789ab exists",
            ),
            ("entry 59264073a2a60c0c08e20bfb", "entry 59264073a2a60c0c08e20bfc"),
            ("at 2026-01-02 03:04:05", "at 2025-12-31 23:59:59"),
        ] {
            assert_eq!(normalised(one), normalised(other));
        }
        assert_ne!(normalised("field too long"), normalised("field too short"));
    }
}
