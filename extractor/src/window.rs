//! Which update times a run lists: arithmetic only, so that every edge has a test.

use crate::granule::Granule;
use std::time::Duration;

/// A frozen window of update times, unix seconds, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// `None` for a full load.
    pub start: Option<i64>,
    /// Lies in the vendor's past.
    pub end: i64,
}

impl Window {
    /// Says whether a customer with this update time belongs to it.
    #[must_use]
    pub(crate) fn contains(self, update_time: i64) -> bool {
        update_time <= self.end && self.start.is_none_or(|start| update_time >= start)
    }

    /// The same from where the listing shows its first second: what it cuts it may filter by.
    #[must_use]
    pub(crate) fn of_whole(self, granule: Granule) -> Self {
        Self {
            start: self.start.map(|start| granule.cut(start)),
            ..self
        }
    }
}

/// How windows follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Margins {
    /// How far a window reaches back into the one before; catches what the vendor showed late.
    pub overlap: Duration,
    /// How far a window stays behind the vendor's clock; what is newer may still be on its way into its index.
    pub settle_delay: Duration,
}

impl Margins {
    /// The next live window: from the checkpoint, else only the present, not before the configured start.
    #[must_use]
    pub(crate) fn live(self, checkpoint: Option<i64>, start: Option<i64>, now: i64) -> Window {
        let end = self.end_at(now);
        let from = checkpoint.unwrap_or(end) - seconds(self.overlap);
        let start = start
            .filter(|_| checkpoint.is_none())
            .map_or(from, |start| start.max(from));
        Window {
            start: Some(start),
            end,
        }
    }

    /// Everything that the first live window leaves out, from the configured start, else without bound.
    #[must_use]
    pub(crate) fn first(self, start: Option<i64>, now: i64) -> Window {
        Window {
            start,
            end: self.end_at(now),
        }
    }

    /// A remedy window: the recent past once more, ending where the live windows are responsible anyway.
    #[must_use]
    pub(crate) fn remedy(self, reach: Duration, now: i64) -> Window {
        Window {
            start: Some(now - seconds(reach)),
            end: self.end_at(now),
        }
    }

    /// The past once more, so far back from where no live window lists again.
    #[must_use]
    pub(crate) fn look_back(passed: i64, reach: Duration) -> Window {
        Window {
            start: Some(passed.saturating_sub(seconds(reach))),
            end: passed,
        }
    }

    /// A backfill between two given times, but never into the present, which is still on its way into the index.
    #[must_use]
    pub(crate) fn backfill(self, since: i64, until: Option<i64>, now: i64) -> Window {
        let end = self.end_at(now);
        Window {
            start: Some(since),
            end: until.map_or(end, |until| until.min(end)),
        }
    }

    /// How far windows stay behind the present, in milliseconds.
    #[must_use]
    pub(crate) fn settle_ms(self) -> i64 {
        seconds(self.settle_delay).saturating_mul(1_000)
    }

    fn end_at(self, now: i64) -> i64 {
        now - seconds(self.settle_delay)
    }
}

/// The checkpoint after a window; it never goes back, not even when the vendor's clock does, and never passes ours, of which
/// the vendor's is so much ahead.
#[must_use]
pub(crate) fn checkpoint_after(before: Option<i64>, window: Window, apart: i64) -> i64 {
    let end = window.end - apart;
    before.map_or(end, |before| before.max(end))
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARGINS: Margins = Margins {
        overlap: Duration::from_secs(600),
        settle_delay: Duration::from_secs(5),
    };

    #[test]
    fn windows_overlap_and_stay_behind_the_clock() {
        assert_eq!(
            MARGINS.live(Some(10_000), Some(1), 20_000),
            Window {
                start: Some(9_400),
                end: 19_995
            }
        );
        for (start, from) in [(None, 19_395), (Some(77), 19_395), (Some(19_900), 19_900)] {
            assert_eq!(
                MARGINS.live(None, start, 20_000),
                Window {
                    start: Some(from),
                    end: 19_995
                }
            );
            // The first load reaches at least as far.
            assert_eq!(MARGINS.first(start, 20_000), Window { start, end: 19_995 });
        }
    }

    #[test]
    fn the_checkpoint_never_goes_back() {
        let window = MARGINS.live(Some(30_000), None, 20_000);
        assert_eq!(checkpoint_after(Some(30_000), window, 0), 30_000);
        assert_eq!(checkpoint_after(Some(10_000), window, 0), 19_995);
        assert_eq!(checkpoint_after(None, window, 0), 19_995);
        assert_eq!(checkpoint_after(Some(10_000), window, 7_200), 12_795);
    }

    #[test]
    fn a_backfill_does_not_reach_into_the_present() {
        assert_eq!(
            MARGINS.backfill(5, Some(99_999), 20_000),
            Window {
                start: Some(5),
                end: 19_995
            }
        );
        assert_eq!(
            MARGINS.backfill(5, Some(100), 20_000),
            Window {
                start: Some(5),
                end: 100
            }
        );
    }
}
