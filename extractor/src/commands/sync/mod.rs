//! `extractor sync` and `extractor once`: list one window, fetch until its details are done, say what happened.
//!
//! The process is a full replica while it works, so it needs no running `extractor run` beside it, and helps one that
//! runs. Stopping it at any moment loses nothing: what is published is in the queue, and an unfinished listing is
//! taken up by the same command, or by `run` when it is a live one.

mod replica;

use crate::{
    cli::{OnceArgs, SyncArgs},
    okki::Error,
    outage::PATIENCE,
    run::{RunSettings, Span},
    settings::OkkiConfig,
    state::RunKind,
    typed::period,
};
use pipeline::{
    config::CommonConfig, http::HttpConfig, mask::mask_text, service::Runtime, setting::ConfigError,
};
use replica::Sync;
use std::time::Duration;

/// The command ends after this time even if a notice cannot be delivered.
const NOTIFIED_WITHIN: Duration = Duration::from_secs(15);

/// Lists a window or a backfill, waiting for its turn.
pub(crate) async fn sync(args: SyncArgs) -> anyhow::Result<()> {
    let span = span(&args)?;
    let ids = replica::ids(&args.id)?;
    let kind = if span == Span::SinceCheckpoint {
        RunKind::Live
    } else {
        RunKind::Backfill
    };
    let (rt, settings) = settings(args.once)?;
    let ran = async {
        let sync = Sync::open(rt.clone(), settings, kind, span, args.force).await?;
        if !ids.is_empty() {
            return sync.fetch_these(ids).await;
        }
        if args.restart {
            sync.discard().await?;
        }
        if args.full {
            sync.want_everything().await?;
        }
        sync.check_same_backfill().await?;
        let Some(lease) = sync.lease(PATIENCE).await? else {
            let who = sync.who_lists(kind).await;
            words::bail!("another replica lists {} and does not end: {who}", kind.name())
        };
        sync.work(lease).await
    };
    notify(&rt, kind, ran.await).await
}

/// Lists a window, unless another replica does.
pub(crate) async fn once(args: OnceArgs) -> anyhow::Result<()> {
    let (rt, settings) = settings(args)?;
    let ran = async {
        let sync = Sync::open(rt.clone(), settings, RunKind::Live, Span::SinceCheckpoint, false).await?;
        match sync.lease(Duration::ZERO).await? {
            Some(lease) => sync.work(lease).await,
            None => {
                sync.report_busy().await?;
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
    rt.events.finish().await;
    rt.alerts.flush(NOTIFIED_WITHIN).await;
    ran.map(drop)
}

fn span(args: &SyncArgs) -> Result<Span, ConfigError> {
    let Some(since) = &args.since else {
        return Ok(Span::SinceCheckpoint);
    };
    let (since, until) = period(("--since", since), ("--until", args.until.as_deref()))?;
    Ok(Span::Between { since, until })
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
    pipeline::settings! {
        common = CommonConfig::try_from(args.common);
        http = HttpConfig::try_from(args.http);
        okki = OkkiConfig::try_from(args.okki);
    }
    let settings = Settings {
        list: args.list.check(&okki)?,
        ttl: args.lease.check()?,
        skip: !args.detail.no_skip,
        json: args.json,
        http,
        okki,
    };
    let rt = Runtime::tool("extractor", &common)?.with_alerts("extractor", &common, &settings.http.tls)?;
    Ok((rt, settings))
}

/// A token may be refused for a second; what else is not transient is final at once.
fn is_final(error: &Error, waited: Duration) -> bool {
    const CONFIRMED_AFTER: Duration = Duration::from_secs(5);
    if error.needs_person() && !error.is_definite() {
        return waited >= CONFIRMED_AFTER;
    }
    !error.is_transient() && !error.is_outage_of_redis()
}
