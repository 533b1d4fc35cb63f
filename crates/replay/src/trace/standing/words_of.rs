//! The places of a customer in words.

use super::Place;
use crate::{trace::step::Step, when::time};
use pipeline::{
    disposition::{left_filter, skip},
    events::What,
    stage::Stage,
};

pub(super) fn dropped(step: &Step, stage: Stage) -> (Place, Option<Stage>, String) {
    match left_filter::row(&step.reason) {
        Some((row, unlisted)) => left(Some(stage), row, unlisted),
        None => {
            let now = words::tr!("dropped by the rule `{}` of the {stage} stage", step.reason);
            (Place::Filtered, Some(stage), now)
        }
    }
}

/// Whether a reason for doing nothing says where the customer is.
pub(super) fn is_told(reason: &str) -> bool {
    [skip::UNKNOWN, skip::OUTSIDE, skip::STILL_SHOWN].contains(&reason)
}

/// There was nothing to do, and not because this state or a newer one is there.
pub(super) fn skipped(step: &Step, stage: Stage) -> (Place, Option<Stage>, String) {
    let since = time(step.at);
    let (place, now) = match step.reason.as_str() {
        skip::UNKNOWN => (
            Place::Missing,
            words::tr!("OKKI does not know this customer (404) since {since}"),
        ),
        skip::OUTSIDE => (
            Place::Filtered,
            words::tr!("outside of the listing's filter, or not known to be within: it has no row"),
        ),
        _ => (
            Place::Form,
            words::tr!("OKKI lists it as deleted and shows it since {since}: its row stays"),
        ),
    };
    (place, Some(stage), now)
}

/// A customer that is there, and outside of what is wanted: by the listing or a condition, or by what a comparison has found.
pub(super) fn left(stage: Option<Stage>, row: &str, unlisted: bool) -> (Place, Option<Stage>, String) {
    let row = match row {
        "kept" => words::text!("its row is kept (ON_REMOVAL)"),
        "removed" => words::text!("its row was deleted"),
        "marked" => words::text!("its row was marked"),
        _ => words::text!("it had no row"),
    };
    let (place, now) = match unlisted {
        true => (
            Place::Unlisted,
            words::tr!("taken away by a comparison, which found it in no listing under the filter: {row}"),
        ),
        false => (
            Place::Filtered,
            words::tr!("has left the filter (the listing's, or a condition's): {row}"),
        ),
    };
    (place, stage, now)
}

/// What a message waits for.
pub(super) fn ladder(step: &Step, stage: Stage) -> String {
    let until = time(step.next_at.unwrap_or(step.at));
    match step.what {
        What::Retried => words::tr!(
            "on the retry ladder of the {stage} stage until {until}: attempt {} failed, {}",
            step.attempt,
            cause(step)
        ),
        _ => words::tr!("set aside by the {stage} stage until {until}, which costs no attempt"),
    }
}

pub(super) fn cause(step: &Step) -> String {
    let vendor = match step.vendor_code.as_str() {
        "" => String::new(),
        code => words::tr!(" (the vendor's code {code})"),
    };
    format!("{}{vendor}", step.reason)
}
