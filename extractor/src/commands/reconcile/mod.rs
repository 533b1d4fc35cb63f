//! `extractor reconcile`: everything that OKKI lists against everything that was loaded, in bounded memory.
//!
//! The walk is that of a first load, in the lane of backfills. Each listed customer is compared with its watermarks and with
//! the account: was the listed state loaded, is it on its way, is it a dead letter, did a condition drop it? Then all
//! customers that may have a row are gone through for those that were not listed; what has changed meanwhile is listed once
//! more, and so are the deleted ones. `--fix` has the missing and the stale fetched again, and hands those that have left
//! to the loader. What is loaded but not shown by the form is the business of `loader reconcile`.

mod ahead;
mod compare;
mod findings;
mod gone;
mod hidden;
mod judge;
mod others;
mod progress;
mod proof;
mod scheduled;
mod wished;

use super::shared_client;
use crate::{
    cli::ReconcileArgs,
    failure_scope::FailureScope,
    okki::Client,
    outage::{self, PATIENCE},
    run::{RunSettings, Runner, Stop},
    settings::{OkkiConfig, percent},
    state::State,
};
use anyhow::Context as _;
use findings::Findings;
use indicatif::ProgressBar;
pub(crate) use others::FILTER;
use pipeline::{
    comparison::By, config::CommonConfig, http::HttpConfig, lease::Lease, retry::Backoff, service::Runtime,
    stage::Stage, watermarks::Watermarks,
};
use progress::{Next, Place, Progress};
pub(crate) use scheduled::Scheduled;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
pub(crate) use wished::Wished;

/// What one comparison works with.
struct Comparison {
    rt: Runtime,
    client: Arc<Client>,
    state: State,
    runner: Runner,
    settings: RunSettings,
    watermarks: Watermarks,
    place: Place,
    failure_scope: FailureScope,
    lease: Lease,
    bar: ProgressBar,
    ttl: Duration,
    /// Customers of its run that were counted when this attempt began: an outage between counting and publishing leaves some
    /// without a message, for which nothing may wait.
    left_behind: AtomicU64,
    fix: bool,
    at_most: u8,
}

/// Compares, prints, and fails when there is a difference for which nothing was done.
pub(crate) async fn reconcile(args: ReconcileArgs) -> anyhow::Result<()> {
    let (json, restart, at_most) = (args.json, args.restart, percent("--at-most", &args.at_most)?);
    let mut comparison = Comparison::open(args, at_most).await?;
    let compared = comparison.compare_all(restart).await;
    comparison.rt.events.finish().await;
    let findings = compared?;
    comparison.bar.finish_and_clear();
    outage::released(comparison.lease).await;
    findings.print(json)?;
    let (open, mut remedies) = (findings.open(), findings.remedies(at_most));
    if !comparison.fix {
        let all = words::text!("`--fix` has them fetched again, or handled as ON_REMOVAL says");
        remedies = match remedies.is_empty() {
            true => all.to_owned(),
            false => words::sentences(&[all, &remedies]),
        };
    }
    words::ensure!(open == 0, "{open} customers differ; {remedies}");
    Ok(())
}

impl Comparison {
    async fn open(args: ReconcileArgs, at_most: u8) -> anyhow::Result<Self> {
        pipeline::settings! {
            common = CommonConfig::try_from(args.common);
            http = HttpConfig::try_from(args.http);
            okki = OkkiConfig::try_from(args.document.complete(args.okki));
        }
        let settings = args.list.check(&okki)?;
        let ttl = args.lease.check()?;
        let rt = Runtime::tool("extractor", &common)?;
        rt.probe_for_vendor().await.context("REDIS_URL")?;
        rt.declare(Stage::Extract).await?;
        let Some(lease) = Self::lease(&rt, &settings, ttl, (args.fix, By::Command)).await? else {
            return Err(others::at_work(&rt).await);
        };
        let client = shared_client(&rt, &okki, &http)?;
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        let own = (args.fix, at_most);
        Ok(Self::new(rt, client, settings, (lease, ttl), own).with_bar(bar))
    }

    /// Keeps others from comparing meanwhile; `None`: somebody does. Who would mend is refused while replicas list by another
    /// filter.
    async fn lease(
        rt: &Runtime,
        settings: &RunSettings,
        ttl: Duration,
        (fix, by): (bool, By),
    ) -> anyhow::Result<Option<Lease>> {
        if fix {
            others::refuse_another_filter(rt, &settings.filter).await?;
        }
        let lease = Lease::acquire(&rt.store, others::lease_key(rt), &rt.instance, ttl).await?;
        if lease.is_some() {
            others::begun(rt, by).await?;
        }
        Ok(lease)
    }

    fn new(
        rt: Runtime,
        client: Arc<Client>,
        settings: RunSettings,
        (lease, ttl): (Lease, Duration),
        (fix, at_most): (bool, u8),
    ) -> Self {
        let state = State::new(rt.store.clone(), rt.namespace.clone());
        Self {
            runner: Runner::new(rt.clone(), Arc::clone(&client), state.clone(), settings.clone()),
            watermarks: Watermarks::new(rt.store.clone(), rt.namespace.clone()),
            // Who wants more than the others may take has decided that.
            place: Place::new(
                rt.store.clone(),
                &rt.namespace,
                &settings.filter,
                (fix, at_most > scheduled::AT_MOST),
            ),
            failure_scope: FailureScope::new(Arc::clone(&client)),
            fix,
            rt,
            client,
            state,
            settings,
            lease,
            ttl,
            left_behind: AtomicU64::default(),
            bar: ProgressBar::hidden(),
            at_most,
        }
    }

    fn with_bar(self, bar: ProgressBar) -> Self {
        Self { bar, ..self }
    }

    /// Goes on where the last one was broken off, or begins one, up to its end; what an outage has stopped goes on from where
    /// it was, whichever call has met it.
    async fn compare_all(&mut self, restart: bool) -> anyhow::Result<Findings> {
        let (mut backoff, mut progress) = (Backoff::default(), None);
        let mut since: Option<(Instant, Option<Next>)> = None;
        loop {
            let stop = tokio::select! {
                ended = self.attempt(&mut progress, restart) => match ended {
                    Ok(findings) => return Ok(findings),
                    Err(stop) => stop,
                },
                () = self.lease.lost() => Stop::Deposed,
                () = self.rt.shutdown.requested() => words::bail!("stopped; the next run goes on from here"),
                () = self.rt.gate.rests() => words::bail!("an operator lets the stage rest; the next run goes on from here"),
            };
            if matches!(stop, Stop::Deposed) {
                self.lease_again().await?;
                // Somebody may have gone on with it meanwhile.
                (progress, since) = (None, None);
                continue;
            }
            // What the step has counted is counted when it is repeated.
            if progress.is_some() {
                progress = self.place.last();
            }
            let next = progress.as_ref().map(|progress| progress.next.clone());
            let (begun, at) = since.take().unwrap_or_else(|| (Instant::now(), next.clone()));
            let begun = if at == next { begun } else { Instant::now() };
            if !may_pass(&stop) || begun.elapsed() > PATIENCE {
                return Err(ended_by(stop, next.is_some()));
            }
            since = Some((begun, next));
            tracing::warn!(
                error = crate::okki::chain(&stop),
                "comparison stopped, will go on"
            );
            backoff.wait().await;
        }
    }

    /// Whether a condition of the source document or of the transformers may drop whom the listing shows.
    async fn may_drop(&self) -> Result<bool, Stop> {
        let condition = self.state.condition().await?;
        Ok(!self.client.source().selection.condition.is_empty()
            || condition.is_none_or(|condition| condition.may_drop()))
    }

    /// An outage of Redis may last longer than a lease.
    async fn lease_again(&mut self) -> anyhow::Result<()> {
        let (key, ttl) = (self.lease.key().to_owned(), self.ttl);
        match outage::lease_again(&self.rt, &key, ttl).await? {
            Some(lease) => self.lease = lease,
            None => return Err(others::at_work(&self.rt).await),
        }
        Ok(())
    }

    /// To the end, or to the first failure.
    async fn attempt(&self, progress: &mut Option<Progress>, restart: bool) -> Result<Findings, Stop> {
        if progress.is_none() {
            let kept = self.place.open().await?.filter(|_| !restart);
            if kept.is_some() {
                tracing::info!("going on where the last run was broken off; --restart begins again");
            }
            *progress = Some(match kept {
                Some(kept) => kept,
                None => self.begin().await?,
            });
        }
        let Some(begun) = progress else {
            return Ok(Findings::default());
        };
        let pending = self.state.pending(&begun.run).await?;
        self.left_behind.store(pending, Ordering::Relaxed);
        self.go_on(begun).await?;
        self.place.close().await?;
        let findings = std::mem::take(&mut begun.findings);
        if let Err(error) = others::ended(&self.rt, &findings.told(self.fix, self.at_most)).await {
            tracing::warn!(
                error = pipeline::cause::logged(&error),
                "status does not know what was found"
            );
        }
        Ok(findings)
    }

    /// A new one, over everything up to the present.
    async fn begin(&self) -> Result<Progress, Stop> {
        self.client.check_group().await?;
        let clocks = self.state.clocks().await?;
        let window = self
            .settings
            .margins
            .first(self.settings.start, clocks.earliest());
        let now_ms = self.state.now_ms().await?;
        Ok(self.place.begin(now_ms, window.end).await?)
    }
}

/// How a comparison ended that is not complete.
fn ended_by(stop: Stop, is_begun: bool) -> anyhow::Error {
    let context = match &stop {
        _ if is_begun => words::text!("stopped; the next run goes on from here"),
        Stop::Okki(_) => "OKKI_GROUP_ID",
        _ => words::text!("ask Redis"),
    };
    anyhow::Error::new(stop).context(context)
}

/// Whether it is an outage, which is waited for.
fn may_pass(stop: &Stop) -> bool {
    match stop {
        Stop::Okki(error) => (error.is_transient() || error.is_outage_of_redis()) && stop.rest().is_zero(),
        Stop::Store(error) => error.is_outage(),
        Stop::Publish(_) => true,
        _ => false,
    }
}
