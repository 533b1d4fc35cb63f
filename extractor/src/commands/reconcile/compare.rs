//! The phases of a comparison: the listing, those that are known and not listed, and what has changed meanwhile.

use super::{
    Comparison,
    judge::{Verdict, judge},
    progress::{Next, Progress},
};
use crate::{
    deleted::Listing,
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
        self.state.learn_granule(|evidence| evidence.rows(times)).await?;
        // A comparison says of whom it cannot know that he is behind: for that a guess is not enough.
        let granule = self.state.known_granule().await?;
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
