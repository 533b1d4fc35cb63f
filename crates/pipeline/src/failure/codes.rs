//! Every reason for which a stage gives a record up or tries it again, so that its counters are there before the first one.
//!
//! A test compares the lists with the sources.

use crate::stage::Stage;

/// What the consumer says by itself, whatever the stage.
const EVERYWHERE: [&str; 5] = [
    "handler-fault",
    "handler-panic",
    "message-too-large",
    "undecodable",
    "wrong-type",
];

const EXTRACT: [&str; 17] = [
    "detail-shape",
    "okki-auth",
    "okki-not-found",
    "okki-not-newer",
    "okki-older-detail",
    "okki-outage",
    "okki-permission",
    "okki-quota",
    "okki-rate-limited",
    "okki-refused",
    "okki-still-shown",
    "okki-time-ahead",
    "okki-time-back",
    "okki-unexpected-shape",
    "okki-unknown-code",
    "okki-unreadable",
    "redis",
];

const TRANSFORM: [&str; 16] = [
    "bad-arguments",
    "bad-date",
    "bad-pattern",
    "bad-regexp",
    "bad-text",
    "detail-not-json",
    "detail-shape",
    "locale",
    "lookup-missing",
    "no-table",
    "no-variable",
    "not-a-number",
    "out-of-range",
    "required-empty",
    "too-large",
    "too-much-work",
];

const LOAD: [&str; 10] = [
    "batch-incomplete",
    "cell-invalid",
    "mapped-for-another-form",
    "outcome-unknown",
    "row-empty",
    "row-id-unknown",
    "row-not-stored",
    "row-refused",
    "row-unanswered",
    "row-unreadable",
];

/// The reasons of a stage, those of the consumer among them.
pub fn codes(stage: Stage) -> impl Iterator<Item = &'static str> {
    let own: &'static [&'static str] = match stage {
        Stage::Extract => &EXTRACT,
        Stage::Transform => &TRANSFORM,
        Stage::Load => &LOAD,
    };
    EVERYWHERE.into_iter().chain(own.iter().copied())
}

/// The rules by which a stage drops records.
pub fn rules(stage: Stage) -> &'static [&'static str] {
    match stage {
        Stage::Extract => &["source-condition", "source-filter"],
        Stage::Transform => &["condition"],
        Stage::Load => &[
            "left-filter-kept",
            "left-filter-marked",
            "left-filter-no-row",
            "left-filter-removed",
            "left-filter-unlisted-kept",
            "left-filter-unlisted-marked",
            "left-filter-unlisted-no-row",
            "left-filter-unlisted-removed",
            "removal-ignored",
            "removal-kept",
        ],
    }
}
