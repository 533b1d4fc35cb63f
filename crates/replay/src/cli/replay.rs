//! `dead replay`, `dead resume`, and the run of any plan on the screen.

use super::{
    config::OperatorArgs,
    filter::FilterArgs,
    operator::{by, reason},
    plan::{freeze, load, note, result},
    print,
    run_args::RunArgs,
};

use crate::{
    browse::filter::Filter,
    plan::{Plan, busy::refuse_if_busy, options::Options, run, state::State},
    workspace::Workspace,
};
use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::setting::ConfigError;
use std::io::{self, Write};

/// Arguments of `replay`.
#[derive(Debug, Clone, Args)]
pub(super) struct ReplayArgs {
    /// Plan to run, as `plan` printed it; without one the filter is planned and run at once
    plan: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Why, for the audit log; a plan has its own
    #[arg(long, required_unless_present = "plan")]
    reason: Option<String>,
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
    /// Plan to go on with
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
    let filter = Filter::from(args.filter);
    let plan = match &args.plan {
        Some(id) => {
            if !filter.is_everything() {
                return Err(ConfigError::message(
                    "a plan is frozen; leave the filter away, or make a new plan",
                )
                .into());
            }
            let plan = load(&workspace, id).await?;
            if plan.state != State::Planned {
                bail!(
                    "plan {id} is {}; `dead resume {id}` goes on with one that was begun",
                    plan.state.name()
                );
            }
            plan
        }
        None => {
            let reason = reason(args.reason.as_deref().unwrap_or_default())?;
            refuse_if_busy(&workspace).await?;
            freeze(&workspace, &filter, reason, None, Options::default())
                .await?
                .plan
        }
    };
    let options = args.run.over(plan.options.clone());
    execute(&workspace, "replay", plan, &options, args.json).await
}

pub(super) async fn resume(workspace: Workspace, args: ResumeArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let plan = load(&workspace, &args.plan).await?;
    let options = args.run.over(plan.options.clone());
    execute(&workspace, "resume", plan, &options, args.json).await
}

/// Runs a plan and shows how it goes; the command fails unless it came to its end.
pub(super) async fn execute(
    workspace: &Workspace,
    action: &str,
    plan: Plan,
    options: &Options,
    json: bool,
) -> anyhow::Result<()> {
    let id = plan.id.clone();
    let queue = workspace.rt.namespace.queue(workspace.stage);
    if options.wait && workspace.rt.broker.consumers(&queue).await? == 0 {
        pipeline::remark!(
            "no consumer of the {} stage runs at the moment; outcomes will come when one does",
            workspace.stage
        );
    }
    note(workspace, action, &plan).await?;
    let bar = ProgressBar::new(plan.total);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, {eta} left") {
        bar.set_style(style);
    }
    let ran = run::run(workspace, plan, options, &mut |plan| {
        bar.set_position(if options.wait { plan.known() } else { plan.sent });
        bar.set_message(print::outcomes(plan));
    })
    .await;
    bar.finish_and_clear();
    let plan = match ran {
        Ok(plan) => plan,
        Err(error) => {
            if let Ok(Some(plan)) = workspace.plans().load(&id).await {
                note(workspace, &format!("{action} failed"), &plan).await?;
            }
            return Err(error);
        }
    };
    note(workspace, &format!("{action} ended"), &plan).await?;
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", result(&plan))?;
    } else {
        writeln!(out, "{} put back, {} left (replay {id})", plan.sent, plan.left())?;
        writeln!(out, "{}: {}", plan.state.name(), print::outcomes(&plan))?;
    }
    match plan.state {
        State::Complete | State::Sent => Ok(()),
        state if plan.note.is_empty() => bail!("{}", state.name()),
        state => bail!("{}: {}", state.name(), plan.note),
    }
}
