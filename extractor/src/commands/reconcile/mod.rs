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
mod progress;
mod proof;
mod scheduled;
mod wished;

use super::shared_client;
use crate::{
    cli::ReconcileArgs,
    failure_scope::FailureScope,
    okki::Client,
    run::{RunSettings, Runner, Stop},
    settings::{OkkiConfig, percent},
    state::State,
};
use anyhow::Context as _;
use findings::Findings;
use indicatif::ProgressBar;
use pipeline::{
    config::CommonConfig, http::HttpConfig, lease::Lease, retry::Backoff, service::Runtime, stage::Stage,
    watermarks::Watermarks,
};
use progress::{Place, Progress};
pub(crate) use scheduled::Scheduled;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
pub(crate) use wished::Wished;

/// An outage longer than this ends the command, which goes on with its next run.
const PATIENCE: Duration = Duration::from_secs(300);

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
    fix: bool,
    at_most: u8,
}

/// Compares, prints, and fails when there is a difference for which nothing was done.
pub(crate) async fn reconcile(args: ReconcileArgs) -> anyhow::Result<()> {
    let (json, restart, at_most) = (args.json, args.restart, percent("--at-most", &args.at_most)?);
    let comparison = Comparison::open(args, at_most).await?;
    let compared = comparison.compare_all(restart).await;
    comparison.rt.events.finish().await;
    let findings = compared?;
    comparison.bar.finish_and_clear();
    comparison.lease.release().await?;
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
        let key = rt.namespace.listing_lease_key("reconcile");
        let Some(lease) = Lease::acquire(&rt.store, key, &rt.instance, ttl).await? else {
            words::bail!("another comparison is at work");
        };
        let client = shared_client(&rt, &okki, &http)?;
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        let own = (args.fix, at_most);
        Ok(Self::new(rt, client, settings, lease, own).with_bar(bar))
    }

    fn new(
        rt: Runtime,
        client: Arc<Client>,
        settings: RunSettings,
        lease: Lease,
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
            bar: ProgressBar::hidden(),
            at_most,
        }
    }

    fn with_bar(self, bar: ProgressBar) -> Self {
        Self { bar, ..self }
    }

    /// Goes on where the last one was broken off, or begins one, up to its end.
    async fn compare_all(&self, restart: bool) -> anyhow::Result<Findings> {
        let redis = || words::tr!("ask Redis");
        let kept = self.place.open().await.with_context(redis)?;
        let mut progress = match kept.filter(|_| !restart) {
            Some(progress) => {
                tracing::info!("going on where the last run was broken off; --restart begins again");
                progress
            }
            None => self.begin().await?,
        };
        self.patiently(&mut progress).await?;
        self.place.close().await.with_context(redis)?;
        Ok(progress.findings)
    }

    /// A new one, over everything up to the present.
    async fn begin(&self) -> anyhow::Result<Progress> {
        self.client.check_group().await.context("OKKI_GROUP_ID")?;
        let clocks = self
            .state
            .clocks()
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        let window = self
            .settings
            .margins
            .first(self.settings.start, clocks.earliest());
        let now_ms = self
            .state
            .now_ms()
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        Ok(self.place.begin(now_ms, window.end).await?)
    }

    /// To the end; what an outage has stopped goes on from where it was.
    async fn patiently(&self, progress: &mut Progress) -> anyhow::Result<()> {
        let mut backoff = Backoff::default();
        let mut since: Option<(Instant, progress::Next)> = None;
        loop {
            let stop = tokio::select! {
                ended = self.go_on(progress) => match ended {
                    Ok(()) => return Ok(()),
                    Err(stop) => stop,
                },
                () = self.lease.lost() => words::bail!("another comparison has taken over"),
                () = self.rt.shutdown.requested() => words::bail!("stopped; the next run goes on from here"),
                () = self.rt.gate.rests() => words::bail!("an operator lets the stage rest; the next run goes on from here"),
            };
            let may_pass = match &stop {
                Stop::Okki(error) => error.is_transient() && stop.rest().is_zero(),
                Stop::Store(error) => error.is_outage(),
                Stop::Publish(_) => true,
                _ => false,
            };
            let (begun, at) = since
                .take()
                .unwrap_or_else(|| (Instant::now(), progress.next.clone()));
            let begun = if at == progress.next {
                begun
            } else {
                Instant::now()
            };
            if !may_pass || begun.elapsed() > PATIENCE {
                return Err(
                    anyhow::Error::new(stop).context(words::text!("stopped; the next run goes on from here"))
                );
            }
            since = Some((begun, progress.next.clone()));
            tracing::warn!(
                error = crate::okki::chain(&stop),
                "comparison stopped, will go on"
            );
            backoff.wait().await;
        }
    }
}
