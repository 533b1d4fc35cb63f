//! `dead plan`, `dead cancel`, `dead plans`, and what every command that makes a plan needs.

use super::{
    archive::nothing,
    config::OperatorArgs,
    filter::FilterArgs,
    operator::{by, reason},
    print,
    spool::Spool,
};

use crate::{
    browse::{filter::Filter, guarded::GuardedBrowser},
    error::Error,
    plan::{
        Plan, change,
        make::{Preview, make, make_in_hand},
        options::Options,
        outcomes,
        rate::Rate,
        start::Start,
        summary::{note, result},
    },
    repair::Repair,
    workspace::Workspace,
};
use clap::Args;
use indicatif::ProgressBar;
use pipeline::setting::ConfigError;
use std::io::{self, Write};

/// Arguments of `plan`.
#[derive(Debug, Clone, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Where handling begins again: step (the one that failed), mapping, or fetch, for which details are fetched anew
    /// [default: step]
    #[arg(long, value_name = "STEP")]
    from: Option<Start>,
    /// Letters per second, for the estimate and for the replay
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The plan as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `cancel`.
#[derive(Debug, Clone, Args)]
pub(super) struct CancelArgs {
    /// Plan to end
    plan: String,
    /// Why, for the audit log
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The plan's result as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `outcomes`.
#[derive(Debug, Clone, Args)]
pub(super) struct OutcomesArgs {
    /// Plan to look at
    plan: String,
    /// Only letters with this outcome, for instance dead, loaded or waiting
    #[arg(long, value_name = "OUTCOME")]
    only: Option<String>,
    /// One JSON object a line instead of text
    #[arg(long)]
    json: bool,
}

/// Arguments of `plans`.
#[derive(Debug, Clone, Args)]
pub(super) struct PlansArgs {
    /// Of every stage
    #[arg(long)]
    all: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Freezes what the filter matches; an error when that is nothing.
pub(super) async fn freeze(
    workspace: &Workspace,
    filter: &Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
) -> anyhow::Result<Preview> {
    let bar = ProgressBar::new_spinner();
    let made = make(workspace, filter, reason, repair, options, seen(&bar)).await;
    bar.finish_and_clear();
    if let Some(preview) = made? {
        return Ok(preview);
    }
    nothing_at_all(workspace, filter).await?;
    Err(nothing(workspace, filter, None))
}

/// The same for who runs the plan at once, where nothing is well; letters that another process holds are no nothing.
pub(super) async fn freeze_in_hand(
    workspace: &Workspace,
    filter: &Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
) -> anyhow::Result<Option<(Preview, Option<GuardedBrowser>)>> {
    let bar = ProgressBar::new_spinner();
    let made = make_in_hand(workspace, filter, reason, repair, options, seen(&bar)).await;
    bar.finish_and_clear();
    let made = made?;
    if made.is_none() {
        nothing_at_all(workspace, filter).await?;
    }
    Ok(made)
}

fn seen(bar: &ProgressBar) -> impl FnMut(u64) {
    |seen| bar.set_message(words::tr!("{seen} letters seen"))
}

/// An error when another process may hold letters.
async fn nothing_at_all(workspace: &Workspace, filter: &Filter) -> anyhow::Result<()> {
    let browser = workspace.browse(words::text!("make a plan")).await?;
    let withheld = browser.withheld();
    browser.close().await?;
    match withheld {
        Some(withheld) => Err(nothing(workspace, filter, Some(&withheld))),
        None => Ok(()),
    }
}

pub(super) async fn plan(workspace: Workspace, args: PlanArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let options = Options {
        rate: args.rate,
        ..Options::default()
    };
    let repair = begin(args.from, &workspace).await?;
    let why = reason(&args.reason)?;
    let preview = freeze(&workspace, &Filter::try_from(args.filter)?, &why, repair, options).await?;
    note(&workspace, "plan", &preview.plan).await?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&preview)?)?;
    } else {
        print::preview(&mut out, &preview)?;
    }
    Ok(())
}

/// What `--from` does to each letter.
pub(super) async fn begin(from: Option<Start>, workspace: &Workspace) -> anyhow::Result<Option<Repair>> {
    let repair = from.map_or(Ok(None), |from| from.repair(workspace.stage));
    let repair = repair.map_err(|refused| ConfigError::message(refused.to_string()))?;
    if repair == Some(Repair::Kept) && workspace.rt.snapshots.count().await? == 0 {
        return Err(ConfigError::new(
            "--from mapping",
            words::text!("a letter of the load stage holds a row, and what that was mapped from is not kept"),
            words::text!(
                "say --from fetch, which fetches and maps the customer anew; with KEEP_SNAPSHOTS=true transformers keep it from now on"
            ),
        )
        .into());
    }
    Ok(repair)
}

/// A plan of this stage; one of another stage is a fault of the command line.
pub(super) async fn load(workspace: &Workspace, id: &str) -> anyhow::Result<Plan> {
    change::of_stage(workspace, id)
        .await
        .map_err(|error| match error {
            wrong @ Error::WrongStage { .. } => ConfigError::message(wrong.to_string()).into(),
            error => error.into(),
        })
}

pub(super) async fn cancel(workspace: Workspace, args: CancelArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let plan = load(&workspace, &args.plan).await?;
    let plan = change::cancel(&workspace, &plan.id, &args.reason).await?;
    let told = |plan: &Plan| {
        words::tr!(
            "cancelled: {} were put back before, {} stay where they are",
            plan.sent,
            plan.total - plan.sent.min(plan.total)
        )
    };
    changed(&plan, args.json, told)
}

/// A plan was changed: on the screen as JSON or in the words of `told`.
pub(super) fn changed(plan: &Plan, json: bool, told: impl Fn(&Plan) -> String) -> anyhow::Result<()> {
    let shown = if json {
        result(plan).to_string()
    } else {
        told(plan)
    };
    writeln!(io::stdout().lock(), "{shown}")?;
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

pub(super) async fn outcomes(workspace: &Workspace, args: OutcomesArgs) -> anyhow::Result<()> {
    let plan = load(workspace, &args.plan).await?;
    let mut out = Spool::new();
    let mut shown = 0_u64;
    outcomes::outcomes(workspace, &plan.id, |one| {
        if args.only.as_deref().is_some_and(|only| only != one.outcome()) {
            return Ok(());
        }
        shown += 1;
        if args.json {
            writeln!(out, "{}", serde_json::to_string(&one)?)?;
        } else {
            print::outcome(&mut out, &one)?;
        }
        Ok(())
    })
    .await?;
    if !args.json {
        print::outcomes_end(&mut out, &plan, shown)?;
    }
    Ok(out.show()?)
}
