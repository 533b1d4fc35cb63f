//! How a listed customer stands, by what is known of him.

use crate::{ahead::is_ahead, granule::Granule};
use pipeline::watermarks::standing::Standing;

/// How a listed customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The listed state was loaded.
    Current,
    /// It went to the loader, which has not said yet that it was loaded.
    Published,
    /// A condition dropped it.
    Filtered,
    /// The same, and its row is still as it was.
    Dropped,
    /// It was never loaded, or has come back.
    Missing,
    /// Only an older state was loaded.
    Stale,
    /// A newer state was loaded than is listed.
    Ahead,
    /// The listed time is cut, and may hide a change that was not loaded.
    Hidden,
}

/// What the watermarks say; a row without a time is current when anything was loaded.
/// `may_drop`: there is a condition that may drop whom the listing shows; `granule`: what listed times are cut to.
pub(super) fn judge(listed: i64, standing: &Standing, (may_drop, granule): (bool, Granule)) -> Verdict {
    if may_hide(listed, standing, granule) {
        return Verdict::Hidden;
    }
    // Listed as the last second of what it is cut to, it is what was fetched when that was over.
    let is_hidden = |last: i64| granule.hides(listed, last);
    let last = standing.last_shown().filter(|last| is_hidden(*last));
    let listed = last.unwrap_or_else(|| standing.translated(listed));
    let reaches = |time: Option<i64>| time.is_some_and(|time| time >= listed);
    let published = standing.published.map(|version| version.update_time);
    let dropped = standing.dropped.map(|version| version.update_time);
    if is_ahead(listed, standing) {
        return Verdict::Ahead;
    }
    if !standing.is_gone() && standing.is_raised() && standing.last_shown().is_some_and(|last| last < listed)
    {
        return Verdict::Stale;
    }
    if standing.is_dropped() && reaches(dropped) && may_drop {
        return match standing.may_have_row && !standing.is_gone() {
            true => Verdict::Dropped,
            false => Verdict::Filtered,
        };
    }
    // Without a condition he was taken for one who had left the filter, and is listed.
    if standing.is_gone() || standing.is_dropped() {
        return Verdict::Missing;
    }
    if reaches(standing.loaded) {
        return Verdict::Current;
    }
    if reaches(published) {
        return Verdict::Published;
    }
    match published.max(standing.ever_loaded) {
        None => Verdict::Missing,
        Some(_) => Verdict::Stale,
    }
}

/// Whether a change may hide behind the listed time that came after the state that was handed on last.
fn may_hide(listed: i64, standing: &Standing, granule: Granule) -> bool {
    let is_hidden = |last: i64| granule.hides(listed, last);
    !standing.is_gone()
        && standing.last_shown().is_some_and(is_hidden)
        && standing.fetched_whole < Some(granule.end(listed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::{version::Version, watermarks::shown_as::ShownAs};

    const FINE: Granule = Granule::FINE;

    fn at(update_time: i64) -> Option<Version> {
        Some(Version {
            update_time,
            sequence: 1,
        })
    }

    #[test]
    fn what_was_loaded_or_has_come_to_its_end_is_current() {
        let mut standing = Standing::default();
        assert_eq!(judge(10, &standing, (true, FINE)), Verdict::Missing);
        standing.published = at(9);
        assert_eq!(judge(10, &standing, (true, FINE)), Verdict::Stale);
        standing.published = at(10);
        assert_eq!(judge(10, &standing, (true, FINE)), Verdict::Published);
        let loaded = Standing {
            loaded: Some(10),
            ever_loaded: Some(10),
            ..Standing::default()
        };
        assert_eq!(judge(10, &loaded, (true, FINE)), Verdict::Current);
        assert_eq!(judge(0, &loaded, (true, FINE)), Verdict::Current);
        // After a rebuilt index it is not known, and asked for again.
        let before = Standing {
            loaded: None,
            ..loaded
        };
        assert_eq!(judge(10, &before, (true, FINE)), Verdict::Stale);
    }

    #[test]
    fn a_listing_behind_details_is_compared_with_what_it_has_listed() {
        let loaded = Standing {
            published: at(1_000),
            ever_loaded: Some(1_000),
            loaded: Some(1_000),
            shown_as: Some(ShownAs {
                listed: 880,
                handed_on: 1_000,
            }),
            ..Standing::default()
        };
        assert_eq!(judge(880, &loaded, (true, FINE)), Verdict::Current);
        assert_eq!(
            judge(900, &loaded, (true, FINE)),
            Verdict::Stale,
            "it has changed since"
        );
        assert_eq!(judge(1_010, &loaded, (true, FINE)), Verdict::Stale);
        assert_eq!(judge(870, &loaded, (true, FINE)), Verdict::Ahead, "taken back");
        let later = Standing {
            published: at(1_200),
            ..loaded
        };
        assert_eq!(judge(900, &later, (true, FINE)), Verdict::Stale);
    }

    #[test]
    fn what_is_newer_than_the_listing_is_ahead_unless_it_was_raised_above_it() {
        let loaded = Standing {
            published: at(11),
            ever_loaded: Some(11),
            loaded: Some(11),
            ..Standing::default()
        };
        assert_eq!(judge(10, &loaded, (true, FINE)), Verdict::Ahead);
        assert_eq!(
            judge(0, &loaded, (true, FINE)),
            Verdict::Current,
            "a row without a time"
        );
        let raised = Standing {
            floor: at(11),
            shown: Some(10),
            ..loaded.clone()
        };
        assert_eq!(judge(10, &raised, (true, FINE)), Verdict::Current);
        assert_eq!(
            judge(11, &raised, (true, FINE)),
            Verdict::Stale,
            "it has changed since"
        );
        assert_eq!(
            judge(9, &raised, (true, FINE)),
            Verdict::Ahead,
            "taken back once more"
        );
        // By a release that did not keep the time that was shown.
        let unknown = Standing {
            shown: None,
            ..raised
        };
        assert_eq!(judge(9, &unknown, (true, FINE)), Verdict::Current);
        let dropped = Standing {
            dropped: at(11),
            ..Standing::default()
        };
        assert_eq!(judge(10, &dropped, (true, FINE)), Verdict::Ahead);
    }

    #[test]
    fn a_dropped_customer_is_fine_unless_its_row_was_forgotten() {
        let dropped = Standing {
            dropped: at(10),
            ..Standing::default()
        };
        assert_eq!(judge(10, &dropped, (true, FINE)), Verdict::Filtered);
        assert_eq!(
            judge(11, &dropped, (true, FINE)),
            Verdict::Missing,
            "it has changed since"
        );
        let with_row = Standing {
            may_have_row: true,
            ..dropped
        };
        assert_eq!(judge(10, &with_row, (true, FINE)), Verdict::Dropped);
        let handled = Standing {
            gone: at(10),
            published: at(10),
            ..with_row
        };
        assert_eq!(judge(10, &handled, (true, FINE)), Verdict::Filtered);
        // It came back with a newer state.
        let back = Standing {
            published: at(12),
            ..handled
        };
        assert_eq!(judge(12, &back, (true, FINE)), Verdict::Published);
    }

    #[test]
    fn whoever_is_listed_and_was_taken_for_one_outside_of_the_filter_is_missing() {
        let taken_away = Standing {
            dropped: at(10),
            gone: at(10),
            may_have_row: true,
            ..Standing::default()
        };
        assert_eq!(judge(10, &taken_away, (false, FINE)), Verdict::Missing);
        // A condition may have dropped him, whatever the listing shows.
        assert_eq!(judge(10, &taken_away, (true, FINE)), Verdict::Filtered);
    }

    #[test]
    fn whoever_was_removed_and_is_listed_again_is_missing() {
        let gone = Standing {
            gone: at(10),
            published: at(10),
            may_have_row: true,
            ..Standing::default()
        };
        assert_eq!(judge(10, &gone, (true, FINE)), Verdict::Missing);
        assert_eq!(judge(11, &gone, (true, FINE)), Verdict::Missing);
    }
}
