//! When a rule comes next.

use super::Rule;
use jiff::tz::TimeZone;

/// When.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Now, until this moment where its hours end.
    Now(Option<i64>),
    /// At this moment.
    At(i64),
}

/// When the rule comes next after a run that began at `last`. All times are unix milliseconds of one clock.
pub(crate) fn due(rule: &Rule, last: Option<i64>, now: i64) -> Due {
    let every = i64::try_from(rule.every_ms).unwrap_or(i64::MAX);
    // A clock that was put back must not hold up the rule for longer than its own time.
    let earliest = last
        .map_or(now, |last| last.min(now).saturating_add(every))
        .max(now);
    let zone = TimeZone::get(&rule.zone).unwrap_or(TimeZone::UTC);
    let Some(hours) = rule.hours else {
        return match earliest <= now {
            true => Due::Now(None),
            false => Due::At(earliest),
        };
    };
    match hours.next(earliest, &zone) {
        next if next <= now => Due::Now(Some(hours.end(now, &zone))),
        next => Due::At(next),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::rule, *};

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_rule_comes_at_once_and_then_by_its_interval() {
        let rule = rule();
        assert_eq!(due(&rule, None, 5), Due::Now(None));
        assert_eq!(due(&rule, Some(0), HOUR - 1), Due::At(HOUR));
        assert_eq!(due(&rule, Some(0), HOUR), Due::Now(None));
        assert_eq!(
            due(&rule, Some(99 * HOUR), HOUR),
            Due::At(2 * HOUR),
            "a clock was put back"
        );
    }

    #[test]
    fn outside_of_its_hours_it_waits_for_them() {
        let mut rule = rule();
        rule.zone = "UTC".into();
        rule.hours = Some("02:00-06:00".parse().unwrap());
        assert_eq!(due(&rule, None, HOUR), Due::At(2 * HOUR));
        assert_eq!(due(&rule, None, 3 * HOUR), Due::Now(Some(6 * HOUR)));
        assert_eq!(due(&rule, Some(5 * HOUR + 1), 5 * HOUR + 2), Due::At(26 * HOUR));
    }
}
