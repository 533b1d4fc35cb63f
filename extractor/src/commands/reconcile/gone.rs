//! Customers with a row that no listing shows: deleted ones, and those that have left the filter.
//!
//! That a listing does not show somebody is no reason to touch a row. The listing of deleted customers is one, and so is
//! a detail that lies outside of the filter; who is in neither is named and left alone.

use super::{
    Comparison,
    compare::Listing,
    progress::{Next, Progress},
};
use crate::{
    okki::{Detail, Error, ListItem, time},
    run::Stop,
    snapshot::{Stamp, leaving},
    source::Listed,
    state::Phase,
    walk::{Step, Walk},
    window::Window,
};
use pipeline::{
    message::{Outgoing, Subject as _},
    quota::Lane,
    sequence,
    stage::Stage,
    watermarks::passing,
};
use proto::v1::{self, CompanyRef};

/// So few may go whatever their share.
const ALWAYS: u64 = 10;
/// Deleted customers are listed up to so far in the future, in seconds.
const AHEAD_S: i64 = 86_400;

impl Comparison {
    /// A filter or a listing that is wrong makes everybody seem to have gone.
    pub(super) async fn weigh(&self, progress: &mut Progress) -> Result<(), Stop> {
        let gone = self.place.unlisted().await?;
        let all = progress.findings.listed + gone;
        let too_many = gone > ALWAYS && gone.saturating_mul(100) > all.saturating_mul(self.at_most.into());
        progress.findings.held_back = if self.fix && too_many { gone } else { 0 };
        Ok(())
    }

    pub(super) async fn take_deleted(
        &self,
        progress: &mut Progress,
        part: usize,
        cursor: Option<i64>,
    ) -> Result<(), Stop> {
        let window = Window {
            start: None,
            end: self.state.clocks().await?.latest() + AHEAD_S,
        };
        let mut walk = Walk::new(window, cursor, self.settings.count, true);
        while let Some(step) = walk.next(&Listing(&self.client, part)).await? {
            let cursor = step.cursor;
            let deleted = self.deleted(step).await?;
            let ids: Vec<String> = deleted.iter().map(|item| item.company_id.clone()).collect();
            for id in &ids {
                progress.findings.deleted.add(id);
            }
            if progress.findings.held_back == 0 {
                self.fetch_again(progress, Phase::Removed, deleted).await?;
            }
            if cursor.is_some() {
                progress.next = Next::Deleted { part, cursor };
            }
            self.bar.set_message(words::text!("deleted customers are listed"));
            self.place.keep(progress).await?;
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            self.place.take_unlisted(&ids).await?;
        }
        progress.next = match part + 1 < self.client.source().parts() {
            true => Next::Deleted {
                part: part + 1,
                cursor: None,
            },
            false => Next::Unlisted,
        };
        Ok(())
    }

    /// Those of a page that have a row and were not listed.
    async fn deleted(&self, step: Step) -> Result<Vec<ListItem>, Stop> {
        let ids: Vec<&str> = step.items.iter().map(|item| item.company_id.as_str()).collect();
        let are_unlisted = self.place.are_unlisted(&ids).await?;
        let deleted = step.items.into_iter().zip(are_unlisted);
        let mut deleted: Vec<ListItem> = deleted
            .filter_map(|(item, is_unlisted)| is_unlisted.then_some(item))
            .collect();
        let now = self.state.clocks().await?.okki_now(step.now);
        for item in deleted.iter_mut().filter(|item| item.update_time <= 0) {
            item.update_time = now;
        }
        Ok(deleted)
    }

    /// The rest.
    pub(super) async fn end_unlisted(&self, progress: &mut Progress) -> Result<(), Stop> {
        loop {
            let ids = self.place.some_unlisted().await?;
            if ids.is_empty() {
                return Ok(());
            }
            for id in &ids {
                if self.fix && progress.findings.held_back == 0 {
                    self.hand_on(progress, id).await?;
                }
                progress.findings.unlisted.add(id);
                self.bar.set_message(words::tr!(
                    "{} customers are no longer listed",
                    progress.findings.unlisted.count
                ));
                self.place.keep(progress).await?;
                self.place.take_unlisted(&[id.as_str()]).await?;
            }
        }
    }

    /// Asks OKKI what has become of a customer, and says it to the stages behind.
    async fn hand_on(&self, progress: &mut Progress, id: &str) -> Result<(), Stop> {
        let sequence = sequence::next(&self.rt.store, &self.rt.namespace, 1).await?;
        let fetched_at = time::now_ms();
        let detail = match self.client.detail(Lane::Backfill, id).await {
            Ok(detail) => detail,
            Err(Error::NotFound { .. }) => {
                progress.findings.not_shown.add(id);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let now = self.state.clocks().await?.okki_now(detail.now);
        let update_time = detail.update_time.unwrap_or(now);
        let listed = self.is_listed(progress, &detail).await;
        if listed == Listed::Unknown {
            progress.findings.undecided.add(id);
            return Ok(());
        }
        if listed == Listed::Yes {
            // The listing should have shown it, so its newest state is what counts.
            let item = ListItem {
                company_id: id.to_owned(),
                update_time,
            };
            return self.fetch_again(progress, Phase::Changed, vec![item]).await;
        }
        let wanted = CompanyRef {
            company_id: id.to_owned(),
            run_id: progress.run.clone(),
            update_time,
            lane: v1::Lane::Backfill.into(),
            ..CompanyRef::default()
        };
        let leaving = leaving(&wanted, Stamp::of(&detail), sequence, fetched_at);
        self.rt.account.list(&progress.run, &[id.to_owned()]).await?;
        let step = [(id, passing::Step::Drop, leaving.version())];
        self.watermarks.note(&step).await?;
        if !self.lease.held() {
            return Err(Stop::Deposed);
        }
        let message = Outgoing::to(Stage::Transform, &leaving);
        self.rt.publisher.publish(vec![message]).await?;
        progress.findings.fixed += 1;
        Ok(())
    }

    /// By what its detail says; where that does not tell, by a listing that was read after its last change. Of who has changed
    /// since then nothing is known.
    async fn is_listed(&self, progress: &Progress, detail: &Detail) -> Listed {
        match self.client.lists(detail).await {
            Listed::Unknown if detail.update_time.is_some_and(|time| time <= progress.end) => Listed::No,
            listed => listed,
        }
    }
}
