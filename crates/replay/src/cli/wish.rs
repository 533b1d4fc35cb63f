//! `wish`: what running services are asked to do, from a machine that has Redis and no vendor's secrets.

use super::{
    operator::{by, reason},
    quiet_at_terminal,
    wish_args::{HowArgs, What, WishArgs, WishCommand},
};
use crate::{decide, when, workspace::Workspace};
use pipeline::{
    cli::Found,
    config::CommonConfig,
    doctor::{self, Finding},
    service::Runtime,
    setting::ConfigError,
    stage::Stage,
    wish::{Ask, State, Wish, Wishes},
};
use std::time::Duration;

/// How often who waits for a wish looks.
const POLL: Duration = Duration::from_millis(500);

/// Runs a `wish` subcommand of a program.
///
/// # Errors
/// When a setting is wrong, Redis is away, or there is no such wish; [`Found`] when a wish that was waited for is not done.
pub async fn wish_for(service: &'static str, stage: Stage, args: WishArgs) -> anyhow::Result<()> {
    let zone = args.zone.time_zone.as_deref();
    when::show_in(zone)
        .map_err(|problem| ConfigError::new("TZ", problem, words::text!("or leave it away")))?;
    let mut common = CommonConfig::try_from(args.common)?;
    quiet_at_terminal(&mut common);
    let workspace = Workspace::new(Runtime::tool(service, &common)?, stage);
    let wishes = Wishes::of(&workspace.rt);
    match args.command {
        WishCommand::Ask(what) => ask(workspace, what).await,
        WishCommand::List(args) => {
            let found = wishes.list(args.last).await?;
            if args.json {
                return Ok(pipeline::say!("{}", serde_json::to_string(&found)?)?);
            }
            if found.is_empty() {
                pipeline::say!("nothing was asked for within a week")?;
            }
            for wish in &found {
                pipeline::say!("{}", line(wish))?;
            }
            Ok(())
        }
        WishCommand::Show(args) => shown(&wishes, &wishes.load(&args.wish).await?, args.json).await,
        WishCommand::Cancel(args) => {
            let workspace = by(workspace, args.operator);
            show(&decide::cancel(&workspace, &args.wish).await?, args.json)
        }
    }
}

async fn ask(workspace: Workspace, what: What) -> anyhow::Result<()> {
    let (kind, how) = what.checked(workspace.stage)?;
    let HowArgs {
        reason: why,
        within,
        wait,
        json,
        operator: named,
    } = how;
    let why = reason(&why)?;
    let workspace = by(workspace, named);
    let (rt, wishes) = (&workspace.rt, Wishes::of(&workspace.rt));
    let ask = Ask {
        patience: within,
        ..Ask::new(kind, workspace.operator.clone(), why)
    };
    let asked = decide::ask(&workspace, ask).await?;
    if !wait {
        if json {
            return Ok(pipeline::say!("{}", serde_json::to_string(&asked)?)?);
        }
        if !asked.is_new {
            pipeline::remark!("the same is waited for already");
        }
        return show(&asked.wish, false);
    }
    let mut wish = asked.wish;
    while !wish.state.is_over() {
        if !rt.shutdown.sleep(POLL).await {
            words::bail!("stopped; the wish {} stands", wish.id);
        }
        wish = wishes.load(&wish.id).await?;
    }
    shown(&wishes, &wish, json).await?;
    match wish.state {
        State::Done => Ok(()),
        _ => Err(Found(1).into()),
    }
}

/// The same with what a doctor has found.
async fn shown(wishes: &Wishes, wish: &Wish, json: bool) -> anyhow::Result<()> {
    let Some(findings) = doctor::findings_of(wishes, wish).await? else {
        return show(wish, json);
    };
    let findings: Vec<_> = findings.iter().map(Finding::told).collect();
    match json {
        true => {
            let mut told = serde_json::to_value(wish)?;
            told["findings"] = serde_json::to_value(&findings)?;
            pipeline::say!("{told}")?;
            doctor::judged(&findings)
        }
        false => {
            show(wish, false)?;
            doctor::report(&findings, false)
        }
    }
}

fn show(wish: &Wish, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(pipeline::say!("{}", serde_json::to_string(wish)?)?);
    }
    pipeline::say!("{}", line(wish))?;
    let (asked, by) = (when::time(wish.asked_ms), &wish.by);
    pipeline::say!("    asked for by {by} at {asked}: {}", wish.reason)?;
    if let (Some(instance), Some(taken)) = (&wish.instance, wish.taken_ms) {
        pipeline::say!("    taken by {instance} at {}", when::time(taken))?;
    }
    for (name, count) in &wish.counts {
        pipeline::say!("    {}: {count}", words::said(name))?;
    }
    Ok(())
}

/// Which, what, how it stands.
fn line(wish: &Wish) -> String {
    let said = match wish.state.is_over() {
        true => when::retold(&wish.outcome),
        false => when::retold(&wish.progress),
    };
    let (id, state, what) = (&wish.id, wish.state.told(), when::here(&wish.kind.told()));
    match said.is_empty() {
        true => words::tr!("{id}  {state}  {what}"),
        false => words::tr!("{id}  {state}  {what}: {said}"),
    }
}
