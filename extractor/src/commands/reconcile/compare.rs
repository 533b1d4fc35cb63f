//! The phases of a comparison: the listing, those that are known and not listed, and what has changed meanwhile.

use super::{
    Comparison,
    progress::{Next, Progress},
};
use crate::{
    ahead::is_ahead,
    deleted::Listing,
    granule::Granule,
    okki::ListItem,
    run::Stop,
    state::{Phase, Run, RunKind},
    walk::{Step, Walk},
    window::Window,
};
use pipeline::{accounting::Whereabouts, quota::Lane, watermarks::standing::Standing};
use std::sync::atomic::Ordering;

/// About how many customers of the watermarks are taken at once.
const SCAN: usize = 500;
/// The listing of what has changed meanwhile ends so far in the future, in seconds: nobody leaves it by another change.
const AHEAD_S: i64 = 86_400;

/// How a listed customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
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
fn judge(listed: i64, standing: &Standing, (may_drop, granule): (bool, Granule)) -> Verdict {
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
        && standing.fetched_whole < Some(granule.cut(listed))
}

impl Comparison {
    /// From where it is to the end, or to the first failure.
    pub(super) async fn go_on(&self, progress: &mut Progress) -> Result<(), Stop> {
        loop {
            match progress.next.clone() {
                Next::Listed { part, cursor } => self.compare_listed(progress, part, cursor).await?,
                Next::Known(cursor) => self.find_unlisted(progress, cursor).await?,
                Next::Changed => self.take_changed(progress).await?,
                Next::Deleted { part, cursor } => self.take_deleted(progress, part, cursor).await?,
                Next::Unlisted => return self.end_unlisted(progress).await,
            }
        }
    }

    async fn compare_listed(
        &self,
        progress: &mut Progress,
        part: usize,
        cursor: Option<i64>,
    ) -> Result<(), Stop> {
        let window = self.window(progress);
        let mut walk = Walk::new(window, cursor, self.settings.count, false);
        while let Some(step) = walk.next(&self.listing(part)).await? {
            let cursor = step.cursor;
            self.compare(progress, step).await?;
            let listed = progress.findings.listed;
            self.bar
                .set_message(words::tr!("{listed} customers listed and compared"));
            // Within a second that fills several pages nothing is kept: what goes on reads all of it and counts it again.
            if cursor.is_some() {
                progress.next = Next::Listed { part, cursor };
                self.place.keep(progress).await?;
            }
        }
        progress.next = match part + 1 < self.client.source().parts() {
            true => Next::Listed {
                part: part + 1,
                cursor: None,
            },
            false => Next::Known(0),
        };
        Ok(())
    }

    async fn compare(&self, progress: &mut Progress, step: Step) -> Result<(), Stop> {
        let ids: Vec<&str> = step.items.iter().map(|item| item.company_id.as_str()).collect();
        let standings = self.watermarks.standings(&ids).await?;
        self.watermarks.record_listed(&ids, progress.number).await?;
        progress.findings.listed += ids.len() as u64;
        progress.findings.damaged += step.damaged.len() as u64 + u64::from(step.unread.is_some());
        progress.note_strays(step.strays.len() as u64, step.displaced);
        if step.unread.is_some() {
            progress.skip(step.slice);
        }
        for row in &step.damaged {
            progress.skip(match row.update_time {
                time if time > 0 => Window {
                    start: Some(time),
                    end: time,
                },
                _ => step.slice,
            });
        }
        self.judge_all(progress, step.items, &standings).await
    }

    pub(super) async fn judge_all(
        &self,
        progress: &mut Progress,
        items: Vec<ListItem>,
        standings: &[Standing],
    ) -> Result<(), Stop> {
        let times = items.iter().map(|item| item.update_time);
        let granule = self.state.learn_granule(|evidence| evidence.rows(times)).await?;
        let by = (self.may_drop().await?, granule);
        let mut doubtful = Vec::new();
        for (item, standing) in items.into_iter().zip(standings) {
            match judge(item.update_time, standing, by) {
                Verdict::Current => progress.findings.current += 1,
                Verdict::Filtered => progress.findings.filtered += 1,
                verdict => doubtful.push((item, verdict)),
            }
        }
        let ids: Vec<&str> = doubtful
            .iter()
            .map(|(item, _)| item.company_id.as_str())
            .collect();
        let found = self.rt.account.whereabouts(&ids).await?;
        let (mut wrong, mut ahead, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
        for ((item, verdict), found) in doubtful.into_iter().zip(found) {
            let findings = &mut progress.findings;
            let finding = match (found, verdict) {
                (Whereabouts::OnItsWay, _) => {
                    findings.in_flight += 1;
                    continue;
                }
                (Whereabouts::Dead, _) => {
                    findings.dead.add(&item.company_id);
                    continue;
                }
                // What went to the loader, is no longer on its way and no dead letter has come to its end there.
                (_, Verdict::Published) => {
                    findings.current += 1;
                    continue;
                }
                (_, Verdict::Ahead) => {
                    ahead.push(item.company_id);
                    continue;
                }
                (_, Verdict::Hidden) => {
                    hidden.push(item);
                    continue;
                }
                (_, Verdict::Dropped) => &mut findings.dropped,
                (_, Verdict::Missing) => &mut findings.missing,
                _ => &mut findings.stale,
            };
            finding.add(&item.company_id);
            wrong.push(item);
        }
        wrong.extend(self.compare_hidden(progress, hidden, granule).await?);
        self.fetch_again(progress, Phase::Changed, wrong).await?;
        self.compare_ahead(progress, ahead).await
    }

    /// Publishes refs to be fetched whatever is known; those of deleted customers become removals.
    pub(super) async fn fetch_again(
        &self,
        progress: &mut Progress,
        phase: Phase,
        items: Vec<ListItem>,
    ) -> Result<(), Stop> {
        if !self.fix || items.is_empty() {
            return Ok(());
        }
        let count = items.len() as u64;
        let window = self.window(progress);
        let mut run = Run::apart(progress.run.clone(), window, phase, &self.rt.instance);
        run.force = true;
        run.left_behind = self.left_behind.load(Ordering::Relaxed);
        let step = Step {
            items,
            ..Step::default()
        };
        self.runner
            .publish(RunKind::Backfill, &mut run, step, &self.lease)
            .await?;
        progress.findings.fixed += count;
        Ok(())
    }

    async fn find_unlisted(&self, progress: &mut Progress, cursor: u64) -> Result<(), Stop> {
        let (next, ids) = self.watermarks.scan(cursor, SCAN).await?;
        let standings = self.watermarks.standings(&ids).await?;
        let window = self.window(progress);
        let number = progress.number;
        let is_unlisted = |standing: &Standing| {
            standing.listed_in != Some(number)
                && standing.may_have_row
                && !standing.is_gone()
                && standing.newest().is_none_or(|newest| window.contains(newest))
        };
        let unlisted = ids.iter().zip(&standings).filter(|(_, one)| is_unlisted(one));
        let unlisted: Vec<&str> = unlisted.map(|(id, _)| id.as_str()).collect();
        let found = self.rt.account.whereabouts(&unlisted).await?;
        let settled = unlisted.into_iter().zip(found);
        let settled = settled.filter(|(_, found)| *found != Whereabouts::OnItsWay);
        let settled: Vec<&str> = settled.map(|(id, _)| id).collect();
        self.place.add_unlisted(&settled).await?;
        progress.next = if next == 0 {
            Next::Changed
        } else {
            Next::Known(next)
        };
        self.bar
            .set_message(words::text!("customers with a row are compared with the listing"));
        self.place.keep(progress).await?;
        Ok(())
    }

    /// Who has changed since the comparison began may have left the window that was listed, and nothing else.
    async fn take_changed(&self, progress: &mut Progress) -> Result<(), Stop> {
        let overlap = self.settings.margins.overlap.as_secs().cast_signed();
        let window = Window {
            start: Some(progress.end.saturating_sub(overlap)),
            end: self.state.clocks().await?.latest() + AHEAD_S,
        };
        for part in 0..self.client.source().parts() {
            let mut walk = Walk::new(window, None, self.settings.count, false);
            while let Some(step) = walk.next(&self.listing(part)).await? {
                let ids: Vec<&str> = step.items.iter().map(|item| item.company_id.as_str()).collect();
                self.place.take_unlisted(&ids).await?;
            }
        }
        self.compare_beyond(progress).await?;
        self.weigh(progress).await?;
        progress.next = match self.place.unlisted().await? {
            0 => Next::Unlisted,
            _ => Next::Deleted {
                part: 0,
                cursor: None,
            },
        };
        self.place.keep(progress).await?;
        Ok(())
    }

    /// One part of the listing, in the lane of backfills.
    pub(super) fn listing(&self, part: usize) -> Listing<'_> {
        Listing {
            client: &self.client,
            lane: Lane::Backfill,
            part,
        }
    }

    pub(super) fn window(&self, progress: &Progress) -> Window {
        Window {
            start: self.settings.start,
            end: progress.end,
        }
    }
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
