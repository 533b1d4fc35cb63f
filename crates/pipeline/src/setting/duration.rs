//! Durations as people write them.

use std::ops::RangeBounds;
use std::time::Duration;

use super::ConfigError;

/// Reads `500ms`, `5s`, `1m`, `2h` or `1d`; the error is a phrase for people.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let problem = || {
        words::tr!("`{text}` is not a duration, expected a whole number and a unit such as 500ms, 5s, 1m, 2h")
    };
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(problem)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| problem())?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(problem()),
    };
    number
        .checked_mul(unit_ms)
        .map(Duration::from_millis)
        .ok_or_else(problem)
}

/// A duration above zero, or an error that names the variable.
pub fn positive_duration(name: &str, text: &str) -> Result<Duration, ConfigError> {
    let remedy = words::text!("write a duration above zero such as 500ms, 5s, 1m or 2h");
    let duration = parse_duration(text.trim()).map_err(|problem| ConfigError::new(name, problem, remedy))?;
    if duration.is_zero() {
        Err(ConfigError::new(name, words::tr!("must not be zero"), remedy))
    } else {
        Ok(duration)
    }
}

/// The duration, when it lies within bounds; else the problem and the remedy.
///
/// # Errors
///
/// It does not.
pub fn duration_within(
    name: &str,
    duration: Duration,
    bounds: impl RangeBounds<Duration>,
    problem: &str,
    remedy: &str,
) -> Result<Duration, ConfigError> {
    match bounds.contains(&duration) {
        true => Ok(duration),
        false => Err(ConfigError::new(name, problem, remedy)),
    }
}
