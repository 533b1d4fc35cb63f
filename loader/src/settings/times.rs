//! Durations of the settings, and the bounds between which they make sense.

use std::time::Duration;

use pipeline::setting::{ConfigError, duration_within, parse_duration, positive_duration};

/// Longer than this nobody waits for a batch to fill.
const LONGEST_LINGER: Duration = Duration::from_secs(60);

/// The vendor forgets a transaction id after this time, and the same rows would then be new ones (docs/jiandaoyun-api.md §2.4).
const TRANSACTION_LIFE: Duration = Duration::from_secs(3600);
/// It is renewed fifteen times in its length.
const SHORTEST_LEASE: Duration = Duration::from_secs(3);

/// A batch that is just young enough to be sent again is tried as long as patience lasts, and the last try may take as long
/// as its time-out: even that one has to find the transaction id known.
pub(super) fn within_the_hour(
    resend_for: Duration,
    patience: Duration,
    timeout: Duration,
) -> Result<(), ConfigError> {
    let longest = resend_for.saturating_add(patience).saturating_add(timeout);
    match longest <= TRANSACTION_LIFE {
        true => Ok(()),
        false => Err(ConfigError::new(
            "RESEND_FOR",
            words::tr!(
                "exceeds, together with PATIENCE and JDY_TIMEOUT, the hour after which Jiandaoyun forgets a transaction id"
            ),
            words::tr!("make the three at most 1h together"),
        )),
    }
}

pub(super) fn linger(text: &str) -> Result<Duration, ConfigError> {
    let linger = duration("LINGER", text)?;
    let problem = words::text!("keeps records longer than any batch needs");
    duration_within(
        "LINGER",
        linger,
        ..=LONGEST_LINGER,
        problem,
        words::text!("write at most 1m"),
    )
}

pub(super) fn lease(text: &str) -> Result<Duration, ConfigError> {
    let lease = positive_duration("LEASE", text)?;
    let problem = words::text!("is too short for its renewals");
    duration_within(
        "LEASE",
        lease,
        SHORTEST_LEASE..,
        problem,
        words::text!("write at least 3s"),
    )
}

/// A duration that may be zero.
pub(super) fn duration(name: &str, text: &str) -> Result<Duration, ConfigError> {
    parse_duration(text.trim()).map_err(|problem| {
        ConfigError::new(name, problem, words::tr!("write a duration such as 500ms or 5s"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_batch_is_sent_again_after_the_vendor_has_forgotten_it() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let half = Duration::from_secs(30);
        assert!(
            within_the_hour(minutes(50), minutes(8), half).is_ok(),
            "as shipped"
        );
        for (resend_for, patience, timeout) in [
            (minutes(60), minutes(8), half),
            (minutes(50), minutes(10), half),
            (Duration::MAX, minutes(8), half),
        ] {
            let error = within_the_hour(resend_for, patience, timeout)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("RESEND_FOR") && error.contains("PATIENCE"),
                "{error}"
            );
        }
    }
}
