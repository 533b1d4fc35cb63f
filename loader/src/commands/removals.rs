//! `loader removals`: what the guard has parked, and what a person says about it.

use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use pipeline::setting::{ConfigError, positive_duration};
use serde_json::{Value, json};

use super::confirm::confirmed;
use super::index::tool;
use super::table::columns;
use crate::cli::{DecideArgs, RemovalsCommand, ShowRemovalsArgs};
use crate::ledger::{Decision, ParkedRemoval};
use crate::removals::{explained, shown};

/// Runs a `removals` subcommand.
pub(crate) async fn run(command: RemovalsCommand) -> anyhow::Result<()> {
    replay::cli::show_in_terminals_zone();
    match command {
        RemovalsCommand::Show(args) => show(args).await,
        RemovalsCommand::Allow { ahead, decide: args } => {
            let free = match ahead {
                Some(text) => bounded(positive_duration("--for", &text)?)?,
                None => Duration::ZERO,
            };
            decide(args, Decision::Allow, free).await
        }
        RemovalsCommand::Keep(args) => decide(args, Decision::Keep, Duration::ZERO).await,
    }
}

/// A guard that is off for longer is forgotten.
fn bounded(free: Duration) -> Result<Duration, ConfigError> {
    const LONGEST: Duration = Duration::from_secs(30 * 24 * 3_600);
    match free <= LONGEST {
        true => Ok(free),
        false => Err(ConfigError::new(
            "--for",
            words::tr!("too long"),
            words::tr!("at most 30d"),
        )),
    }
}

async fn show(args: ShowRemovalsArgs) -> anyhow::Result<()> {
    let (writer, config) = tool(*args.run)?;
    let (share, limits) = (config.removal_limit, writer.removals.limits());
    let state = writer
        .ledger
        .removal_state()
        .await
        .with_context(|| words::tr!("ask Redis"))?;
    let parked = writer
        .ledger
        .parked_removals(args.last)
        .await
        .with_context(|| words::tr!("ask Redis"))?;
    let log = writer
        .ledger
        .removal_log()
        .await
        .with_context(|| words::tr!("ask Redis"))?;
    if args.json {
        let log: Vec<Value> = log
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let all = json!({"state": shown(&state, limits), "parked": parked, "decisions": log});
        pipeline::say!("{all}")?;
        return Ok(());
    }
    match (state.waiting_since_ms > 0, state.parked) {
        (true, _) => pipeline::say!("{}", explained(&state, share))?,
        (false, 0) => pipeline::say!("no removal waits for a person")?,
        (false, parked) => pipeline::say!(
            "{parked} removals come by within the longest retry delay; last decision: {}",
            state.decision
        )?,
    }
    if state.free_until_ms > state.time_ms {
        pipeline::say!(
            "removals are not limited until {}; `loader removals keep` ends that",
            time(state.free_until_ms)
        )?;
    }
    let row = |removal: &ParkedRemoval| {
        let ParkedRemoval {
            company,
            since_ms,
            cause,
            run,
        } = removal;
        [company.clone(), time(*since_ms), (*cause).to_owned(), run.clone()]
    };
    if !parked.is_empty() {
        pipeline::say!("{}", columns(&parked.iter().map(row).collect::<Vec<_>>()))?;
    }
    for line in log {
        pipeline::say!("decided: {line}")?;
    }
    Ok(())
}

async fn decide(args: DecideArgs, decision: Decision, free: Duration) -> anyhow::Result<()> {
    let reason = args.reason.trim().to_owned();
    anyhow::ensure!(
        !reason.is_empty(),
        ConfigError::message(words::tr!(
            "--reason says nothing; write why, it stays in the log"
        ))
    );
    let (writer, _) = tool(*args.run)?;
    let state = writer
        .ledger
        .removal_state()
        .await
        .with_context(|| words::tr!("ask Redis"))?;
    let what = match decision {
        Decision::Allow => words::text!("delete the rows of"),
        Decision::Keep => words::text!("keep the rows of"),
    };
    let question = words::tr!(
        "{what} {} customers ({} have left the filter)?",
        state.parked,
        state.left_filter
    );
    if !confirmed(&question, args.yes)? {
        words::bail!("nothing was decided");
    }
    let log = json!({
        "time": Timestamp::now().to_string(),
        "decision": decision,
        "parked": state.parked,
        "left_filter": state.left_filter,
        "free_s": free.as_secs(),
        "by": writer.runtime.instance,
        "reason": reason,
    });
    let decided = writer
        .ledger
        .decide_removals(decision, free, &log.to_string())
        .await;
    let parked = decided.with_context(|| words::tr!("tell Redis"))?;
    tracing::warn!(
        decision = decision.word(),
        parked,
        reason,
        "removals were decided about"
    );
    pipeline::say!(
        "{}: {parked} removals; their messages come by within the longest retry delay",
        decision.word()
    )?;
    Ok(())
}

fn time(ms: i64) -> String {
    replay::when::stamp(ms)
}
