//! The replica that such a command is while it works: it waits for its turn, makes the run, fetches, and gives up in time.

mod before;
mod behind;
mod ids;

pub(super) use ids::ids;

use super::{Ended, Settings, is_final};
use crate::{
    commands::{fetch_details, shared_client},
    look_back::LookBack,
    okki::Client,
    outage::{self, PATIENCE},
    pause::Pauses,
    progress::{Progress, Summary},
    run::{Runner, Span, Stop},
    state::{Run, RunKind, State},
};
use anyhow::{Context, bail};
use pipeline::{gate::Pause, lease::Lease, retry::Backoff, service::Runtime, stage::Stage};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Everything one such command needs.
pub(super) struct Sync {
    rt: Runtime,
    client: Arc<Client>,
    pauses: Arc<Pauses>,
    state: State,
    runner: Runner,
    concurrency: usize,
    removals: bool,
    look_back: Option<LookBack>,
    skip: bool,
    json: bool,
    ttl: Duration,
    kind: RunKind,
    span: Span,
    force: bool,
}

impl Sync {
    pub(super) async fn open(
        rt: Runtime,
        settings: Settings,
        kind: RunKind,
        span: Span,
        force: bool,
    ) -> anyhow::Result<Self> {
        let Settings {
            http,
            okki,
            list,
            ttl,
            skip,
            json,
        } = settings;
        rt.probe_for_vendor().await.context("REDIS_URL")?;
        rt.declare(Stage::Extract).await?;
        let client = shared_client(&rt, &okki, &http)?;
        let pauses = Arc::new(Pauses::new(rt.clone(), Arc::clone(&client)));
        let state = State::new(rt.store.clone(), rt.namespace.clone());
        let (removals, look_back) = (list.removals, list.look_back);
        let runner = Runner::new(rt.clone(), Arc::clone(&client), state.clone(), list);
        let concurrency = okki.client.concurrency;
        Ok(Self {
            rt,
            client,
            pauses,
            state,
            runner,
            concurrency,
            removals,
            look_back,
            skip,
            json,
            ttl,
            kind,
            span,
            force,
        })
    }

    /// Waits for the lease, at most for `patience`.
    pub(super) async fn lease(&self, patience: Duration) -> anyhow::Result<Option<Lease>> {
        self.lease_of(self.kind, patience).await
    }

    async fn lease_of(&self, kind: RunKind, patience: Duration) -> anyhow::Result<Option<Lease>> {
        let asked = Instant::now();
        loop {
            let key = self.state.lease_key(kind);
            let lease = Lease::acquire(&self.rt.store, key, &self.rt.instance, self.ttl).await?;
            if lease.is_some() || asked.elapsed() >= patience {
                return Ok(lease);
            }
            if !self.rt.shutdown.sleep(Duration::from_millis(300)).await {
                words::bail!("stopped");
            }
        }
    }

    /// Says which replica has the lease; that is no failure, for the other one does the work.
    pub(super) async fn report_busy(&self) -> anyhow::Result<()> {
        if self.json {
            let leader = self.state.leader(self.kind).await?;
            pipeline::say!("{}", serde_json::json!({ "busy": true, "leader": leader }))?;
        } else {
            pipeline::say!("another replica lists; nothing to do")?;
        }
        Ok(())
    }

    pub(super) async fn work(self, lease: Lease) -> anyhow::Result<Ended> {
        let report = self.beside_details(self.list_and_wait(lease)).await?;
        report.print(self.json)?;
        // A first load is made again by itself; what a person asked for is theirs to repeat.
        let is_backfill = self.kind == RunKind::Backfill;
        if let Some((seen, expected)) = report.lacks_many().filter(|_| is_backfill) {
            words::bail!(
                "OKKI counts {expected} customers in that span and has shown {seen}, twice: the listing is not whole; repeat the command, and compare with `extractor reconcile`"
            );
        }
        Ok(Ended::Done)
    }

    /// Works as a replica that fetches details.
    async fn beside_details<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        // A replica writes failure records and states, which are read by others and therefore English.
        let asked = words::current();
        words::speak(words::Language::English);
        let details = tokio::spawn(fetch_details(
            self.rt.clone(),
            Arc::clone(&self.client),
            Arc::clone(&self.pauses),
            self.concurrency,
            self.removals,
            self.skip,
        ));
        let outcome = work.await;
        // The consumer finishes what it has begun.
        self.rt.shutdown.trigger();
        let details = details.await;
        words::speak(asked);
        details
            .with_context(|| words::tr!("the detail consumer died"))?
            .with_context(|| words::tr!("consume refs"))?;
        outcome
    }

    async fn list_and_wait(&self, lease: Lease) -> anyhow::Result<Summary> {
        let mut runs = vec![self.list(self.kind, self.span, lease).await?];
        runs.extend(self.first_load().await?);
        match self.look_back().await {
            Ok(run) => runs.extend(run),
            // What was asked for is listed; the past is looked at another time.
            Err(error) => tracing::warn!(
                error = pipeline::cause::logged(&*error),
                "the past was not listed once more"
            ),
        }
        self.wait_for_details(&runs).await
    }

    async fn wait_for_details(&self, runs: &[Run]) -> anyhow::Result<Summary> {
        let progress = Progress::new(self.state.clone(), self.kind);
        let finished = tokio::select! {
            report = progress.follow_details(runs, self.stalled()) => report?,
            () = self.rt.shutdown.requested() => {
                words::bail!("stopped while details are fetched; they are in the queue, `extractor run` goes on with them")
            }
            error = self.hopeless() => bail!(error),
        };
        Ok(finished)
    }

    /// A ref on its last rung, and a little.
    fn stalled(&self) -> Duration {
        let ladder = self.rt.broker.retry().ladder();
        ladder.last().copied().unwrap_or_default() + Duration::from_secs(60)
    }

    async fn list(&self, kind: RunKind, span: Span, mut lease: Lease) -> anyhow::Result<Run> {
        let progress = Progress::new(self.state.clone(), kind);
        let run = tokio::select! {
            run = self.patient_list(kind, span, &mut lease) => run,
            never = progress.follow_listing() => match never {},
        }?;
        if kind == RunKind::Live
            && let Err(stop) = self.runner.list_damaged_again(&lease).await
        {
            tracing::warn!(
                error = pipeline::cause::logged(&stop),
                "rows that named no customer are listed again later"
            );
        }
        outage::released(lease).await;
        Ok(run)
    }

    /// Lists, and repeats from where it stopped what an outage has ended.
    async fn patient_list(&self, kind: RunKind, span: Span, lease: &mut Lease) -> anyhow::Result<Run> {
        let mut backoff = Backoff::default();
        let begun = Instant::now();
        loop {
            match self.runner.run(kind, span, self.force, lease).await {
                Ok(run) => return Ok(run),
                Err(Stop::Shutdown) => words::bail!("stopped; the same command goes on where it was"),
                Err(Stop::Okki(error)) if is_final(&error, begun.elapsed()) => {
                    return Err(error).with_context(|| words::tr!("list customers"));
                }
                Err(stop @ Stop::FutureCheckpoint(_)) => return Err(stop.into()),
                // An outage of Redis may last longer than a lease.
                Err(stop @ Stop::Deposed) => {
                    let key = self.state.lease_key(kind);
                    match outage::lease_again(&self.rt, &key, self.ttl).await? {
                        Some(again) => *lease = again,
                        None => return Err(stop.into()),
                    }
                }
                Err(stop) if begun.elapsed() > PATIENCE => {
                    return Err(stop).with_context(|| words::tr!("give up after an outage"));
                }
                Err(stop) => {
                    if let Stop::Okki(error) = &stop {
                        let asked = self.runner.asked_last();
                        self.pauses
                            .pause(words::text!("list customers"), error, asked.as_ref());
                    }
                    tracing::warn!(
                        error = pipeline::cause::logged(&stop),
                        "listing stopped, will go on"
                    );
                    backoff.wait().await;
                }
            }
        }
    }

    /// Completes with the reason when the gate is closed for something that only a person can change, or for long.
    async fn hopeless(&self) -> String {
        let mut closed_since: Option<Instant> = None;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let pauses = self.rt.gate.pauses();
            let person = [Pause::Credentials, Pause::Configuration];
            if let Some(pause) = pauses.iter().find(|pause| person.contains(&pause.reason)) {
                return pause.detail.clone();
            }
            closed_since = pauses.first().and(closed_since.or_else(|| Some(Instant::now())));
            if let Some(pause) = pauses
                .first()
                .filter(|_| closed_since.is_some_and(|at| at.elapsed() > PATIENCE))
            {
                return words::tr!("gave up after an outage: {}", pause.detail);
            }
        }
    }
}
