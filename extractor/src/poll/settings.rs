//! From what was typed about polling to a checked tempo.

use super::Tempo;
use crate::{schedule::Schedule, settings::percent};
use pipeline::{
    quota::Bucket,
    setting::{ConfigError, positive_duration},
};
use std::time::Duration;

/// The longest interval between polls beside a cron expression, which names none.
const LONGEST_POLL: Duration = Duration::from_secs(300);

/// How to poll, if at all. Whoever names the times at which to list gets no calls between them without asking.
pub(crate) fn polling(
    live: &Schedule,
    [when, quiet, share]: [&str; 3],
    bucket: &Bucket,
) -> Result<Option<Tempo>, ConfigError> {
    let longest = match live {
        Schedule::Every(every) => *every,
        _ => LONGEST_POLL,
    };
    let share = match percent("POLL_SHARE", share)? {
        0 => {
            let remedy = words::text!("write 1 to 100, or switch polling off with POLL=off");
            return Err(ConfigError::new("POLL_SHARE", words::tr!("is nothing"), remedy));
        }
        share => share,
    };
    let tempo = Tempo {
        quiet: positive_duration("POLL_QUIET", quiet)?.min(longest),
        longest,
        share,
        per_second: bucket.per_second,
        daily: bucket.daily,
    };
    match when.trim() {
        "on" => Ok(Some(tempo)),
        "off" => Ok(None),
        "auto" => Ok(matches!(live, Schedule::Every(_)).then_some(tempo)),
        other => Err(ConfigError::new(
            "POLL",
            words::tr!("`{other}` is unknown"),
            words::tr!("write auto, on or off"),
        )),
    }
}
