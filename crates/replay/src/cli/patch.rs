//! `dead patch`: changing values in many letters on their way back.

use super::{
    config::OperatorArgs,
    filter::FilterArgs,
    operator::{by, confirmed, reason},
    plan::{begin, freeze},
    print,
    run_args::RunArgs,
    run_plan::execute,
};

use crate::{
    audit,
    browse::filter::Filter,
    plan::{options::Options, start::Start, state::State, summary::note},
    query::{Query, Word},
    repair::{
        Assignment, Repair,
        preview::{Misfit, Origin, Shown, preview},
    },
    workspace::Workspace,
};
use clap::Args;
use pipeline::setting::ConfigError;
use std::io::{self, Write};

/// Letters of each kind that a preview shows: those that are repaired, and those that are not.
const SAMPLES: usize = 3;

/// Arguments of `patch`.
#[derive(Debug, Clone, Args)]
pub(super) struct PatchArgs {
    /// Group as `groups` prints it; any other filter does as well
    #[arg(conflicts_with = "group")]
    of: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Every letter of the stage, when there is no filter
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    changes: ChangeArgs,
    /// Change nothing, and begin again with the mapping (of the loader's letters where transformers keep snapshots) or
    /// the fetch
    #[arg(long, value_name = "STEP", conflicts_with_all = ["changes", "remap"])]
    from: Option<Start>,
    /// Older spelling: --from fetch of the loader's letters, --from mapping of the transformer's
    #[arg(long, conflicts_with = "changes")]
    remap: bool,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Do not ask before running
    #[arg(long)]
    yes: bool,
    /// Show e-mail addresses and phone numbers in the preview in full
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

/// What is changed, all of it in each letter: cleared, replaced, trimmed, shortened, set, computed, in this order.
#[derive(Debug, Clone, Default, Args)]
#[group(id = "changes", multiple = true)]
struct ChangeArgs {
    /// Set a value, for instance 客户名称=ACME or detail.name=ACME; may be given several times, as all of these
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    sets: Vec<Assignment>,
    /// Empty a field
    #[arg(long, value_name = "FIELD")]
    clear: Vec<String>,
    /// Replace a part of a text wherever it occurs
    #[arg(long, value_name = "FIELD=OLD=>NEW", value_parser = Assignment::replace)]
    replace: Vec<Assignment>,
    /// Take blanks at both ends of a text away
    #[arg(long, value_name = "FIELD")]
    trim: Vec<String>,
    /// Shorten a text to so many characters
    #[arg(long, value_name = "FIELD=LENGTH", value_parser = Assignment::truncate)]
    truncate: Vec<Assignment>,
    /// Compute a value by an expression of the mapping language over the letter's cells, by caption or widget, for
    /// instance 全名={{姓}}{{名}}; dates without a zone are those of +08:00
    #[arg(long, value_name = "FIELD=EXPRESSION", value_parser = Assignment::compute)]
    compute: Vec<Assignment>,
}

impl ChangeArgs {
    fn in_order(self) -> Vec<Assignment> {
        let clear = self.clear.iter().map(|field| Assignment::clear(field));
        let trim = self.trim.iter().map(|field| Assignment::trim(field));
        clear
            .chain(self.replace)
            .chain(trim)
            .chain(self.truncate)
            .chain(self.sets)
            .chain(self.compute)
            .collect()
    }
}

pub(super) async fn patch(workspace: Workspace, args: PatchArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let why = reason(&args.reason)?;
    let mut filter = Filter::try_from(args.filter)?;
    if let Some(group) = args.of {
        filter.query = filter.query.and(Query::of(Word::Group, group));
    }
    if filter.is_everything() && !args.all {
        return Err(ConfigError::message(words::text!(
            "no filter means every letter; say --all if that is meant"
        ))
        .into());
    }
    let changes = args.changes.in_order();
    let from = args.from.or(args.remap.then(|| Start::anew(workspace.stage)));
    let repair = match (begin(from, &workspace).await?, changes.is_empty()) {
        (Some(anew), _) => anew,
        (None, true) => {
            return Err(ConfigError::message(words::text!(
                "say what to change: --set, --clear, --replace, --trim, --truncate, --compute, or --from mapping or --from fetch"
            ))
            .into());
        }
        (None, false) => Repair::of_changes(&workspace, changes).await?,
    };
    if args.reveal {
        audit::revealed(&workspace, "patch", &filter.to_string()).await?;
    }
    show_preview(&workspace, &filter, &repair, args.reveal).await?;
    let options = args.run.over(Options::default());
    let made = freeze(&workspace, &filter, &why, Some(repair), options.clone()).await?;
    let question = words::tr!(
        "Repair and put back {} letters (plan {})?",
        made.plan.total,
        made.plan.id
    );
    let answer = confirmed(&workspace, &question, args.yes).await;
    if !matches!(answer, Ok(true)) {
        let plans = workspace.plans();
        plans
            .change(
                &made.plan.id,
                State::Cancelled,
                words::text!("not confirmed"),
                &[State::Planned],
            )
            .await?;
        note(&workspace, "cancel", &made.plan).await?;
        answer?;
        words::bail!("not confirmed; nothing was moved");
    }
    execute(&workspace, "patch", made.plan, &options, args.json).await
}

/// Shows what would change in some of the letters, and how many do not fit; fails when the repair fits none of them.
async fn show_preview(
    workspace: &Workspace,
    filter: &Filter,
    repair: &Repair,
    reveal: bool,
) -> anyhow::Result<()> {
    let preview = preview(workspace, filter, repair, SAMPLES, reveal).await?;
    let mut out = io::stderr().lock();
    for sample in &preview.samples {
        writeln!(out, "{}", sample.letter)?;
        match &sample.change {
            Shown::Anew { from } => {
                let how = match from {
                    Origin::Kept => words::text!("the kept snapshot"),
                    Origin::Fetch => words::text!("a fresh detail"),
                    Origin::Letter => words::text!("the stored snapshot"),
                };
                writeln!(out, "{}", words::tr!("  mapped anew from {how}"))?;
            }
            Shown::Cells { before, after } => print::diff(&mut out, before, after)?,
        }
    }
    for Misfit { letter, problem } in &preview.unfit {
        writeln!(out, "{}", words::tr!("{letter}\n  stays as it is: {problem}"))?;
    }
    let (fitting, misfits) = (preview.fitting, preview.misfits);
    if misfits > 0 {
        writeln!(
            out,
            "{}",
            words::tr!("{fitting} letters fit, {misfits} stay as they are")
        )?;
    }
    match preview.unfit.into_iter().next() {
        Some(Misfit { problem, .. }) if fitting == 0 => {
            Err(ConfigError::message(words::tr!("{problem}; nothing was moved")).into())
        }
        _ => Ok(()),
    }
}
