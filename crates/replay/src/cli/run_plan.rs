//! The run of any plan on the screen.

use super::print;

use crate::{
    browse::guarded::GuardedBrowser,
    plan::{End, Plan, failed, options::Options, recorded, state::State, summary::result},
    workspace::Workspace,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, Write};

/// Runs a plan and shows how it goes; the command fails unless it came to its end.
pub(super) async fn execute(
    workspace: &Workspace,
    action: &str,
    plan: Plan,
    options: &Options,
    json: bool,
) -> anyhow::Result<()> {
    execute_in_hand(workspace, action, plan, None, options, json).await
}

/// The same with letters that the making of the plan has left in hand.
pub(super) async fn execute_in_hand(
    workspace: &Workspace,
    action: &str,
    plan: Plan,
    in_hand: Option<GuardedBrowser>,
    options: &Options,
    json: bool,
) -> anyhow::Result<()> {
    let id = plan.id.clone();
    let queue = workspace.rt.namespace.queue(workspace.stage);
    // Whether one runs is only a remark.
    if options.wait
        && workspace
            .rt
            .broker
            .consumers(&queue)
            .await
            .is_ok_and(|running| running == 0)
    {
        pipeline::remark!(
            "no consumer of the {} stage runs at the moment; outcomes will come when one does",
            workspace.stage
        );
    }
    if !json {
        pipeline::remark!("plan {id}: {} letters", plan.total);
    }
    let bar = ProgressBar::new(plan.total);
    if let Ok(style) = ProgressStyle::with_template(words::text!("{bar:30} {pos}/{len} {msg}, {eta} left")) {
        bar.set_style(style);
    }
    let ran = recorded::run_in_hand(workspace, action, plan, in_hand, options, &mut |plan| {
        bar.set_position(if options.wait { plan.known() } else { plan.sent });
        bar.set_message(print::outcomes(plan));
    })
    .await;
    bar.finish_and_clear();
    let plan = ran?;
    {
        let mut out = io::stdout().lock();
        if json {
            writeln!(out, "{}", result(&plan))?;
        } else {
            let put_back = words::tr!("{} put back, {} left (replay {id})", plan.sent, plan.left());
            writeln!(out, "{put_back}")?;
            writeln!(out, "{}", words::of(plan.state.told(), print::outcomes(&plan)))?;
        }
    }
    match plan.state {
        State::Complete | State::Sent if plan.failed() > 0 => {
            let example = failed::in_words(workspace, &plan).await;
            words::bail!("{} of {} failed again. {example}", plan.failed(), plan.reported())
        }
        State::Complete | State::Sent => unless_refused(&plan),
        state if plan.note.is_empty() => anyhow::bail!("{}", state.told()),
        state => anyhow::bail!("{}", words::of(state.told(), crate::when::retold(&plan.note))),
    }
}

fn unless_refused(plan: &Plan) -> anyhow::Result<()> {
    if plan.total > 0 && plan.count([End::Refused]) == plan.total {
        words::bail!(
            "nothing was put back: none of the {} letters can be repaired in this way; the log says why of each",
            plan.total
        );
    }
    Ok(())
}
