//! The bounds that a document gives its window. Ours begin at the checkpoint and end now, so those that say the same need no
//! following, and any other one is refused: ignored, it would list what the integrator did not want, or leave out what he did.
//!
//! Bounds are expressions. What they mean is found by evaluating them at several times of now and of the last run.

use super::spots::{About, Spots};
use crate::okki::time;
use jiff::{SignedDuration, Timestamp};
use mapping::{Context, SourceDocument};
use pipeline::setting::ConfigError;

pub(super) const BOUNDS: [&str; 3] = ["start_time", "end_time", "date"];
pub(super) const DAY_S: i64 = 86_400;
/// A window may end this long before now, as for a vendor's delay.
const SETTLES_S: i64 = 900;

const REMEDY: &str = words::mark!(
    "take it out or write {{LAST_SYNC_TIME|datetime}}; list a fixed span with \
                            `extractor sync --since … --until …`, or begin with START"
);
const FLOOR: &str = words::mark!("write {{LAST_SYNC_TIME|datetime}} alone, and that time as START");
const END: &str = words::mark!(
    "take it out or write {{CURRENT_TIME|datetime}}; SETTLE_DELAY says how long before now windows end"
);

/// Refuses bounds that every run would have to follow and none does.
pub(super) fn refuse(
    document: &SourceDocument,
    context: &Context,
    spots: &Spots<'_>,
) -> Result<(), ConfigError> {
    refuse_other_cases(document, spots)?;
    refuse_fixed(document, spots)?;
    for bound in ["start_time", "date"] {
        let Some(text) = text(document, context, bound, spots)? else {
            continue;
        };
        if let Some(floor) = floor(document, context, bound) {
            let problem = words::tr!("{bound} begins at {} at the first run", time::format(floor));
            return Err(spots.fault(About::Parameter(bound), &problem, FLOOR));
        }
        if offset(document, context, bound).is_none() {
            let problem = words::tr!("{bound} is `{text}`, which does not follow the last run");
            return Err(spots.fault(About::Parameter(bound), &problem, REMEDY));
        }
    }
    let given = document.parameters(context).unwrap_or_default();
    match early_end(&given, context) {
        None => Ok(()),
        Some(end) => {
            let problem = words::tr!("end_time is `{end}`, but windows end now");
            Err(spots.fault(About::Parameter("end_time"), &problem, END))
        }
    }
}

/// A window that ends before now leaves out what changed since, for as long as it does.
pub(super) fn early_end<'g>(given: &'g [(String, String)], context: &Context) -> Option<&'g str> {
    let (_, end) = given.iter().find(|(field, _)| field == "end_time")?;
    let is_now = time_of(end).is_some_and(|at| at >= context.now.as_second() - SETTLES_S);
    (!is_now).then_some(end.as_str())
}

/// A remark about windows that the platform makes overlap by more than a day.
pub(super) fn overlap(document: &SourceDocument, context: &Context, spots: &Spots<'_>) -> Option<String> {
    let (bound, offset) = ["start_time", "date"]
        .into_iter()
        .find_map(|bound| Some((bound, offset(document, context, bound)?)))?;
    (offset < -DAY_S).then(|| {
        let message =
            words::text!("windows begin long before the last run; OVERLAP says by how much ours overlap");
        spots.remark(About::Parameter(bound), message)
    })
}

/// The same some time later.
pub(super) fn later(context: &Context, by: SignedDuration) -> Context {
    Context {
        now: context.now.saturating_add(by).unwrap_or(Timestamp::MAX),
        ..context.clone()
    }
}

/// A time in any form that parameters have.
pub(super) fn time_of(text: &str) -> Option<i64> {
    time::parse_input(text, false).or_else(|| time::parse(text))
}

/// By how much the bound lies after the last run, seconds; `None` when it does not follow that. One without the time of day
/// lies up to a day before it.
fn offset(document: &SourceDocument, context: &Context, bound: &str) -> Option<i64> {
    let now = context.now.as_second();
    let at = |last: i64, context: &Context| {
        let given = document.parameters(&context.clone().last_sync(last)).ok()?;
        let (_, text) = given.into_iter().find(|(field, _)| field == bound)?;
        time_of(&text)
    };
    let (lately, long_ago) = (now - 10 * DAY_S, now - 40 * DAY_S);
    let offset = at(lately, context)? - lately;
    let is_same = |other: i64| (other - offset).abs() <= DAY_S;
    let then = later(context, SignedDuration::from_hours(24 * 30));
    let follows = is_same(at(long_ago, context)? - long_ago) && is_same(at(lately, &then)? - lately);
    // One that begins after the last run leaves out what changed between.
    (follows && offset <= 60).then_some(offset)
}

/// Where the first run begins, when that is not the beginning: the last one was never.
fn floor(document: &SourceDocument, context: &Context, bound: &str) -> Option<i64> {
    let given = document.parameters(&context.clone().last_sync(0)).ok()?;
    let (_, text) = given.into_iter().find(|(field, _)| field == bound)?;
    let at = time_of(&text).filter(|at| *at > DAY_S)?;
    // What does not follow the last run at all is refused as that.
    offset(document, context, bound).map(|_| at)
}

fn text(
    document: &SourceDocument,
    context: &Context,
    bound: &str,
    spots: &Spots<'_>,
) -> Result<Option<String>, ConfigError> {
    let given = document.parameters(context).map_err(|(field, error)| {
        let about = About::Parameter(&field);
        spots.fault(about, &error.to_string(), words::text!("correct its value"))
    })?;
    let found = given.into_iter().find(|(field, _)| field == bound);
    Ok(found.map(|(_, text)| text))
}

/// A bound that is the same in every run would be ignored, or end all listing.
fn refuse_fixed(document: &SourceDocument, spots: &Spots<'_>) -> Result<(), ConfigError> {
    let Some((bound, fixed)) = BOUNDS
        .iter()
        .find_map(|bound| Some((bound, document.fixed(bound)?)))
    else {
        return Ok(());
    };
    let problem = words::tr!("{bound} is always `{fixed}`, but every run has a window of its own");
    Err(spots.fault(About::Parameter(bound), &problem, REMEDY))
}

/// OKKI knows its parameters by their exact names, and ignores others.
fn refuse_other_cases(document: &SourceDocument, spots: &Spots<'_>) -> Result<(), ConfigError> {
    let known = super::OWN
        .iter()
        .chain(&["all", "group_id", "time_type", "format"]);
    let known: Vec<&str> = known.copied().collect();
    let meant = |field: &str| {
        let folded = field.trim().to_lowercase();
        known
            .iter()
            .find(|known| **known == folded && **known != field)
            .copied()
    };
    let over = document
        .omission_remedy
        .iter()
        .flat_map(|remedy| &remedy.take_over);
    let found = document
        .request
        .iter()
        .chain(over)
        .find_map(|parameter| Some((parameter.field.as_str(), meant(&parameter.field)?)));
    match found {
        None => Ok(()),
        Some((field, meant)) => Err(spots.fault(
            About::Parameter(field),
            &words::tr!("OKKI knows no parameter `{field}`"),
            &words::tr!("write `{meant}`"),
        )),
    }
}
