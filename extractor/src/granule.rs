//! How finely the listing shows times. Where it cuts them to the minute, the hour or the day, a second change within the same
//! one shows the time of the first: nothing in the listing says that there was another, and no later window lists it as new.
//!
//! That is learned from what is shown, for nobody promises it: listed times that are all whole minutes, later than the last
//! one that was not, and details that show a later second of the same minute. One finer time unlearns it, as far as nothing
//! later was shown. As long as no finer time was seen at all, nothing speaks against a cut, and it is reckoned with. A granule
//! that is believed by mistake costs one more detail for each change, and nothing else.

use crate::okki::time::BEIJING;
use serde::{Deserialize, Serialize};

/// To what times are cut, in seconds of Beijing.
const CUTS: [i64; 3] = [60, 3_600, 86_400];
/// So much has to speak for a cut: by chance one time in sixty is a whole minute.
const ENOUGH: u32 = 4;
/// What a listed time says by itself, and beside a detail of a later second.
const OF_A_ROW: u32 = 1;
const OF_A_DETAIL: u32 = 2;
/// After the end of a granule its details show all of it; a clock may be off by a little.
const SLACK_S: i64 = 5;
/// A clock of OKKI that is behind ours is believed for so long, or for a granule if that is longer.
const LATE_S: i64 = 900;

/// What times of the listing are cut to: a second, until something longer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Granule(i64);

impl Default for Granule {
    fn default() -> Self {
        Self::FINE
    }
}

impl Granule {
    /// A second.
    pub(crate) const FINE: Self = Self(1);

    /// Times are shown to the second, as far as is known.
    #[must_use]
    pub(crate) const fn is_fine(self) -> bool {
        self.0 <= 1
    }

    /// Seconds.
    #[must_use]
    pub(crate) const fn seconds(self) -> i64 {
        self.0
    }

    /// How the listing shows this time.
    #[must_use]
    pub(crate) fn cut(self, time: i64) -> i64 {
        cut(time, self.0)
    }

    /// From when on no later change can hide behind this listed time.
    #[must_use]
    pub(crate) fn over_at(self, listed: i64) -> i64 {
        self.cut(listed).saturating_add(self.0).saturating_add(SLACK_S)
    }

    /// The end of the granule of this time, by which it is remembered that nothing hides before it.
    #[must_use]
    pub(crate) fn end(self, time: i64) -> i64 {
        self.cut(time).saturating_add(self.0)
    }

    /// When, by our clock, it is to be looked again whether the granule of this time is over; `None`: it is, by OKKI's clock, or
    /// by ours for so long that OKKI's is not believed: one that stands still would have everybody fetched for ever. Later ones
    /// wait longer.
    #[must_use]
    pub(crate) fn again_at(self, time: i64, theirs: Option<i64>, ours: i64) -> Option<i64> {
        let over = self.over_at(time);
        let last = over.saturating_add(self.0.max(LATE_S));
        let theirs = theirs.unwrap_or(ours);
        if theirs >= over || ours >= last {
            return None;
        }
        let left = over.saturating_sub(theirs);
        let late = ours.saturating_sub(over) / 2;
        Some(ours.saturating_add(left.max(late).max(SLACK_S)).min(last))
    }

    /// Both are shown alike.
    #[must_use]
    pub(crate) fn hides(self, listed: i64, time: i64) -> bool {
        !self.is_fine() && listed > 0 && self.cut(listed) == self.cut(time)
    }

    /// What hides later changes of a customer that is listed with one time and shown with another: this granule, or while
    /// none is known the shortest by which the one is the other. Of whom nobody has listed the detail alone says it.
    #[must_use]
    pub(crate) fn of_state(self, listed: i64, shown: Option<i64>) -> Option<Self> {
        if self.is_fine() {
            let shown = shown.filter(|shown| listed > 0 && *shown > listed)?;
            return CUTS
                .map(Self)
                .into_iter()
                .find(|granule| granule.cut(shown) == listed);
        }
        let is_so = match shown {
            Some(shown) if listed > 0 => self.cut(shown) == self.cut(listed),
            _ => true,
        };
        is_so.then_some(self)
    }
}

fn cut(time: i64, seconds: i64) -> i64 {
    let zone = i64::from(BEIJING.seconds());
    time.saturating_add(zone).div_euclid(seconds.max(1)) * seconds.max(1) - zone
}

/// What the listing has shown of late, for each cut.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    #[serde(default)]
    cuts: [Seen; CUTS.len()],
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// The latest listed time that is finer.
    #[serde(default)]
    finer: i64,
    /// Later times that are not, and what each says.
    #[serde(default)]
    times: Vec<(i64, u32)>,
}

impl Evidence {
    /// Takes listed times into account.
    pub(crate) fn rows(&mut self, listed: impl Iterator<Item = i64> + Clone) {
        for time in listed.filter(|time| *time > 0) {
            self.take(time, OF_A_ROW, &CUTS);
        }
    }

    /// Takes the two times of one customer into account.
    pub(crate) fn detail(&mut self, listed: i64, shown: i64) {
        let cuts = CUTS.map(|seconds| if cut(shown, seconds) == listed { seconds } else { 0 });
        if listed > 0 && shown > listed {
            self.take(listed, OF_A_DETAIL, &cuts);
        }
    }

    /// The longest cut that is reckoned with: enough speaks for it, or nothing against it yet.
    #[must_use]
    pub(crate) fn granule(&self) -> Granule {
        self.longest(|seen| seen.weight() >= ENOUGH || (seen.finer == 0 && !seen.times.is_empty()))
    }

    /// The longest cut for which enough speaks, to tell people.
    #[must_use]
    pub(crate) fn known(&self) -> Granule {
        self.longest(|seen| seen.weight() >= ENOUGH)
    }

    fn longest(&self, is_so: impl Fn(&Seen) -> bool) -> Granule {
        let mut cuts = CUTS.into_iter().zip(&self.cuts).rev();
        let longest = cuts.find(|(_, seen)| is_so(seen));
        longest.map_or_else(Granule::default, |(seconds, _)| Granule(seconds))
    }

    fn take(&mut self, time: i64, says: u32, cuts: &[i64; CUTS.len()]) {
        for ((seconds, asked), seen) in CUTS.into_iter().zip(cuts).zip(&mut self.cuts) {
            if cut(time, seconds) != time {
                if time > seen.finer {
                    seen.finer = time;
                    seen.times.retain(|(known, _)| *known > time);
                }
            } else if *asked == seconds && time > seen.finer {
                seen.add(time, says);
            }
        }
    }
}

impl Seen {
    fn weight(&self) -> u32 {
        self.times.iter().map(|(_, says)| says).sum()
    }

    /// The latest are kept, no more than are needed.
    fn add(&mut self, time: i64, says: u32) {
        match self.times.iter_mut().find(|(known, _)| *known == time) {
            Some((_, known)) => *known = (*known).max(says),
            None => self.times.push((time, says)),
        }
        self.times
            .sort_unstable_by_key(|(time, _)| std::cmp::Reverse(*time));
        self.times.truncate(ENOUGH as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A whole day in Beijing.
    const DAY: i64 = 1_790_006_400;

    fn shown(times: &[i64]) -> Evidence {
        let mut evidence = Evidence::default();
        evidence.rows(times.iter().copied());
        evidence
    }

    fn learned(times: &[i64]) -> i64 {
        shown(times).known().seconds()
    }

    #[test]
    fn a_cut_is_learned_from_rows_and_unlearned_by_a_later_finer_one() {
        let minutes: Vec<i64> = (1..6).map(|n| DAY + n * 60).collect();
        assert_eq!(learned(&minutes), 60);
        assert_eq!(learned(&minutes[..3]), 1, "three may be chance");
        assert_eq!(learned(&[DAY + 60; 9]), 1, "one time says no more than once");
        let hours: Vec<i64> = (1..6).map(|n| DAY + n * 3_600).collect();
        assert_eq!(learned(&hours), 3_600);
        let days: Vec<i64> = (1..6).map(|n| DAY + n * 86_400).collect();
        assert_eq!(learned(&days), 86_400);
        let reckoned = |times: &[i64]| shown(times).granule().seconds();
        assert_eq!(reckoned(&minutes[..3]), 60, "nothing speaks against it");
        assert_eq!(reckoned(&[DAY]), 86_400);
        assert_eq!(
            reckoned(&[DAY - 7, DAY + 60, DAY + 120]),
            1,
            "three may be chance"
        );
        let finer = [&minutes[..], &[DAY + 999]].concat();
        assert_eq!(learned(&finer), 1);
        // What lies before says how it was once.
        let once = [&[DAY - 7][..], &minutes].concat();
        assert_eq!(learned(&once), 60);
        let looked_back = [&minutes[..], &[DAY - 7]].concat();
        assert_eq!(learned(&looked_back), 60);
    }

    #[test]
    fn a_detail_of_a_later_second_says_more_than_a_row() {
        let mut evidence = Evidence::default();
        evidence.rows([DAY - 7, DAY + 3_600].into_iter());
        evidence.detail(DAY + 3_600, DAY + 5_000);
        assert!(evidence.granule().is_fine());
        evidence.detail(DAY + 7_200, DAY + 9_000);
        assert_eq!(evidence.granule().seconds(), 3_600);
        // A listing that is behind by minutes is not cut.
        let mut behind = Evidence::default();
        for n in 1..9 {
            behind.detail(DAY + 60 * n + 7, DAY + 60 * n + 130);
        }
        assert!(behind.granule().is_fine());
    }

    #[test]
    fn a_clock_that_stands_still_has_nobody_fetched_for_ever() {
        let minute = Granule(60);
        let stands = Some(DAY + 70);
        let (mut ours, mut looks) = (DAY + 70, 0);
        while let Some(next) = minute.again_at(DAY + 70, stands, ours) {
            assert!(next >= ours + SLACK_S);
            (ours, looks) = (next, looks + 1);
        }
        assert!(ours >= DAY + 120 + 900 && looks < 20, "{looks} until {ours}");
        // One that is behind and goes on is waited for.
        let behind = 600;
        let next = minute.again_at(DAY + 70, Some(DAY + 70), DAY + 70 + behind);
        assert!(next >= Some(DAY + 120 + behind), "{next:?}");
        assert_eq!(minute.again_at(DAY + 70, Some(DAY + 126), DAY), None);
    }

    #[test]
    fn a_state_is_in_doubt_for_as_long_as_the_listing_shows_its_time() {
        let fine = Granule::default();
        assert_eq!(fine.of_state(DAY + 60, Some(DAY + 60)), None);
        assert_eq!(fine.of_state(DAY + 60, Some(DAY + 80)), Some(Granule(60)));
        assert_eq!(
            fine.of_state(DAY + 3_600, Some(DAY + 5_000)),
            Some(Granule(3_600))
        );
        assert_eq!(
            fine.of_state(DAY + 61, Some(DAY + 80)),
            None,
            "behind, and not cut"
        );
        assert_eq!(fine.of_state(0, Some(DAY + 80)), None);
        let minute = Granule(60);
        assert_eq!(minute.of_state(DAY + 60, Some(DAY + 60)), Some(minute));
        assert_eq!(minute.of_state(0, Some(DAY + 80)), Some(minute));
        assert_eq!(
            minute.of_state(DAY, Some(DAY + 80)),
            None,
            "a later one is listed next"
        );
        assert_eq!(minute.of_state(DAY, Some(DAY + 5)), Some(minute));
        assert_eq!(minute.over_at(DAY + 70), DAY + 120 + SLACK_S);
        assert!(minute.hides(DAY + 60, DAY + 119) && !minute.hides(DAY + 60, DAY + 120));
        assert!(!fine.hides(DAY, DAY));
    }
}
