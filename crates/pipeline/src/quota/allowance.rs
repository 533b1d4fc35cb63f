//! How many calls a vendor says are left, as many servers do in headers of their answers.
//!
//! Read are `RateLimit` in its structured form (`"default";r=50;t=30`) and in its older one (`limit=100, remaining=50,
//! reset=30`), and the pair `RateLimit-Remaining`, `RateLimit-Reset`, also with `X-` or `X-Rate-Limit`. The time until there
//! are more is a number of seconds, or a unix time in seconds or milliseconds; without one nothing is known.

use http::HeaderMap;
use std::time::Duration;

/// A number above this is no span of seconds but a unix time.
const EPOCH_S: u64 = 1_000_000_000;
/// And above this one in milliseconds.
const EPOCH_MS: u64 = 1_000_000_000_000;

/// Calls that are left, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Calls.
    pub left: u64,
    /// Until there are more.
    pub lasts: Duration,
}

impl Allowance {
    /// What the headers of an answer say; `None` when they do not say both.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let now_s = jiff::Timestamp::now().as_second();
        Self::read_at(headers, u64::try_from(now_s).unwrap_or(0))
    }

    fn read_at(headers: &HeaderMap, now_s: u64) -> Option<Self> {
        let of_pair = ["ratelimit", "x-ratelimit", "x-rate-limit"]
            .into_iter()
            .find_map(|name| {
                let number = |what: &str| number(text(headers, &format!("{name}-{what}"))?);
                Some((number("remaining")?, number("reset")?))
            });
        let of_one = || {
            let text = text(headers, "ratelimit")?;
            let left = member(text, &["r", "remaining"])?;
            Some((left, member(text, &["t", "reset"])?))
        };
        let (left, reset) = of_pair.or_else(of_one)?;
        Some(Self {
            left,
            lasts: span(reset, now_s),
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The first number of a list such as `50, 50;w=1`.
fn number(text: &str) -> Option<u64> {
    let first = text.split([',', ';']).next()?.trim();
    // Some servers count in fractions; nobody may make a part of a call.
    let whole = first.split('.').next()?;
    if whole.starts_with('-') {
        return Some(0);
    }
    whole.parse().ok()
}

/// The value of one of these names in `a=1, b=2` or `x;a=1;b=2`.
fn member(text: &str, names: &[&str]) -> Option<u64> {
    text.split([',', ';']).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        names.contains(&name.trim()).then(|| number(value))?
    })
}

fn span(reset: u64, now_s: u64) -> Duration {
    match reset {
        0..EPOCH_S => Duration::from_secs(reset),
        EPOCH_S..EPOCH_MS => Duration::from_secs(reset.saturating_sub(now_s)),
        _ => Duration::from_millis(reset.saturating_sub(now_s.saturating_mul(1_000))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    const NOW: u64 = 1_800_000_000;

    fn read(headers: &[(&str, &str)]) -> Option<(u64, u64)> {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        let allowance = Allowance::read_at(&headers.collect(), NOW)?;
        Some((allowance.left, allowance.lasts.as_secs()))
    }

    #[test]
    fn every_usual_form_is_read() {
        for headers in [
            &[("X-RateLimit-Remaining", "5"), ("X-RateLimit-Reset", "30")][..],
            &[("RateLimit-Remaining", "5"), ("RateLimit-Reset", "30")],
            &[("X-Rate-Limit-Remaining", "5"), ("X-Rate-Limit-Reset", "30.5")],
            &[
                ("x-ratelimit-remaining", "5"),
                ("x-ratelimit-reset", "1800000030"),
            ],
            &[
                ("x-ratelimit-remaining", "5"),
                ("x-ratelimit-reset", "1800000030000"),
            ],
            &[("RateLimit", "limit=100, remaining=5, reset=30")],
            &[("RateLimit", "\"default\";r=5;t=30")],
        ] {
            assert_eq!(read(headers), Some((5, 30)), "{headers:?}");
        }
    }

    #[test]
    fn what_is_not_said_or_cannot_be_read_is_not_believed() {
        for headers in [
            &[][..],
            &[("X-RateLimit-Remaining", "5")],
            &[("X-RateLimit-Reset", "5")],
            &[("X-RateLimit-Remaining", "many"), ("X-RateLimit-Reset", "30")],
            &[("RateLimit", "unlimited")],
        ] {
            assert_eq!(read(headers), None, "{headers:?}");
        }
        let past = [
            ("X-RateLimit-Remaining", "0"),
            ("X-RateLimit-Reset", "1700000000"),
        ];
        assert_eq!(read(&past), Some((0, 0)), "a time that is over");
    }
}
