//! `dead plan`, `dead replay`, `dead resume`, `dead cancel`, `dead plans`.

use super::reason;
use crate::{
    audit::{self, Note},
    config::OperatorArgs,
    filter::Filter,
    plan::{
        Plan, State,
        make::{Preview, make},
        options::{Options, RunArgs},
        run,
    },
    print,
    repair::Repair,
    replay::refuse_if_busy,
    workspace::Workspace,
};
use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::setting::ConfigError;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Arguments of `plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    filter: Filter,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Letters per second, for the estimate and for the replay
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The plan as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `replay`.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// Plan to run, as `plan` printed it; without one the filter is planned and run at once
    plan: Option<String>,
    #[command(flatten)]
    filter: Filter,
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
pub struct ResumeArgs {
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

/// Arguments of `cancel`.
#[derive(Debug, Clone, Args)]
pub struct CancelArgs {
    /// Plan to end
    plan: String,
    /// Why, for the audit log
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Arguments of `plans`.
#[derive(Debug, Clone, Args)]
pub struct PlansArgs {
    /// Of every stage
    #[arg(long)]
    all: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Freezes what the filter means; an error when that is nothing.
pub(super) async fn freeze(
    workspace: &Workspace,
    filter: &Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
) -> anyhow::Result<Preview> {
    let bar = ProgressBar::new_spinner();
    let made = make(workspace, filter, reason, repair, options, |seen| {
        bar.set_message(format!("{seen} letters seen"))
    })
    .await;
    bar.finish_and_clear();
    match made? {
        Some(preview) => Ok(preview),
        None => bail!(
            "no dead letter of the {} stage is meant by: {filter}; nothing was moved",
            workspace.stage
        ),
    }
}

pub(super) async fn plan(workspace: Workspace, args: PlanArgs) -> anyhow::Result<()> {
    let workspace = workspace.by(args.operator);
    let options = Options {
        rate: args.rate,
        ..Options::default()
    };
    let preview = freeze(&workspace, &args.filter, reason(&args.reason)?, None, options).await?;
    note(&workspace, "plan", &preview.plan).await?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&preview)?)?;
    } else {
        print::preview(&mut out, &preview)?;
        writeln!(
            out,
            "\nnothing was moved; run it with: dead replay {}",
            preview.plan.id
        )?;
    }
    Ok(())
}

pub(super) async fn replay(workspace: Workspace, args: ReplayArgs) -> anyhow::Result<()> {
    let workspace = workspace.by(args.operator);
    let plan = match &args.plan {
        Some(id) => {
            if !args.filter.is_everything() {
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
            freeze(&workspace, &args.filter, reason, None, Options::default())
                .await?
                .plan
        }
    };
    let options = plan.options.clone().with(&args.run);
    execute(&workspace, "replay", plan, &options, args.json).await
}

pub(super) async fn resume(workspace: Workspace, args: ResumeArgs) -> anyhow::Result<()> {
    let workspace = workspace.by(args.operator);
    let plan = load(&workspace, &args.plan).await?;
    let options = plan.options.clone().with(&args.run);
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
    if options.wait
        && workspace
            .rt
            .broker
            .consumers(&workspace.rt.namespace.queue(workspace.stage))
            .await?
            == 0
    {
        eprintln!(
            "nobody handles the {} stage at the moment; outcomes will come when it runs",
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

/// A plan's result for other programs.
fn result(plan: &Plan) -> Value {
    json!({
        "replay": plan.id,
        "state": plan.state,
        "note": plan.note,
        "total": plan.total,
        "replayed": plan.sent,
        "left": plan.left(),
        "applied": plan.count(&["loaded"]),
        "unchanged": plan.count(&["unchanged", "duplicate", "skipped"]),
        "superseded": plan.count(&["superseded"]),
        "filtered": plan.count(&["filtered"]),
        "failed_again": plan.failed(),
        "refused": plan.count(&["refused"]),
        "gone": plan.count(&["gone"]),
        "under_way": plan.under_way(),
    })
}

pub(super) async fn note(workspace: &Workspace, action: &str, plan: &Plan) -> anyhow::Result<()> {
    let note = Note {
        action,
        reason: &plan.reason,
        filter: plan.filter.clone(),
        subject: &plan.id,
        result: result(plan),
    };
    Ok(audit::append(workspace, note).await?)
}

async fn load(workspace: &Workspace, id: &str) -> anyhow::Result<Plan> {
    match workspace.plans().load(id).await? {
        Some(plan) => Ok(plan),
        None => bail!(
            "no plan `{id}` in namespace `{}`; `dead plans --all` lists those that are there",
            workspace.rt.namespace
        ),
    }
}

pub(super) async fn cancel(workspace: Workspace, args: CancelArgs) -> anyhow::Result<()> {
    let workspace = workspace.by(args.operator);
    let plan = load(&workspace, &args.plan).await?;
    let from = [
        State::Making,
        State::Planned,
        State::Running,
        State::Paused,
        State::Stopped,
        State::Sent,
    ];
    let state = workspace
        .plans()
        .change(&plan.id, State::Cancelled, &args.reason, &from)
        .await?;
    if state != Some(State::Cancelled) || plan.state == State::Cancelled {
        bail!("plan {} is {} already", plan.id, plan.state.name());
    }
    let plan = load(&workspace, &args.plan).await?;
    note(&workspace, "cancel", &plan).await?;
    writeln!(
        io::stdout().lock(),
        "cancelled: {} were put back before, {} stay where they are",
        plan.sent,
        plan.total - plan.sent.min(plan.total)
    )?;
    Ok(())
}

pub(super) async fn plans(workspace: &Workspace, args: PlansArgs) -> anyhow::Result<()> {
    let plans = workspace.plans().list().await?;
    let mine = plans
        .iter()
        .filter(|plan| args.all || plan.stage == workspace.stage.name());
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&mine.collect::<Vec<_>>())?)?;
    } else {
        print::plans(&mut out, mine)?;
    }
    Ok(())
}
