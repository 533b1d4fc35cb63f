//! Takes pushes: an event becomes a ref of a hint in the live lane, and is answered when the broker has confirmed it.
//!
//! Of events about one customer that come together the first is published at once and one more after the first wait of the
//! retry ladder, which stands for all others: it is fetched after the last of them came. So a flood costs a call every few
//! seconds, and no change hides behind the event of an earlier one.

use super::{
    HookWatch, RUN,
    memory::{Memory, Reserved},
    signature::Signature,
};
use crate::{
    brake::Brake,
    okki::{Event, Pushed, Unreadable, read_push},
};
use pipeline::{
    broker::PublishError,
    events,
    gate::Pause,
    message::Outgoing,
    names::UNKNOWN_HOOKS,
    sequence,
    service::Runtime,
    stage::Stage,
    store,
    telemetry::names,
    watermarks::Watermarks,
    webhook::{Push, Receiver, Verdict},
};
use proto::v1::{self, CompanyRef};
use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

/// Below the time that a call may take, so that what is not published is known to be so.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(8);
/// Another push publishes the same customer.
const POLL: Duration = Duration::from_millis(50);
/// A later fetch begins after this share of the wait at the earliest.
const EARLIEST: f64 = 0.75;

/// Takes what OKKI pushes.
pub(crate) struct Hooks {
    rt: Runtime,
    memory: Memory,
    signature: Signature,
    watch: HookWatch,
    watermarks: Watermarks,
    brake: Brake,
}

/// Why an event cannot be kept.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{}", words::tr!("the service is paused ({})", .0.name()))]
    Paused(Pause),
    #[error("{}", words::tr!("remember the event"))]
    Store(#[from] store::Error),
    #[error("{}", words::tr!("publish a ref"))]
    Publish(#[from] PublishError),
    #[error("{}", words::tr!("the broker has not confirmed a ref in time"))]
    Late,
}

impl Receiver for Hooks {
    async fn receive(&self, push: Push) -> Verdict {
        self.answer(push).await.0
    }

    async fn answer(&self, push: Push) -> (Verdict, Option<String>) {
        if !self.signature.is_genuine(&push) {
            self.watch.forged();
            return (Verdict::Forged, None);
        }
        let secret = self.signature.secret();
        let pushed = match read_push(&push, secret.as_ref().map(|secret| secret.expose())) {
            Ok(pushed) => pushed,
            Err(Unreadable::Sealed) => {
                self.watch.sealed(secret.is_some());
                return (Verdict::Malformed, None);
            }
            Err(Unreadable::Foreign) => return (Verdict::Malformed, None),
        };
        match self.keep(&pushed).await {
            Ok(()) => (Verdict::Accepted, Some(pushed.reply())),
            Err(error) => {
                if let Error::Store(error) = &error
                    && error.is_outage()
                {
                    self.rt.redis_lost(error);
                }
                tracing::debug!(error = pipeline::cause::logged(&error), "event not kept");
                (Verdict::Failed, None)
            }
        }
    }
}

impl Hooks {
    #[must_use]
    pub(crate) fn new(
        rt: Runtime,
        memory: Memory,
        signature: Signature,
        watch: HookWatch,
        brake: Brake,
    ) -> Self {
        Self {
            watermarks: Watermarks::new(rt.store.clone(), rt.namespace.clone()),
            rt,
            memory,
            signature,
            watch,
            brake,
        }
    }

    async fn keep(&self, pushed: &Pushed) -> Result<(), Error> {
        count("left", pushed.more);
        let mut ids = BTreeSet::new();
        for event in &pushed.events {
            match event {
                Event::Customer(id) => {
                    if !ids.insert(id.clone()) {
                        count("repeated", 1);
                    }
                }
                Event::Contact => count("left", 1),
                Event::Other => count("unknown", 1),
            }
        }
        if self.brake.holds(&self.rt).await {
            // What is listed waits as well; the listing will show them.
            count("left", ids.len());
            return Ok(());
        }
        let (mut left, unknown) = self.without_a_flood(ids.into_iter().collect()).await?;
        while !left.is_empty() {
            self.check_open()?;
            let reserved = self.memory.reserve(&left, self.wait().mul_f64(EARLIEST)).await?;
            if let Err(error) = self.publish(&reserved, &unknown).await {
                self.memory.undo(&reserved).await?;
                return Err(error);
            }
            self.memory.confirm(&reserved).await?;
            count("sent", reserved.now.len());
            count("later", reserved.later.len());
            count("repeated", reserved.known.len());
            count("left", reserved.full.len());
            left = reserved.unconfirmed;
            if !left.is_empty() {
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }

    /// Leaves customers of whom nothing is loaded to the listing when there are many of them; who is taken, and which of
    /// these are such.
    async fn without_a_flood(&self, ids: Vec<String>) -> Result<(Vec<String>, HashSet<String>), Error> {
        let loaded = self.watermarks.loaded(&ids).await?;
        let wanted = loaded.iter().filter(|loaded| loaded.is_none()).count();
        if wanted == 0 {
            return Ok((ids, HashSet::new()));
        }
        let mut room = self.memory.room_for_unknown(wanted).await?;
        count("left", wanted - room);
        let (mut taken, mut unknown) = (Vec::new(), HashSet::new());
        for (id, loaded) in ids.into_iter().zip(loaded) {
            if loaded.is_none() {
                if room == 0 {
                    continue;
                }
                room -= 1;
                unknown.insert(id.clone());
            }
            taken.push(id);
        }
        Ok((taken, unknown))
    }

    /// The queues are there, and nothing that a ref needs is known to be away.
    fn check_open(&self) -> Result<(), Error> {
        let needed = [Pause::Starting, Pause::Broker, Pause::Redis];
        let pauses = self.rt.gate.pauses();
        let standing = pauses.iter().find(|pause| needed.contains(&pause.reason));
        standing.map_or(Ok(()), |pause| Err(Error::Paused(pause.reason)))
    }

    async fn publish(&self, reserved: &Reserved, unknown: &HashSet<String>) -> Result<(), Error> {
        let (now, later) = (&reserved.now, &reserved.later);
        if now.is_empty() && later.is_empty() {
            return Ok(());
        }
        let today = jiff::Timestamp::now().strftime("%Y%m%d");
        let runs = [format!("{RUN}{today}"), format!("{UNKNOWN_HOOKS}{today}")];
        let all: Vec<String> = now.iter().chain(later).cloned().collect();
        let run_of = |id: &String| &runs[usize::from(unknown.contains(id))];
        for run in &runs {
            let of_run = all.iter().filter(|id| run_of(id) == run).cloned();
            let of_run: Vec<String> = of_run.collect();
            if !of_run.is_empty() {
                self.rt.account.list(run, &of_run).await?;
            }
        }
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let first = sequence::next(&self.rt.store, &self.rt.namespace, count).await?;
        let hints = all.iter().zip(first..).map(|(id, at)| hint(run_of(id), id, at));
        let hints: Vec<CompanyRef> = hints.collect();
        let (writer, asked) = (self.rt.events.clone(), hints.iter().map(events::asked).collect());
        // Goes on when the broker does not take it in time.
        let told = tokio::spawn(async move { writer.write(Stage::Extract, asked).await });
        let refs = hints
            .iter()
            .map(|reference| Outgoing::to(Stage::Extract, reference));
        let mut refs: Vec<Outgoing> = refs.collect();
        let later = refs.split_off(now.len());
        let deadline = tokio::time::Instant::now() + PUBLISHED_WITHIN;
        let published = async {
            self.rt.publisher.publish(refs).await?;
            let queue = self.rt.namespace.retry_queue(Stage::Extract, self.wait());
            self.rt.publisher.publish_to(&queue, later).await
        };
        let published = tokio::time::timeout_at(deadline, published).await;
        published.map_err(|_| Error::Late)??;
        drop(tokio::time::timeout_at(deadline, told).await);
        Ok(())
    }

    /// Until a later fetch: the first wait of the ladder, whose queue is there.
    fn wait(&self) -> Duration {
        self.rt
            .broker
            .retry()
            .ladder()
            .first()
            .copied()
            .unwrap_or_default()
    }
}

fn hint(run: &str, company_id: &str, sequence: u64) -> CompanyRef {
    CompanyRef {
        company_id: company_id.to_owned(),
        run_id: run.to_owned(),
        sequence,
        lane: v1::Lane::Live.into(),
        hint: true,
        ..CompanyRef::default()
    }
}

/// Counts events, or what a fetch because of one did not find.
pub(super) fn count(result: &'static str, events: usize) {
    metrics::counter!(names::EXTRACTOR_WEBHOOK_EVENTS, "result" => result).increment(events as u64);
}
