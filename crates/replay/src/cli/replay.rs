//! `dead replay` and `dead resume`.

use super::{
    archive,
    config::OperatorArgs,
    filter::FilterArgs,
    operator::{by, confirmed_at_terminal, reason},
    plan::{begin, freeze_in_hand, load},
    run_args::RunArgs,
    run_plan::{execute, execute_in_hand},
};

use crate::{
    browse::filter::Filter,
    plan::{Plan, busy::refuse_if_busy, make, options::Options, start::Start, state::State},
    workspace::Workspace,
};
use clap::Args;
use pipeline::setting::ConfigError;
use serde_json::json;
use std::io::{self, Write};

/// Arguments of `replay`.
#[derive(Debug, Clone, Args)]
pub(super) struct ReplayArgs {
    /// Plan to run, as `plan` printed it; without one the filter is planned and run at once
    plan: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Every letter of the stage, when there is no filter
    #[arg(long, conflicts_with = "plan")]
    all: bool,
    /// Where handling begins again: step (the one that failed), mapping, or fetch, for which details are fetched anew
    /// [default: step]; a plan has its own
    #[arg(long, value_name = "STEP", conflicts_with = "plan")]
    from: Option<Start>,
    /// Why, for the audit log; a plan has its own
    #[arg(long, required_unless_present = "plan")]
    reason: Option<String>,
    /// End well, with nothing done, when no letter matches; for a schedule
    #[arg(long, conflicts_with = "plan")]
    if_any: bool,
    /// Do not ask before every letter is put back
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `resume`.
#[derive(Debug, Clone, Args)]
pub(super) struct ResumeArgs {
    /// Plan (p-…), discard (d-…) or undo (u-…) to go on with
    plan: String,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn replay(workspace: Workspace, args: ReplayArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let filter = Filter::try_from(args.filter)?;
    let (plan, in_hand) = match &args.plan {
        Some(id) => {
            if !filter.is_everything() {
                return Err(ConfigError::message(words::text!(
                    "a plan is frozen; leave the filter away, or make a new plan"
                ))
                .into());
            }
            let plan = load(&workspace, id).await?;
            if plan.state != State::Planned {
                words::bail!(
                    "plan {id} is {}; `dead resume {id}` goes on with one that was begun",
                    plan.state.told()
                );
            }
            (plan, None)
        }
        None => {
            let reason = reason(args.reason.as_deref().unwrap_or_default())?;
            if filter.is_everything() && !args.all {
                return Err(ConfigError::message(words::text!(
                    "no filter means every letter; say --all if that is meant"
                ))
                .into());
            }
            let repair = begin(args.from, &workspace).await?;
            let question = words::tr!("Put back every dead letter of the {} stage?", workspace.stage);
            let ask = filter.is_everything() && !args.yes;
            if !confirmed_at_terminal(&workspace, &question, !ask).await? {
                words::bail!("not confirmed; nothing was moved");
            }
            refuse_if_busy(&workspace).await?;
            match freeze_in_hand(&workspace, &filter, &reason, repair, Options::default()).await? {
                Some((preview, in_hand)) => (preview.plan, in_hand),
                None if args.if_any => return no_letter(&workspace, args.json),
                None => return Err(archive::nothing(&workspace, &filter, None)),
            }
        }
    };
    let options = args.run.over(plan.options.clone());
    execute_in_hand(&workspace, "replay", plan, in_hand, &options, args.json).await
}

/// Nothing was to be done, and that is well.
fn no_letter(workspace: &Workspace, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(
            out,
            "{}",
            json!({"replay": null, "total": 0, "replayed": 0, "left": 0, "failed_again": 0})
        )?;
    } else {
        let said = words::tr!(
            "no dead letter of the {} stage matches; nothing was to be done",
            workspace.stage
        );
        writeln!(out, "{said}")?;
    }
    Ok(())
}

pub(super) async fn resume(workspace: Workspace, args: ResumeArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    if !args.plan.starts_with("p-") && args.plan.contains('-') && !args.plan.contains('/') {
        return archive::resume(&workspace, &args.plan, args.json).await;
    }
    let mut plan = load(&workspace, &args.plan).await?;
    if plan.state == State::Making {
        plan = completed(&workspace, &plan).await?;
    }
    let options = args.run.over(plan.options.clone());
    execute(&workspace, "resume", plan, &options, args.json).await
}

/// A plan that was killed while it was made, made to its end.
async fn completed(workspace: &Workspace, plan: &Plan) -> anyhow::Result<Plan> {
    match make::complete(workspace, plan, |_| {}).await? {
        Some(preview) => Ok(preview.plan),
        None => words::bail!(
            "no dead letter matches {} any more; nothing was moved",
            plan.filter
        ),
    }
}
