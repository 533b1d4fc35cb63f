//! Customers with a row that no listing shows: deleted ones, and those that have left the filter.
//!
//! That a listing does not show somebody is no reason to touch a row. The listing of deleted customers is one, and so is
//! a detail that lies outside of the filter; who is in neither is named and left alone.

use super::{
    Comparison,
    progress::{Next, Progress},
};
use crate::{
    deleted,
    failure_scope::Scope,
    okki::{Error, ListItem, time},
    run::Stop,
    snapshot::{Asked, Stamp, leaving, removal},
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
use proto::v1::{self, CompanyRef, CompanySnapshot};
use std::collections::HashSet;
use tokio::time::Instant;

/// So few may go whatever their share.
const ALWAYS: u64 = 10;
/// Listed customers of a page of deleted ones that are looked for among those who exist.
const OTHERS: usize = 3;
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
        let listing = self.listing(part);
        while let Some(step) = walk.next(&listing).await? {
            let cursor = step.cursor;
            let deleted = match self.deleted(progress, step, part).await {
                Ok(deleted) => deleted,
                Err(Stop::Okki(error)) if matches!(error, Error::Shape(_)) => {
                    tracing::warn!(
                        error = crate::okki::chain(&error),
                        "the listing of deleted customers is not believed"
                    );
                    progress.findings.disbelieved = true;
                    progress.next = Next::Unlisted;
                    return Ok(self.place.keep(progress).await?);
                }
                Err(stop) => return Err(stop),
            };
            let mut gone = Vec::new();
            for item in deleted {
                if self.take_gone(progress, &item).await? {
                    progress.findings.deleted.add(&item.company_id);
                    gone.push(item.company_id);
                }
            }
            if cursor.is_some() {
                progress.next = Next::Deleted { part, cursor };
            }
            self.bar.set_message(words::text!("deleted customers are listed"));
            self.place.keep(progress).await?;
            let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
            self.place.take_unlisted(&gone).await?;
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

    /// Those of a page that have a row, were not listed, and are not listed now. An error when anybody of the page exists.
    async fn deleted(&self, progress: &Progress, step: Step, part: usize) -> Result<Vec<ListItem>, Stop> {
        let ids: Vec<&str> = step.items.iter().map(|item| item.company_id.as_str()).collect();
        let are_unlisted = self.place.are_unlisted(&ids).await?;
        if !are_unlisted.contains(&true) {
            return Ok(Vec::new());
        }
        let standings = self.watermarks.standings(&ids).await?;
        let listed = |at: &usize| standings[*at].listed_in == Some(progress.number);
        let listed: Vec<usize> = (0..ids.len()).filter(listed).collect();
        // A few of those that this comparison has listed show whether `removed` is honoured. Where they are few themselves it
        // plainly is, and they are left out.
        let is_plain = listed.len() * deleted::MOST_BOTH <= ids.len();
        let most = if is_plain { 0 } else { OTHERS };
        let others: HashSet<usize> = listed.into_iter().take(most).collect();
        let now = self.state.clocks().await?.okki_now(step.now);
        let items = step.items.into_iter().zip(&are_unlisted).enumerate();
        let items = items.filter(|(at, (_, is_unlisted))| **is_unlisted || others.contains(at));
        let mut compared = Step {
            items: items.map(|(_, (item, _))| item).collect(),
            slice: step.slice,
            ..Step::default()
        };
        let (listing, count) = (self.listing(part), self.settings.count);
        match is_plain {
            true => deleted::compare(&mut compared, &listing, count).await?,
            false => deleted::compare_strictly(&mut compared, &listing, count).await?,
        }
        let ids: Vec<&str> = compared
            .items
            .iter()
            .map(|item| item.company_id.as_str())
            .collect();
        let are_unlisted = self.place.are_unlisted(&ids).await?;
        let gone = compared.items.into_iter().zip(are_unlisted);
        let gone = gone.filter_map(|(item, is_unlisted)| is_unlisted.then_some(item));
        Ok(gone
            .map(|item| ListItem {
                update_time: if item.update_time > 0 {
                    item.update_time
                } else {
                    now
                },
                ..item
            })
            .collect())
    }

    /// Hands a deleted customer to the stages behind when its detail is not shown either. `false`: what has become of it has to
    /// be found out as of all others.
    async fn take_gone(&self, progress: &mut Progress, item: &ListItem) -> Result<bool, Stop> {
        if !self.fix || progress.findings.held_back > 0 {
            return Ok(true);
        }
        let id = item.company_id.as_str();
        let (asked, begun) = (self.ask(id).await?, Instant::now());
        let Err(error) = self.client.detail(Lane::Backfill, id).await else {
            return Ok(false);
        };
        // While nobody is shown, that one is not says nothing.
        let is_gone = matches!(error, Error::NotFound { .. });
        if !is_gone || self.failure_scope.of(id, &error, begun).await == Scope::Everybody {
            return Ok(false);
        }
        let wanted = CompanyRef {
            removed: true,
            ..self.reference(progress, id, item.update_time)
        };
        self.hand_over(progress, removal(&wanted, asked), None).await?;
        Ok(true)
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
        let (asked, begun) = (self.ask(id).await?, Instant::now());
        let detail = match self.client.detail(Lane::Backfill, id).await {
            Ok(detail) => detail,
            Err(Error::NotFound { .. }) => {
                progress.findings.not_shown.add(id);
                return Ok(());
            }
            Err(error) => return self.not_answered(progress, id, error, begun).await,
        };
        self.failure_scope.answered(id, &detail, begun);
        let now = self.state.clocks().await?.okki_now(detail.now);
        let update_time = detail.update_time.unwrap_or(now);
        let listed = self.is_listed(progress, id, &detail).await?;
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
        let wanted = self.reference(progress, id, update_time);
        let leaving = CompanySnapshot {
            unlisted: true,
            ..leaving(&wanted, Stamp::of(&detail), asked)
        };
        self.hand_over(progress, leaving, Some(passing::Step::Drop)).await
    }

    /// What OKKI answers for one customer alone must not keep the others waiting.
    async fn not_answered(
        &self,
        progress: &mut Progress,
        id: &str,
        error: Error,
        begun: Instant,
    ) -> Result<(), Stop> {
        let is_of_all = matches!(error, Error::Quota(_) | Error::Store(_));
        if is_of_all || self.failure_scope.of(id, &error, begun).await == Scope::Everybody {
            return Err(error.into());
        }
        tracing::warn!(
            company_id = id,
            error = pipeline::cause::logged(&error),
            "detail of a customer that is no longer listed cannot be read"
        );
        progress.findings.failed.add(id);
        Ok(())
    }

    /// What orders the answer to a call that is about to be made.
    async fn ask(&self, id: &str) -> Result<Asked, Stop> {
        let removed = self.watermarks.removed(&[id]).await?;
        let asked = Asked {
            sequence: sequence::next(&self.rt.store, &self.rt.namespace, 1).await?,
            at_ms: time::now_ms(),
            not_before: 0,
        };
        Ok(asked.after(removed.first().copied().flatten()))
    }

    fn reference(&self, progress: &Progress, id: &str, update_time: i64) -> CompanyRef {
        CompanyRef {
            company_id: id.to_owned(),
            run_id: progress.run.clone(),
            update_time,
            lane: v1::Lane::Backfill.into(),
            ..CompanyRef::default()
        }
    }

    /// Publishes what has become of a customer.
    async fn hand_over(
        &self,
        progress: &mut Progress,
        gone: CompanySnapshot,
        noted: Option<passing::Step>,
    ) -> Result<(), Stop> {
        let id = gone.company_id.as_str();
        self.rt.account.list(&progress.run, &[id.to_owned()]).await?;
        let steps: Vec<_> = noted.map(|step| (id, step, gone.version())).into_iter().collect();
        self.watermarks.note(&steps).await?;
        self.watermarks.record_removed(id, gone.version()).await?;
        if !self.lease.held() {
            return Err(Stop::Deposed);
        }
        let message = Outgoing::to(Stage::Transform, &gone);
        self.rt.publisher.publish(vec![message]).await?;
        progress.findings.fixed += 1;
        Ok(())
    }
}
