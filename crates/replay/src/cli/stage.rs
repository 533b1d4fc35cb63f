//! `pause` and `resume` of a program: whether its stage rests, whichever replicas run.

use super::{
    config::OperatorArgs,
    operator::{by, reason},
    quiet_at_terminal,
};
use crate::{decide, workspace::Workspace};
use clap::Args;
use pipeline::{
    config::{CommonArgs, CommonConfig},
    service::Runtime,
    stage::Stage,
    wish::Decision,
};

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
    let why = reason(&args.reason)?;
    let (workspace, json) = workspace(service, stage, args.how)?;
    let decision = decide::pause_stage(&workspace, &why).await?;
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
    let (decision, before) = decide::resume_stage(&workspace, args.reason.trim()).await?;
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
