//! `Retry-After`: seconds, or a date, which is compared with the server's own clock where it shows one.

use jiff::{Timestamp, civil::DateTime, fmt::rfc2822, tz::Offset};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// No vendor closes for longer; what says so is asked again after it.
const MOST: Duration = Duration::from_secs(86_400);

/// A wait that is shorter says nothing: the next call would be refused like this one. Then waits are guessed, and grow.
const LEAST: Duration = Duration::from_millis(100);

/// How long the server wants no calls; `None` when it does not say, in a way that nobody can read, or that it is over.
pub(super) fn read(headers: &HeaderMap) -> Option<Duration> {
    said(headers).filter(|wait| *wait >= LEAST)
}

fn said(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let value = text(RETRY_AFTER)?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        let seconds = seconds.is_finite().then_some(seconds)?;
        return Duration::try_from_secs_f64(seconds.clamp(0.0, MOST.as_secs_f64())).ok();
    }
    let at = date(value)?;
    let now = text(DATE).and_then(date).unwrap_or_else(Timestamp::now);
    let left = at.as_second().saturating_sub(now.as_second()).max(0);
    Some(Duration::from_secs(left.unsigned_abs()).min(MOST))
}

/// The three forms of an HTTP date.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(at);
    }
    let forms = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let at = forms
        .iter()
        .find_map(|form| DateTime::strptime(form, text).ok())?;
    Offset::UTC.to_timestamp(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        read(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_are_taken_within_reason() {
        assert_eq!(wait("1", None), Some(1));
        assert_eq!(wait(" 3600 ", None), Some(3_600));
        assert_eq!(wait("1.5", None), Some(1));
        for over in ["0", "-3", "0.001"] {
            assert_eq!(wait(over, None), None, "{over} is no time to wait for");
        }
        assert_eq!(wait("999999999999", None), Some(86_400));
        assert_eq!(wait("inf", None), None);
        assert_eq!(wait("soon", None), None);
        assert_eq!(read(&HeaderMap::new()), None);
    }

    #[test]
    fn a_date_is_counted_from_the_servers_clock() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        for two_minutes_later in [
            "Sun, 06 Nov 1994 08:51:37 GMT",
            "Sunday, 06-Nov-94 08:51:37 GMT",
            "Sun Nov  6 08:51:37 1994",
        ] {
            assert_eq!(wait(two_minutes_later, date), Some(120), "{two_minutes_later}");
        }
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT", date), None, "it is over");
        assert_eq!(wait("Sun, 06 Nov 2044 08:00:00 GMT", date), Some(86_400));
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:49:37 GMT", None),
            None,
            "by our own clock"
        );
    }
}
