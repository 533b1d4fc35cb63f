//! Settings that can be read and mean nothing at their size: a wait that outlasts every outage, a rate that is no number.

use pipeline::setting::ConfigError;
use std::time::Duration;

/// Above this many calls a second nothing limits anything.
const MOST_PER_SECOND: f64 = 100_000.0;

/// `OKKI_RATE`, calls a second.
pub(crate) fn rate(rate: f64) -> Result<f64, ConfigError> {
    let is_rate = rate.is_finite() && rate <= MOST_PER_SECOND;
    is_rate.then_some(rate).ok_or_else(|| {
        ConfigError::new(
            "OKKI_RATE",
            words::tr!("`{rate}` is no number of calls a second"),
            words::text!("write a number such as 10"),
        )
    })
}

/// `OKKI_TIMEOUT`: shorter, no answer would come in time; longer, nobody would notice that none comes.
pub(crate) fn timeout(timeout: Duration) -> Result<Duration, ConfigError> {
    let bounds = (Duration::from_millis(100), Duration::from_secs(600));
    span("OKKI_TIMEOUT", timeout, bounds)
}

/// `LEASE_TTL`: for so long nobody lists after a leader was killed.
pub(crate) fn lease(ttl: Duration) -> Result<Duration, ConfigError> {
    span(
        "LEASE_TTL",
        ttl,
        (Duration::from_secs(1), Duration::from_secs(600)),
    )
}

/// `OVERLAP`: each run lists it once more.
pub(crate) fn overlap(overlap: Duration) -> Result<Duration, ConfigError> {
    let month = Duration::from_secs(31 * 86_400);
    span("OVERLAP", overlap, (Duration::ZERO, month))
}

fn span(name: &str, span: Duration, (least, most): (Duration, Duration)) -> Result<Duration, ConfigError> {
    match (least..=most).contains(&span) {
        true => Ok(span),
        false => Err(ConfigError::new(
            name,
            words::tr!("{span:?} is too short or too long"),
            words::tr!("write a duration from {least:?} to {most:?}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rate_and_no_span_of_sense_is_refused() {
        assert!(rate(0.5).is_ok() && rate(1_000.0).is_ok());
        for odd in [f64::INFINITY, f64::NAN, 1e300] {
            let error = rate(odd).unwrap_err().to_string();
            assert!(error.contains("OKKI_RATE"), "{error}");
        }
        assert!(timeout(Duration::from_secs(60)).is_ok() && overlap(Duration::ZERO).is_ok());
        for error in [
            timeout(Duration::from_millis(1)),
            lease(Duration::from_secs(360_000)),
            overlap(Duration::from_secs(360_000_000)),
        ] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("write a duration from"), "{error}");
        }
    }
}
