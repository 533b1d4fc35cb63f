//! `extractor sync` and `extractor once`: list one window, fetch until its details are done, say what happened.
//!
//! The process is a full replica while it works, so it needs no running `extractor run` beside it, and helps one that
//! runs. Stopping it at any moment loses nothing: what is published is in the queue, and an unfinished listing is
//! taken up by the same command, or by `run` when it is a live one.

use super::{fetch_details, shared_client};
use crate::{
    cli::{OnceArgs, SyncArgs},
    run::{RunSettings, Runner, Span, Stop},
    okki::{Client, chain},
    pause::Pauses,
    progress::{Progress, Summary},
    settings::{OkkiConfig, moment},
    state::{RunKind, Run, State},
};
use anyhow::{Context, bail};
use pipeline::{
    config::CommonConfig, gate::Pause, http::HttpConfig, lease::Lease, mask::mask_text, retry::Backoff,
    service::Runtime, setting::ConfigError, stage::Stage,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// An outage longer than this ends the command, which can be repeated; `run` would wait for ever.
const PATIENCE: Duration = Duration::from_secs(300);
/// The command ends after this time even if a notice cannot be delivered.
const NOTIFIED_WITHIN: Duration = Duration::from_secs(15);

/// Lists a window or a backfill, waiting for its turn.
pub async fn sync(args: SyncArgs) -> anyhow::Result<()> {
    let span = span(&args)?;
    let kind = if span == Span::SinceCheckpoint {
        RunKind::Live
    } else {
        RunKind::Backfill
    };
    let (rt, settings) = settings(args.once)?;
    let ran = async {
        let sync = Sync::open(rt.clone(), settings, kind, span, args.force).await?;
        if args.restart {
            sync.discard().await?;
        }
        sync.check_same_backfill().await?;
        let Some(lease) = sync.lease(PATIENCE).await? else {
            bail!("another replica lists {} and does not end", kind.name())
        };
        sync.work(lease).await
    };
    notify(&rt, kind, ran.await).await
}

/// Lists a window, unless another replica does.
pub async fn once(args: OnceArgs) -> anyhow::Result<()> {
    let (rt, settings) = settings(args)?;
    let ran = async {
        let sync = Sync::open(rt.clone(), settings, RunKind::Live, Span::SinceCheckpoint, false).await?;
        match sync.lease(Duration::ZERO).await? {
            Some(lease) => sync.work(lease).await,
            None => {
                sync.leave().await?;
                Ok(Ended::Elsewhere)
            }
        }
    };
    notify(&rt, RunKind::Live, ran.await).await
}

/// How a command ended that has not failed.
enum Ended {
    /// By the work being done.
    Done,
    /// By leaving it to another replica.
    Elsewhere,
}

/// Notifies people that the run has failed, or that an earlier failure is over.
async fn notify(rt: &Runtime, kind: RunKind, ran: anyhow::Result<Ended>) -> anyhow::Result<()> {
    match &ran {
        Ok(Ended::Done) => rt.alerts.run_ended(kind.name()),
        Ok(Ended::Elsewhere) => {}
        Err(error) => rt
            .alerts
            .run_failed(kind.name(), &mask_text(&format!("{error:#}"))),
    }
    rt.alerts.flush(NOTIFIED_WITHIN).await;
    ran.map(drop)
}

fn span(args: &SyncArgs) -> Result<Span, ConfigError> {
    let Some(since) = &args.since else {
        return Ok(Span::SinceCheckpoint);
    };
    let until = args
        .until
        .as_deref()
        .map(|until| moment("--until", until, true))
        .transpose()?;
    match (moment("--since", since, false)?, until) {
        (since, Some(until)) if since > until => Err(ConfigError::new(
            "--since",
            "is after --until",
            "exchange them, or leave --until away for now",
        )),
        (since, until) => Ok(Span::Between { since, until }),
    }
}

/// Everything one such command needs.
struct Sync {
    rt: Runtime,
    client: Arc<Client>,
    pauses: Arc<Pauses>,
    state: State,
    runner: Runner,
    concurrency: usize,
    skip: bool,
    json: bool,
    ttl: Duration,
    kind: RunKind,
    span: Span,
    force: bool,
}

/// What was typed, checked.
struct Settings {
    http: HttpConfig,
    okki: OkkiConfig,
    list: RunSettings,
    ttl: Duration,
    skip: bool,
    json: bool,
}

/// Checks what was typed; from here on people are notified of a failure.
fn settings(args: OnceArgs) -> anyhow::Result<(Runtime, Settings)> {
    let common = CommonConfig::try_from(args.common)?;
    let http = HttpConfig::try_from(args.http)?;
    let okki = OkkiConfig::try_from(args.okki)?;
    let settings = Settings {
        list: args.list.check(&okki)?,
        ttl: args.lease.check()?,
        skip: !args.detail.no_skip,
        json: args.json,
        http,
        okki,
    };
    let rt = Runtime::tool("extractor", &common)?.telling("extractor", &common, &settings.http.tls)?;
    Ok((rt, settings))
}

impl Sync {
    async fn open(
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
        rt.store.ping().await.context("REDIS_URL")?;
        rt.declare(Stage::Extract).await?;
        let client = shared_client(&rt, &okki, &http)?;
        let pauses = Arc::new(Pauses::new(rt.clone(), Arc::clone(&client)));
        let state = State::new(rt.store.clone(), rt.namespace.clone());
        let runner = Runner::new(rt.clone(), Arc::clone(&client), state.clone(), list);
        let concurrency = okki.client.concurrency;
        Ok(Self {
            rt,
            client,
            pauses,
            state,
            runner,
            concurrency,
            skip,
            json,
            ttl,
            kind,
            span,
            force,
        })
    }

    /// Waits for the lease, at most for `patience`.
    async fn lease(&self, patience: Duration) -> anyhow::Result<Option<Lease>> {
        let asked = Instant::now();
        loop {
            let key = self.state.lease_key(self.kind);
            let lease = Lease::acquire(&self.rt.store, key, &self.rt.instance, self.ttl).await?;
            if lease.is_some() || asked.elapsed() >= patience {
                return Ok(lease);
            }
            if !self.rt.shutdown.sleep(Duration::from_millis(300)).await {
                bail!("stopped");
            }
        }
    }

    /// Says which replica has the lease; that is no failure, for the other one does the work.
    async fn leave(&self) -> anyhow::Result<()> {
        if self.json {
            let leader = self.state.leader(self.kind).await?;
            println!("{}", serde_json::json!({ "busy": true, "leader": leader }));
        } else {
            println!("another replica lists; nothing to do");
        }
        Ok(())
    }

    async fn discard(&self) -> anyhow::Result<()> {
        let Some(lease) = self.lease(PATIENCE).await? else {
            bail!("another replica is at work on the run")
        };
        self.state.discard(self.kind, lease.fence()).await?;
        lease.release().await?;
        Ok(())
    }

    /// An unfinished backfill of another span must not be continued under this one's name.
    async fn check_same_backfill(&self) -> anyhow::Result<()> {
        let Span::Between { since, until } = self.span else {
            return Ok(());
        };
        match self.state.standing(self.kind).await?.run {
            Some(run) if run.start != Some(since) || until.is_some_and(|until| until < run.end) => {
                let span = Summary::span(&run);
                bail!(
                    "a backfill of {span} is not finished; repeat it with those dates, or drop it with --restart"
                )
            }
            _ => Ok(()),
        }
    }

    async fn work(self, lease: Lease) -> anyhow::Result<Ended> {
        let details = tokio::spawn(fetch_details(
            self.rt.clone(),
            Arc::clone(&self.client),
            Arc::clone(&self.pauses),
            self.concurrency,
            self.skip,
        ));
        let outcome = self.list_and_wait(lease).await;
        // The consumer finishes what it has begun.
        self.rt.shutdown.trigger();
        details
            .await
            .context("the detail consumer died")?
            .context("consume refs")?;
        let report = outcome?;
        report.print(self.json)?;
        Ok(Ended::Done)
    }

    async fn list_and_wait(&self, lease: Lease) -> anyhow::Result<Summary> {
        let progress = Progress::new(self.state.clone(), self.kind);
        let waiting = self.patient_list(&lease);
        let run = tokio::select! {
            run = waiting => run,
            never = progress.follow_listing() => match never {},
        }?;
        lease.release().await?;
        // A ref on its last rung, and a little.
        let ladder = self.rt.broker.retry().ladder();
        let stalled = ladder.last().copied().unwrap_or_default() + Duration::from_secs(60);
        let finished = tokio::select! {
            report = progress.follow_details(&run, stalled) => report?,
            () = self.rt.shutdown.requested() => {
                bail!("stopped while details are fetched; they are in the queue, `extractor run` goes on with them")
            }
            error = self.hopeless() => bail!(error),
        };
        Ok(finished)
    }

    /// Lists, and repeats from where it stopped what an outage has ended.
    async fn patient_list(&self, lease: &Lease) -> anyhow::Result<Run> {
        let mut backoff = Backoff::default();
        let begun = Instant::now();
        loop {
            match self.runner.run(self.kind, self.span, self.force, lease).await {
                Ok(run) => return Ok(run),
                Err(Stop::Shutdown) => bail!("stopped; the same command goes on where it was"),
                Err(Stop::Okki(error)) if error.needs_person() || !error.is_transient() => {
                    return Err(error).context("list customers");
                }
                Err(stop @ Stop::Deposed) => return Err(stop.into()),
                Err(stop) if begun.elapsed() > PATIENCE => {
                    return Err(stop).context("give up after an outage");
                }
                Err(stop) => {
                    if let Stop::Okki(error) = &stop {
                        self.pauses.pause("list customers", error);
                    }
                    tracing::warn!(error = chain(&stop), "listing stopped, will go on");
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
            let report = self.rt.gate.report();
            let person = [Pause::Credentials, Pause::Configuration];
            if let Some(pause) = report.iter().find(|pause| person.contains(&pause.reason)) {
                return pause.detail.clone();
            }
            closed_since = report.first().and(closed_since.or_else(|| Some(Instant::now())));
            if let Some(pause) = report
                .first()
                .filter(|_| closed_since.is_some_and(|at| at.elapsed() > PATIENCE))
            {
                return format!("gave up after an outage: {}", pause.detail);
            }
        }
    }
}
