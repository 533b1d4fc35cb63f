//! `pause` and `resume` of a program: whether its stage rests, whichever replicas run.

use super::{
    config::OperatorArgs,
    operator::{by, reason},
    quiet_at_terminal,
};
use crate::{
    audit::{self, Note},
    workspace::Workspace,
};
use anyhow::Context as _;
use clap::Args;
use pipeline::{
    config::{CommonArgs, CommonConfig},
    service::Runtime,
    stage::Stage,
    wish::{Decision, Decisions},
};
use serde_json::json;

/// Arguments of `pause`.
#[derive(Debug, Args)]
pub struct PauseStageArgs {
    /// Why; every replica, `status` and the audit log show it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    how: StageArgs,
}

/// Arguments of `resume`.
#[derive(Debug, Args)]
pub struct ResumeStageArgs {
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    how: StageArgs,
}

/// Arguments of both.
#[derive(Debug, Args)]
struct StageArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: OperatorArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// Lets the stage of a program rest until somebody resumes it.
///
/// # Errors
/// When a setting is wrong, or Redis is away.
pub async fn pause_for(service: &'static str, stage: Stage, args: PauseStageArgs) -> anyhow::Result<()> {
    let why = reason(&args.reason)?.to_owned();
    let (workspace, json) = workspace(service, stage, args.how)?;
    let decisions = Decisions::of(&workspace.rt);
    let decision = decisions.decide_pause(stage, &workspace.operator, &why).await?;
    write_down(&workspace, "pause-stage", &why, &decision).await?;
    if json {
        return Ok(pipeline::say!("{}", serde_json::to_string(&decision)?)?);
    }
    let program = stage.program();
    Ok(pipeline::say!(
        "every {program} finishes what it has in hand and begins nothing more, from within two seconds on; `{program} resume` lets them work again"
    )?)
}

/// Lets the stage of a program work again.
///
/// # Errors
/// When a setting is wrong, or Redis is away.
pub async fn resume_for(service: &'static str, stage: Stage, args: ResumeStageArgs) -> anyhow::Result<()> {
    let (workspace, json) = workspace(service, stage, args.how)?;
    let decisions = Decisions::of(&workspace.rt);
    let before = decisions.decisions().await?;
    let before = before
        .into_iter()
        .find(|decision| decision.stage == stage && decision.paused);
    let decision = decisions.decide_resume(stage, &workspace.operator).await?;
    write_down(&workspace, "resume-stage", args.reason.trim(), &decision).await?;
    if json {
        return Ok(pipeline::say!("{}", serde_json::to_string(&decision)?)?);
    }
    let program = stage.program();
    match before {
        Some(Decision { by, reason, .. }) => {
            pipeline::say!(
                "every {program} works again within two seconds; it was paused by {by}: {reason}"
            )?;
        }
        None => pipeline::say!("nobody had paused it; nothing changes")?,
    }
    Ok(())
}

fn workspace(service: &'static str, stage: Stage, how: StageArgs) -> anyhow::Result<(Workspace, bool)> {
    let mut common = CommonConfig::try_from(how.common)?;
    quiet_at_terminal(&mut common);
    let rt = Runtime::tool(service, &common)?;
    Ok((by(Workspace::new(rt, stage), how.operator), how.json))
}

async fn write_down(
    workspace: &Workspace,
    action: &str,
    reason: &str,
    decision: &Decision,
) -> anyhow::Result<()> {
    let note = Note {
        action,
        reason,
        subject: workspace.stage.name(),
        result: json!({ "paused": decision.paused }),
        ..Note::default()
    };
    audit::append(workspace, note)
        .await
        .with_context(|| words::tr!("it is decided; write the audit log"))
}
