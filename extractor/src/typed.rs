//! Times and periods that people type: one in the future, or backwards, would list nothing and say nothing.

use crate::okki::time;
use pipeline::setting::ConfigError;

/// Clocks differ a little.
const APART_S: i64 = 60;
/// `--until` of today is the end of today, wherever somebody lives.
const DAY_S: i64 = 86_400;

/// A time that a person typed.
pub(crate) fn moment(name: &str, text: &str, end_of_day: bool) -> Result<i64, ConfigError> {
    let problem = || words::tr!("`{text}` is not a time");
    let remedy =
        words::text!("write 2026-01-31, \"2026-01-31 08:00:00\" (Beijing time) or 2026-01-31T00:00:00Z");
    time::parse_input(text, end_of_day).ok_or_else(|| ConfigError::new(name, problem(), remedy))
}

/// One that has come already.
pub(crate) fn past(name: &str, text: &str) -> Result<i64, ConfigError> {
    let at = moment(name, text, false)?;
    if at > now() + APART_S {
        return Err(future(name, at));
    }
    Ok(at)
}

/// From when on, and up to when; `None` is now.
pub(crate) fn period(
    (since_name, since): (&str, &str),
    (until_name, until): (&str, Option<&str>),
) -> Result<(i64, Option<i64>), ConfigError> {
    let since = past(since_name, since)?;
    let until = until.map(|text| moment(until_name, text, true)).transpose()?;
    match until {
        Some(until) if since > until => Err(ConfigError::new(
            since_name,
            words::tr!("is after {until_name}"),
            words::tr!("exchange them, or omit {until_name} for now"),
        )),
        Some(until) if until > now() + DAY_S => Err(future(until_name, until)),
        until => Ok((since, until)),
    }
}

fn future(name: &str, at: i64) -> ConfigError {
    let at = time::format(at);
    ConfigError::new(
        name,
        words::tr!("{at} (Beijing time) lies in the future"),
        words::tr!("name a time that has come already, or leave it away"),
    )
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_future_or_backwards_is_refused_by_name() {
        let day = |days: i64| time::format(now() + days * DAY_S);
        assert!(past("START", &day(-1)).is_ok());
        let refused = past("START", &day(1)).unwrap_err().to_string();
        assert!(
            refused.starts_with("START: ") && refused.contains("lies in the future"),
            "{refused}"
        );
        let of = |since: &str, until: Option<&str>| period(("--since", since), ("--until", until));
        let refused = of(&day(2), None).unwrap_err().to_string();
        assert!(
            refused.starts_with("--since: ") && refused.contains("future"),
            "{refused}"
        );
        let refused = of(&day(-1), Some(&day(-2))).unwrap_err().to_string();
        assert!(refused.contains("--since: is after --until"), "{refused}");
        let refused = of(&day(-1), Some(&day(3))).unwrap_err().to_string();
        assert!(refused.starts_with("--until: "), "{refused}");
        // The end of today.
        let today = day(0);
        let today = today.split(' ').next().unwrap();
        assert!(of(&day(-1), Some(today)).unwrap().1.unwrap() >= now());
    }
}
