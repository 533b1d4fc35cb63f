//! How many calls a vendor says are left, as many servers do in headers of their answers.
//!
//! Read are `RateLimit` in its structured form (`"default";r=50;t=30`, several policies and header lines) and in its older
//! one (`limit=100, remaining=50, reset=30`), and `RateLimit-Remaining` with `RateLimit-Reset` or `RateLimit-Reset-After`,
//! also with `X-` or `X-Rate-Limit`, and those for one unit (`X-RateLimit-Remaining-Minute`). The time until there are more
//! is a number of seconds (`30`, `30s`), a unix time in seconds or milliseconds, or an HTTP date; without one only that
//! nothing is left is believed, for a second. Of several the one with the fewest calls counts.

use http::HeaderMap;
use jiff::fmt::rfc2822;
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
        let pairs = ["ratelimit", "x-ratelimit", "x-rate-limit"]
            .into_iter()
            .flat_map(|name| of_pairs(headers, name, now_s));
        let lines = headers.get_all("ratelimit").into_iter();
        let policies = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| of_policies(line, now_s));
        let all = pairs.chain(policies);
        all.min_by_key(|allowance| (allowance.left, std::cmp::Reverse(allowance.lasts)))
    }
}

/// What the headers that begin so say.
fn of_pairs(headers: &HeaderMap, name: &str, now_s: u64) -> Vec<Allowance> {
    let said = |what: &str| text(headers, &format!("{name}-{what}"));
    let is_limited = said("limit").and_then(signed).is_none_or(|limit| limit > 0);
    let remaining = |what: &str| said(what).filter(|_| is_limited).and_then(calls);
    let reset = said("reset").and_then(|text| span(text, now_s));
    let reset = reset.or_else(|| said("reset-after").and_then(|text| span(text, now_s)));
    let units = [("remaining-second", 1), ("remaining-minute", 60)];
    let of_units = units.into_iter().filter_map(|(what, seconds)| {
        let unit = Duration::from_secs(seconds);
        Some(Allowance {
            left: remaining(what)?,
            lasts: reset.map_or(unit, |reset| reset.min(unit)),
        })
    });
    let of_all = remaining("remaining").and_then(|left| allowance(left, reset));
    of_units.chain(of_all).collect()
}

/// What one line of several policies says.
fn of_policies(line: &str, now_s: u64) -> Vec<Allowance> {
    let of_one = |text: &str| {
        let is_limited = member(text, &["limit", "q"])
            .and_then(signed)
            .is_none_or(|limit| limit > 0);
        let left = member(text, &["r", "remaining"])
            .filter(|_| is_limited)
            .and_then(calls)?;
        let lasts = member(text, &["t", "reset"]).and_then(|text| span(text, now_s));
        allowance(left, lasts)
    };
    // The older form separates by commas what belongs together.
    match line.contains("remaining=") {
        true => of_one(line).into_iter().collect(),
        false => line.split(',').filter_map(of_one).collect(),
    }
}

/// Without a time only that nothing is left is believed.
fn allowance(left: u64, lasts: Option<Duration>) -> Option<Allowance> {
    let guess = (left == 0).then_some(Duration::from_secs(1));
    let lasts = lasts.or(guess)?;
    Some(Allowance { left, lasts })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Calls that are left. With a negative number, and with a limit of none, servers say that there is no limit.
fn calls(text: &str) -> Option<u64> {
    signed(text).filter(|left| *left >= 0).and_then(|_| number(text))
}

/// The whole part of the first number of a list, which may be negative.
fn signed(text: &str) -> Option<i64> {
    let first = text.split([',', ';']).next()?.trim();
    first.split('.').next()?.parse().ok()
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
fn member<'a>(text: &'a str, names: &[&str]) -> Option<&'a str> {
    text.split([',', ';']).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        names.contains(&name.trim()).then_some(value)
    })
}

fn span(text: &str, now_s: u64) -> Option<Duration> {
    let text = text.trim();
    if let Ok(at) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        let at = u64::try_from(at.as_second()).unwrap_or(0);
        return Some(Duration::from_secs(at.saturating_sub(now_s)));
    }
    let reset = match text.strip_suffix("ms") {
        Some(ms) => return number(ms).map(Duration::from_millis),
        None => number(text.strip_suffix('s').unwrap_or(text))?,
    };
    Some(match reset {
        0..EPOCH_S => Duration::from_secs(reset),
        EPOCH_S..EPOCH_MS => Duration::from_secs(reset.saturating_sub(now_s)),
        _ => Duration::from_millis(reset.saturating_sub(now_s.saturating_mul(1_000))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    const NOW: u64 = 1_800_000_000;

    fn read(headers: &[(&str, &str)]) -> Option<(u64, u64)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        let allowance = Allowance::read_at(&map, NOW)?;
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
            &[("RateLimit", "\"burst\";r=50;t=1, \"day\";r=5;t=30")],
            &[
                ("RateLimit", "\"burst\";r=50;t=1"),
                ("RateLimit", "\"day\";r=5;t=30"),
            ],
            &[("X-RateLimit-Remaining", "5"), ("X-RateLimit-Reset-After", "30")],
            &[("X-RateLimit-Remaining", "5"), ("X-RateLimit-Reset", "30s")],
            &[
                ("X-RateLimit-Remaining", "5"),
                ("X-RateLimit-Reset", "Fri, 15 Jan 2027 08:00:30 GMT"),
            ],
            &[
                ("X-RateLimit-Remaining-Minute", "5"),
                ("RateLimit-Reset", "30"),
                ("X-RateLimit-Reset", "30"),
            ],
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
            &[("X-RateLimit-Remaining", "5"), ("X-RateLimit-Reset", "soon")],
            &[("RateLimit", "unlimited")],
            &[("X-RateLimit-Remaining", "-1")],
            &[("X-RateLimit-Remaining", "-1"), ("X-RateLimit-Reset", "30")],
            &[("X-RateLimit-Remaining-Minute", "-1")],
            &[
                ("X-RateLimit-Limit", "0"),
                ("X-RateLimit-Remaining", "0"),
                ("X-RateLimit-Reset", "30"),
            ],
            &[("X-RateLimit-Limit", "-1"), ("X-RateLimit-Remaining", "0")],
            &[("RateLimit", "limit=0, remaining=0, reset=30")],
            &[("RateLimit", "\"default\";r=-1;t=30")],
        ] {
            assert_eq!(read(headers), None, "{headers:?}");
        }
        let past = [
            ("X-RateLimit-Remaining", "0"),
            ("X-RateLimit-Reset", "1700000000"),
        ];
        assert_eq!(read(&past), Some((0, 0)), "a time that is over");
        let none = [("X-RateLimit-Remaining", "0")];
        assert_eq!(read(&none), Some((0, 1)), "nothing is left, for a while");
        let minute = [("X-RateLimit-Remaining-Minute", "7")];
        assert_eq!(read(&minute), Some((7, 60)));
    }
}
