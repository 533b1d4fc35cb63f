//! The remedy run (补漏) of a source document: when, and how far back.

use super::bounds::{self, time_of};
use super::spots::{About, Spots};
use crate::schedule::Schedule;
use jiff::SignedDuration;
use mapping::{Context, Parameter, SourceDocument};
use pipeline::setting::ConfigError;
use std::time::Duration;

/// The remedy run's window begins at a time that its expressions compute; what counts is how long ago that is.
pub(super) fn read(
    document: &SourceDocument,
    context: &Context,
    spots: &Spots<'_>,
) -> Result<Option<(String, Duration)>, ConfigError> {
    let Some(remedy) = &document.omission_remedy else {
        return Ok(None);
    };
    if let Err(error) = Schedule::cron(&remedy.crontab) {
        let about = About::Path(&["omissionRemedy", "crontab"]);
        let problem = words::of("omissionRemedy", error);
        return Err(spots.fault(about, &problem, words::text!("correct its crontab")));
    }
    let given = |context: &Context| {
        remedy.parameters(document, context).map_err(|(field, error)| {
            let about = About::TakenOver(&field);
            spots.fault(about, &error.to_string(), words::text!("correct its value"))
        })
    };
    let reach_at = |context: &Context| -> Result<Option<i64>, ConfigError> {
        let given = given(context)?;
        let start = value(&given, "start_time").or(value(&given, "date"));
        let start = start.and_then(time_of).filter(|start| *start > 0);
        Ok(start.map(|start| context.now.as_second() - start))
    };
    let later = bounds::later(context, SignedDuration::from_hours(24 * 30));
    let reach = match (reach_at(context)?, reach_at(&later)?) {
        // A day more or less: it may be written without the time of day.
        (Some(reach), Some(then)) if reach > 0 && (reach - then).abs() <= bounds::DAY_S => {
            reach.unsigned_abs()
        }
        _ => {
            return Err(spots.fault(
                About::Path(&["omissionRemedy", "takeOverRequest"]),
                words::text!("omissionRemedy has no start_time in the past that moves on"),
                words::text!("set it in takeOverRequest, for example {{DAYS_AGO_2|datetime}}"),
            ));
        }
    };
    no_effect(&remedy.take_over, document, &given(context)?, (context, spots))?;
    Ok(Some((remedy.crontab.clone(), Duration::from_secs(reach))))
}

/// The remedy run lists as every other run does, over a longer window.
fn no_effect(
    take_over: &[Parameter],
    document: &SourceDocument,
    given: &[(String, String)],
    (context, spots): (&Context, &Spots<'_>),
) -> Result<(), ConfigError> {
    let usual = document.parameters(context).unwrap_or_default();
    let has_no_effect = |parameter: &&Parameter| {
        let field = parameter.field.as_str();
        !bounds::BOUNDS.contains(&field) && value(given, field) != value(&usual, field)
    };
    match take_over.iter().find(has_no_effect) {
        None => Ok(()),
        Some(parameter) => Err(spots.fault(
            About::TakenOver(&parameter.field),
            &words::tr!("{} in takeOverRequest has no effect", parameter.field),
            words::text!("write it into request, for every run, or take it out"),
        )),
    }
}

/// A remedy run lists up to now, and so more than a window that ends earlier.
pub(super) fn early_end(document: &SourceDocument, context: &Context, spots: &Spots<'_>) -> Option<String> {
    let remedy = document.omission_remedy.as_ref()?;
    let given = remedy.parameters(document, context).ok()?;
    let end = bounds::early_end(&given, context)?;
    let message = words::tr!(
        "omissionRemedy: end_time is `{end}`; the remedy run lists up to now, and so what lies before it, too"
    );
    Some(spots.remark(About::TakenOver("end_time"), &message))
}

fn value<'a>(given: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let named = given.iter().find(|(known, _)| known == name);
    named.map(|(_, value)| value.as_str())
}
