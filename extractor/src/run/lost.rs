//! Asks once more for customers that were listed and have left every queue without any disposition.

use super::{Runner, Stop};
use crate::{hooks, state::RunKind};
use pipeline::{
    accounting, events, lease::Lease, message::Outgoing, sequence, stage::Stage, telemetry::names,
};
use proto::v1::{self, CompanyRef};
use std::{sync::PoisonError, time::Instant};

impl Runner {
    /// Publishes a ref for each, fetched whatever is known of it, so that the account closes; how many there were.
    pub(crate) async fn ask_for_lost(&self, lease: &Lease) -> Result<u64, Stop> {
        if !self.may_ask() {
            return Ok(0);
        }
        let found = accounting::lost(
            &self.rt.account,
            &self.rt.broker,
            self.settings.ask_again_after,
            self.state.now_ms().await?,
        )
        .await?;
        let mut asked = 0;
        for (run, companies) in found {
            // Nobody waits for what a first load has listed, and its age is no lag.
            let lane = match run.starts_with(RunKind::Live.name()) {
                true => v1::Lane::Live,
                false => v1::Lane::Backfill,
            };
            let refs = companies.into_iter().map(|company_id| CompanyRef {
                company_id,
                run_id: run.clone(),
                lane: lane.into(),
                hint: run.starts_with(hooks::RUN),
                ..CompanyRef::default()
            });
            let count = self.ask_again(refs.collect(), lease).await?;
            tracing::warn!(run, count, "customers without a message are asked for again");
            metrics::counter!(names::EXTRACTOR_ASKED_AGAIN).increment(count);
            asked += count;
        }
        Ok(asked)
    }

    /// Publishes these refs, each with a sequence of now, to be fetched whatever is known of the customers.
    pub(super) async fn ask_again(&self, refs: Vec<CompanyRef>, lease: &Lease) -> Result<u64, Stop> {
        let count = u32::try_from(refs.len()).unwrap_or(u32::MAX);
        let first = sequence::next(&self.rt.store, &self.rt.namespace, count).await?;
        let refs = refs
            .into_iter()
            .zip(first..)
            .map(|(reference, sequence)| CompanyRef {
                sequence,
                force: true,
                ..reference
            });
        let refs: Vec<CompanyRef> = refs.collect();
        let messages = refs
            .iter()
            .map(|reference| Outgoing::to(Stage::Extract, reference));
        let (messages, asked) = (messages.collect(), refs.iter().map(events::asked).collect());
        if !lease.held() {
            return Err(Stop::Deposed);
        }
        let (published, ()) = tokio::join!(
            self.rt.publisher.publish(messages),
            self.rt.events.write(Stage::Extract, asked)
        );
        published?;
        Ok(count.into())
    }

    fn may_ask(&self) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let may = asked.is_none_or(|at| at.elapsed() >= self.settings.ask_again_after / 2);
        if may {
            *asked = Some(Instant::now());
        }
        may
    }
}
