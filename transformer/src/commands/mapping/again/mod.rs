//! `mapping again`: every kept snapshot goes into the transformers' queue once more, so that today's mapping maps it, without
//! one detail call.
//!
//! It is a run with an account of its own. How far it has come is written down after each confirmed part, so a killed one
//! goes on where it was; what was published twice then is one row, as everywhere.

mod progress;

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use pipeline::config::{CommonArgs, CommonConfig};
use pipeline::lease::Lease;
use pipeline::message::Outgoing;
use pipeline::service::Runtime;
use pipeline::setting::ConfigError;
use pipeline::stage::Stage;
use proto::v1::{CompanySnapshot, Lane};
use replay::{audit, workspace::Workspace};

use super::kept::{self, Unusables, Walk};
use progress::{Progress, Screen};

/// A killed command keeps others away for so long.
const TERM: Duration = Duration::from_secs(5);
/// Between two looks at the queues.
const LOOK: Duration = Duration::from_millis(100);

/// Arguments of `again`.
#[derive(Debug, Args)]
pub(super) struct AgainArgs {
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Messages that may wait in the queues of transformers and loaders while more are added
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    ahead: u32,
    /// Begin again instead of going on where an interrupted one has stopped
    #[arg(long)]
    restart: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonArgs,
}

pub(super) async fn run(args: AgainArgs) -> anyhow::Result<()> {
    let reason = args.reason.trim();
    if reason.is_empty() {
        return Err(ConfigError::message(::words::text!("--reason must say why; write one sentence")).into());
    }
    let common = CommonConfig::try_from(args.common.clone())?;
    let rt = Runtime::tool("transformer", &common)?;
    rt.declare(Stage::Transform).await?;
    let lease = Lease::acquire(&rt.store, rt.namespace.again_lease_key(), &rt.instance, TERM)
        .await
        .with_context(|| ::words::tr!("see whether somebody else maps everything again"))?;
    let Some(lease) = lease else {
        ::words::bail!("somebody else maps everything again at the moment; wait until that has ended")
    };
    let ended = tokio::select! {
        ended = under_lease(&rt, &args, reason) => ended,
        () = lease.lost() => Err(anyhow::anyhow!("{}", ::words::text!("the right to map everything again was lost; run the command again, and it goes on"))),
    };
    if let Err(error) = lease.release().await {
        tracing::debug!(%error, "a lease stays until its term ends");
    }
    rt.events.finish().await;
    ended
}

async fn under_lease(rt: &Runtime, args: &AgainArgs, reason: &str) -> anyhow::Result<()> {
    let asked = || ::words::tr!("REDIS_URL: read the kept snapshots");
    let kept = rt.snapshots.count().await.with_context(asked)?;
    if kept == 0 {
        return Err(kept::nothing(&Unusables::default()).into());
    }
    let begun = Progress::begun(&rt.store, &rt.namespace)
        .await
        .with_context(asked)?;
    let is_resumed = begun.is_some() && !args.restart;
    let mut progress = begun
        .filter(|_| is_resumed)
        .unwrap_or_else(|| Progress::new(reason));
    let workspace = Workspace::new(rt.clone(), Stage::Transform);
    match is_resumed {
        true => pipeline::remark!(
            "going on with {}, which was interrupted after {} customers; --restart begins again",
            progress.run,
            progress.sent
        ),
        false => note(&workspace, "map again", &progress, reason).await?,
    }
    if rt.broker.consumers(&rt.namespace.queue(Stage::Transform)).await? == 0 {
        pipeline::remark!("no transformer runs at the moment; what is put into its queue waits there");
    }
    let unusable = publish(rt, args.ahead, kept, &mut progress).await?;
    if progress.sent == 0 && unusable.count() > 0 {
        return Err(kept::nothing(&unusable).into());
    }
    progress
        .forget(&rt.store, &rt.namespace)
        .await
        .with_context(asked)?;
    note(&workspace, "map again ended", &progress, reason).await?;
    let without = kept::without(&rt.store, &rt.namespace, &rt.snapshots)
        .await
        .with_context(asked)?;
    progress::print(&progress, &unusable, without, args.json)
}

/// Puts what is left into the queue, a part at a time, and never much ahead of those who work on it.
async fn publish(rt: &Runtime, ahead: u32, kept: u64, progress: &mut Progress) -> anyhow::Result<Unusables> {
    let mut unusable = Unusables::default();
    let mut screen = Screen::new(kept, progress.sent);
    let snapshots = rt.snapshots.clone();
    let mut walk = Walk::from(&snapshots, progress.place.clone());
    let interrupted = |progress: &Progress| {
        ::words::tr!(
            "interrupted after {} customers; the same command goes on from here",
            progress.sent
        )
    };
    loop {
        while !has_room(rt, ahead).await? {
            screen.show(progress.sent);
            if !rt.shutdown.sleep(LOOK).await {
                anyhow::bail!("{}", interrupted(progress));
            }
        }
        let chunk = walk
            .next()
            .await
            .with_context(|| ::words::tr!("REDIS_URL: read the kept snapshots"))?;
        if chunk.is_empty() {
            break;
        }
        let usable = chunk
            .into_iter()
            .filter_map(|(_, found)| kept::usable(found, &mut unusable));
        let again: Vec<_> = usable
            .map(|kept| once_more(kept.snapshot, &progress.run))
            .collect();
        let companies: Vec<_> = again.iter().map(|one| one.company_id.clone()).collect();
        rt.account.list(&progress.run, &companies).await?;
        let messages = again
            .iter()
            .map(|one| Outgoing::to(Stage::Transform, one))
            .collect();
        rt.publisher.publish(messages).await?;
        progress.sent += again.len() as u64;
        progress.place = walk.place().clone();
        progress.keep(&rt.store, &rt.namespace).await?;
        screen.show(progress.sent);
        if rt.shutdown.is_requested() {
            anyhow::bail!("{}", interrupted(progress));
        }
    }
    screen.end();
    Ok(unusable)
}

/// The same state, listed by another run; live changes go before it.
fn once_more(snapshot: CompanySnapshot, run: &str) -> CompanySnapshot {
    CompanySnapshot {
        run_id: run.to_owned(),
        lane: Lane::Backfill.into(),
        ..snapshot
    }
}

async fn has_room(rt: &Runtime, ahead: u32) -> anyhow::Result<bool> {
    // No consumer runs here, which would tell.
    pipeline::waiting::tell(rt).await;
    let mut waiting = 0;
    for stage in [Stage::Transform, Stage::Load] {
        waiting += pipeline::waiting::records(rt, stage).await?;
    }
    Ok(waiting < ahead.into())
}

async fn note(workspace: &Workspace, action: &str, progress: &Progress, reason: &str) -> anyhow::Result<()> {
    let note = audit::Note {
        action,
        reason,
        subject: &progress.run,
        result: serde_json::json!({"sent": progress.sent}),
        ..audit::Note::default()
    };
    Ok(audit::append(workspace, note).await?)
}
