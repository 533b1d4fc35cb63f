//! `extractor checkpoint`: shows up to which update time everything is listed, and sets it when a clock was wrong.

use crate::{
    cli::{CheckpointCommand, CheckpointSetArgs, CheckpointShowArgs},
    okki::time,
    state::{KindState, RunKind, State, Written},
    table::{columns, shown},
    typed::moment,
};
use anyhow::Context;
use pipeline::{config::CommonConfig, lease::Lease, service::Runtime, setting::ConfigError, stage::Stage};
use replay::{
    audit::{self, Note},
    workspace::Workspace,
};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long a leader is waited for that lists at this moment.
const PATIENCE: Duration = Duration::from_secs(60);
/// Life of the lease while the checkpoint is set.
const TTL: Duration = Duration::from_secs(15);

/// Shows or sets.
pub(crate) async fn run(command: CheckpointCommand) -> anyhow::Result<()> {
    match command {
        CheckpointCommand::Show(args) => show(args).await,
        CheckpointCommand::Set(args) => set(args).await,
    }
}

async fn show(args: CheckpointShowArgs) -> anyhow::Result<()> {
    let rt = Runtime::tool("extractor", &CommonConfig::try_from(args.common)?)?;
    let state = State::new(rt.store.clone(), rt.namespace.clone());
    let live = state.standing(RunKind::Live).await.context("REDIS_URL")?;
    let age_s = age_s(&live);
    let clocks = [
        ("redis", live.redis_ms / 1_000),
        (words::text!("this machine"), time::now()),
    ];
    if args.json {
        let clocks = clocks.map(|(name, now)| (name.replace(' ', "_"), time::format(now)));
        let shown = json!({
            "checkpoint": live.checkpoint.map(time::format),
            "age_s": age_s,
            "is_ahead": live.is_ahead(),
            "clocks": std::collections::BTreeMap::from(clocks),
        });
        pipeline::say!("{shown}")?;
        return Ok(());
    }
    let mut rows = vec![[
        "checkpoint".to_owned(),
        live.checkpoint
            .map_or_else(|| words::text!("none").to_owned(), shown),
    ]];
    rows.push([
        "age".to_owned(),
        age_s.map_or_else(|| words::text!("none").to_owned(), describe),
    ]);
    rows.extend(clocks.map(|(name, now)| [words::tr!("clock of {name}"), shown(now)]));
    pipeline::say!("{}", columns(&rows))?;
    Ok(())
}

async fn set(args: CheckpointSetArgs) -> anyhow::Result<()> {
    let reason = args.reason.trim();
    if reason.is_empty() {
        return Err(ConfigError::message(words::tr!("--reason must say why; write one sentence")).into());
    }
    let at = moment("TIME", &args.at, false)?;
    let rt = Runtime::tool("extractor", &CommonConfig::try_from(args.common)?)?;
    let state = State::new(rt.store.clone(), rt.namespace.clone());
    if at > state.clocks().await.context("REDIS_URL")?.latest() {
        let remedy = words::text!("nothing would be listed until then; write a time that has passed");
        return Err(ConfigError::new("TIME", words::tr!("lies in the future"), remedy).into());
    }
    let lease = lease(&rt, &state).await?;
    let before = state.standing(RunKind::Live).await?.checkpoint;
    let first = before.is_none() && !args.nothing_earlier;
    let written = state.set_checkpoint(lease.fence(), (before, at), first).await?;
    if written != Written::Yes {
        words::bail!("another replica has begun to list; repeat the command");
    }
    lease.release().await?;
    let (then, now) = (before, at);
    let (before, after) = (before.map(time::format), time::format(at));
    let note = Note {
        action: "checkpoint",
        reason,
        subject: "live",
        result: json!({ "before": before, "after": after, "first_load": first }),
        ..Note::default()
    };
    audit::append(&Workspace::new(rt, Stage::Extract), note)
        .await
        .with_context(|| words::tr!("the checkpoint is set; write the audit log"))?;
    if args.json {
        let said = json!({ "before": before, "after": after, "first_load": first });
        pipeline::say!("{said}")?;
        return Ok(());
    }
    let was_none = then.is_none();
    let (before, after) = (
        then.map_or_else(|| words::text!("none").to_owned(), shown),
        shown(now),
    );
    pipeline::say!("the checkpoint was {before} and is {after}; the next live run lists from there on")?;
    if first {
        pipeline::say!("the first load lists everybody from before; --nothing-earlier leaves them out")?;
    } else if was_none {
        pipeline::say!(
            "customers from before are loaded when they change; `extractor sync --full` loads everybody"
        )?;
    }
    Ok(())
}

/// While it is held, no run moves the checkpoint.
async fn lease(rt: &Runtime, state: &State) -> anyhow::Result<Lease> {
    let asked = Instant::now();
    loop {
        let key = state.lease_key(RunKind::Live);
        match Lease::acquire(&rt.store, key, &rt.instance, TTL).await? {
            Some(lease) => return Ok(lease),
            None if asked.elapsed() >= PATIENCE => {
                words::bail!("a replica lists and does not end; try again later")
            }
            None => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

/// By Redis' clock, which is the same for whoever asks.
pub(super) fn age_s(live: &KindState) -> Option<i64> {
    let at_ms = live.listed_ms()?;
    Some(live.redis_ms.saturating_sub(at_ms).div_euclid(1_000))
}

/// An age in words.
pub(super) fn describe(age_s: i64) -> String {
    if age_s < 0 {
        words::tr!("{} s in the FUTURE", age_s.unsigned_abs())
    } else {
        words::tr!("{age_s} s ago")
    }
}
