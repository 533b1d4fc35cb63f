//! These customers: as `sync --id` does, up to their rows.

use super::{POLL, Wishes, trouble::Trouble};
use crate::{
    ahead::{Looks, ROWS},
    failure_scope::FailureScope,
    okki::{Error, chain},
    run::Stop,
    state::FetchResult,
    these,
};
use pipeline::{
    accounting::Balance,
    quota::Lane,
    store,
    watermarks::Watermarks,
    wish::{Outcome, Served, Taken},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

impl Wishes {
    /// Publishes them, and waits for their rows. A replica that takes the wish over publishes them once more: they are
    /// fetched twice, and written once.
    pub(super) async fn customers(&self, taken: &Taken, ids: &[String]) -> Served {
        let mut trouble = Trouble::default();
        loop {
            let stop = match self.fetch(taken, ids).await {
                Ok(served) => return served,
                Err(error) => match error.downcast::<store::Error>() {
                    Ok(error) => Stop::Store(error),
                    Err(error) => match error.downcast() {
                        Ok(error) => Stop::Publish(error),
                        Err(error) => return Served::failed(format!("{error:#}")),
                    },
                },
            };
            if let Some(served) = self.after(stop, taken, &mut trouble).await {
                return served;
            }
        }
    }

    async fn fetch(&self, taken: &Taken, ids: &[String]) -> anyhow::Result<Served> {
        self.set_back(ids).await?;
        let run = these::publish(&self.rt, &self.state, ids).await?;
        let (mut left, mut moved) = (u64::MAX, Instant::now());
        let balance = loop {
            let balance = self.rt.account.balance(&run.id).await?;
            if balance.in_flight != left {
                (left, moved) = (balance.in_flight, Instant::now());
            }
            if left == 0 || moved.elapsed() > self.stalled() {
                break balance;
            }
            let finished = balance.listed.saturating_sub(left);
            taken.tell(words::kept!(
                "{finished} of {} customers are finished",
                balance.listed
            ));
            tokio::time::sleep(POLL / 4).await;
        };
        let results = self.state.counters(&run.id).await?;
        Ok(told(&balance, results.of(FetchResult::Unknown)))
    }

    /// What listing and detail both show counts, even where a newer state was written: a person has asked for these.
    async fn set_back(&self, ids: &[String]) -> anyhow::Result<()> {
        let client = &self.compared.client;
        let looks = Looks {
            rt: &self.rt,
            client,
            watermarks: &Watermarks::new(self.rt.store.clone(), self.rt.namespace.clone()),
            scope: &FailureScope::new(Arc::clone(client)),
            lane: Lane::Live,
            count: ROWS,
        };
        match looks.set_back_these(ids).await {
            Err(Error::Store(error)) => Err(error.into()),
            // The refs meet the same, and pause or climb the ladder.
            Err(error) => {
                tracing::debug!(error = chain(&error), "not compared with what okki shows");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// A ref on its last rung, and a little.
    fn stalled(&self) -> Duration {
        let ladder = self.rt.broker.retry().ladder();
        ladder.last().copied().unwrap_or_default() + Duration::from_secs(60)
    }
}

/// What became of them, in words and numbers.
fn told(balance: &Balance, unknown: u64) -> Served {
    let mut counts = balance.parts().to_vec();
    counts.push(("unknown", unknown));
    let counts = counts.into_iter().map(|(name, count)| {
        if name == "in flight" {
            ("in_flight", count)
        } else {
            (name, count)
        }
    });
    let (written, unchanged) = (balance.loaded, balance.unchanged);
    let mut problems = Vec::new();
    if unknown > 0 {
        problems.push(words::kept!("{unknown} customers are not shown by okki"));
    }
    let filtered = balance.filtered.saturating_sub(unknown);
    if filtered > 0 {
        problems.push(words::kept!(
            "{filtered} customers are outside of the filter (group, parameters, condition)"
        ));
    }
    if balance.dead > 0 {
        problems.push(words::kept!("{} customers are dead letters", balance.dead));
    }
    if balance.superseded > 0 {
        problems.push(words::kept!(
            "{} customers are not written: a newer state of them was written than okki shows; when listing and detail agree, \
             ask once more, or compare and repair",
            balance.superseded
        ));
    }
    if balance.in_flight > 0 {
        problems.push(words::kept!(
            "{} customers are not written yet; they are on their way as long as transformer and loader run",
            balance.in_flight
        ));
    }
    match words::english(|| words::clauses(&problems)) {
        none if none.is_empty() => Served::done(
            words::kept!("{written} customers written, {unchanged} were up to date"),
            counts,
        ),
        problems => Served::Failed(Outcome::new(problems, counts)),
    }
}
