//! What becomes of a hint, once the form has been asked and the ledger has judged: pure decisions.

use std::time::Duration;

use super::inbox::Hint;
use super::parse::Deed;
use crate::index::VISIBLE_AFTER;
use crate::jdy::key::{is_company_id, may_mean};
use crate::ledger::{Touch, TouchJudged};

/// First and longest wait for a row that cannot be judged now.
const PUT_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// What becomes of a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Dealt with: what was found, and what was done about it.
    Done(&'static str, &'static str),
    /// Not yet.
    Later(Duration),
}

/// Where the row of a hint is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Under the key of a customer; `true`: beside another one.
    Keyed(bool),
    /// In the form, without a key, and nobody's as far as is known.
    Keyless,
    /// Not in the form.
    Gone,
}

/// Whether the row whose key cell a person changed is still its owner's, who is known by the row's id: the next write gives
/// it its key back. Not when the cell holds the id of a customer (`reads_as`) that is known, and has no row of its own:
/// then it is that one's row, as anybody would say who reads the form.
pub(super) fn stays_with(owner: &str, cell: &str, reads_as_other_without_row: bool) -> bool {
    may_mean(cell, owner) || !is_company_id(cell) || !reads_as_other_without_row
}

/// How long a row waits that could not be judged, longer each time.
pub(super) fn put_off(hint: &Hint) -> Duration {
    PUT_OFF.0.saturating_mul(1 << hint.tries.min(8)).min(PUT_OFF.1)
}

/// `judged` of every customer that the hint may be about.
pub(super) fn end(hint: &Hint, place: Place, judged: &[TouchJudged], now_ms: i64) -> End {
    let waits = judged.iter().filter_map(|judged| match judged {
        TouchJudged::Busy => Some(put_off(hint)),
        TouchJudged::Wait(wait) => Some(*wait),
        _ => None,
    });
    if let Some(wait) = waits.max() {
        return End::Later(wait);
    }
    let mut touched = judged.iter().filter_map(|judged| match judged {
        TouchJudged::Touched(touch, asked) => Some((*touch, *asked)),
        _ => None,
    });
    if let Some((touch, asked)) = touched.next() {
        let change = match touch {
            Touch::Gone => "removed",
            Touch::Edited => "edited",
            Touch::Replaced => "replaced",
        };
        return End::Done(change, if asked { "asked" } else { "left" });
    }
    // Nothing has changed, as far as the form shows now: a query may be behind by this much.
    let age = Duration::from_millis(u64::try_from(now_ms - hint.last_ms).unwrap_or(0));
    let is_as_told = matches!(place, Place::Keyed(_)) && hint.is_only(Deed::Create);
    if age < VISIBLE_AFTER && !is_as_told {
        return End::Later(VISIBLE_AFTER.saturating_sub(age));
    }
    match place {
        Place::Keyless => End::Done("keyless", "left"),
        Place::Keyed(true) => End::Done("duplicate", "left"),
        Place::Keyed(false) if hint.is(Deed::Create) || hint.is(Deed::Recover) => {
            End::Done("created", "left")
        }
        Place::Keyed(false) | Place::Gone => End::Done("nothing", "left"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn hint(deeds: &str, tries: u32, age_ms: i64) -> Hint {
        Hint::of(deeds, tries, NOW - age_ms)
    }

    fn ended(deeds: &str, age_ms: i64, place: Place, judged: &[TouchJudged]) -> End {
        end(&hint(deeds, 0, age_ms), place, judged, NOW)
    }

    #[test]
    fn a_key_that_says_nobody_is_its_owners_and_one_that_says_somebody_is_theirs() {
        let owner = "56056418101234";
        for cell in [
            "",
            "作废",
            "056056418101234",
            "56056418101234",
            "5.60564E+13",
            "424242",
        ] {
            assert!(stays_with(owner, cell, false), "{cell}");
        }
        assert!(stays_with(owner, "", true));
        assert!(!stays_with(owner, "56056418109999", true), "who has no other row");
        assert!(stays_with(owner, "56056418109999", false), "who has one");
    }

    #[test]
    fn what_was_found_is_said_and_what_cannot_be_judged_waits() {
        use TouchJudged::{Busy, Known, Nobody, Touched, Wait};
        let (keyed, second) = (Place::Keyed(false), Duration::from_secs(1));
        let old = 5000;
        for (ended, expected) in [
            (
                ended("r", 0, Place::Gone, &[Touched(Touch::Gone, false)]),
                End::Done("removed", "left"),
            ),
            (
                ended("u", 0, keyed, &[Nobody, Touched(Touch::Edited, true)]),
                End::Done("edited", "asked"),
            ),
            (
                ended("u", 0, keyed, &[Touched(Touch::Replaced, false)]),
                End::Done("replaced", "left"),
            ),
            (
                ended("u", 0, keyed, &[Touched(Touch::Edited, true), Busy]),
                End::Later(second),
            ),
            (ended("u", 0, keyed, &[Wait(second * 7)]), End::Later(second * 7)),
            (ended("c", 0, keyed, &[Nobody]), End::Done("created", "left")),
            (
                ended("c", 0, Place::Keyed(true), &[Known]),
                End::Done("duplicate", "left"),
            ),
            (ended("r", 1000, keyed, &[Known]), End::Later(second * 2)),
            (ended("r", old, keyed, &[Known]), End::Done("nothing", "left")),
            (ended("c", 1000, Place::Keyless, &[]), End::Later(second * 2)),
            (ended("c", old, Place::Keyless, &[]), End::Done("keyless", "left")),
            (ended("v", old, keyed, &[Known]), End::Done("created", "left")),
            (
                ended("u", old, Place::Gone, &[Known]),
                End::Done("nothing", "left"),
            ),
        ] {
            assert_eq!(ended, expected);
        }
    }

    #[test]
    fn who_cannot_be_judged_waits_longer_and_longer() {
        let waits = [0, 1, 2, 3, 4, 100].map(|tries| put_off(&hint("u", tries, 0)).as_secs());
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
    }
}
