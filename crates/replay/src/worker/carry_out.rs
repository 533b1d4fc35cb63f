//! Rules that are due: a run of one is a plan like any other.

use crate::{
    audit::{self, Note},
    error::{Error, Result},
    plan::{Plan, State, busy, make::make, run, summary},
    rule::{Due, Last, Off, Rule, Rules, Standing, due, judge},
    workspace::Workspace,
};
use pipeline::cause::chain;
use serde_json::json;
use std::time::Duration;

pub(super) async fn rules(workspace: &Workspace) -> Result<()> {
    let rules = Rules::of(workspace);
    for listed in rules.list().await? {
        // The run before it may have taken hours.
        let Some(standing) = rules.find(&listed.rule.name).await? else {
            continue;
        };
        let rule = &standing.rule;
        if standing.off.is_some() || !rule.belongs_to(workspace.stage) || workspace.stop.is_requested() {
            continue;
        }
        let now = rules.now().await?;
        let last = standing.last.as_ref().map(|last| last.begun_at);
        // A run that was interrupted goes on as soon as its hours allow.
        let last = match unfinished(workspace, &standing).await? {
            Some(_) if is_fresh(&standing, now) => continue,
            Some(_) => None,
            None => last,
        };
        let Due::Now(until) = due(rule, last, now) else {
            continue;
        };
        match busy::refuse_if_busy(workspace).await {
            // Somebody replays by hand; the rule has its turn afterwards.
            Err(Error::Busy { .. }) => return Ok(()),
            other => other?,
        }
        let left = until.map(|until| Duration::from_millis(u64::try_from(until - now).unwrap_or(0)));
        one(workspace, &standing, now, left).await?;
    }
    Ok(())
}

/// Between an interruption and another try, at first and at most, milliseconds.
const REST: (i64, i64) = (5_000, 3_600_000);
/// So many runs in a row that fail, and the rule has switched itself off.
const BROKEN_OFF: u32 = 12;

fn is_fresh(standing: &Standing, now: i64) -> bool {
    let Some(last) = &standing.last else { return false };
    let rest = (REST.0 << last.broken_off.min(20)).min(REST.1);
    last.ended_at.is_some_and(|at| (at..at + rest).contains(&now))
}

/// The plan of the last run, when it has not come to its end.
async fn unfinished(workspace: &Workspace, standing: &Standing) -> Result<Option<Plan>> {
    match standing.last.as_ref().and_then(|last| last.plan.as_deref()) {
        Some(id) => Ok(workspace.plans().load(id).await?.filter(is_open)),
        None => Ok(None),
    }
}

/// One run of one rule; it ends with the rule's hours.
async fn one(workspace: &Workspace, standing: &Standing, now: i64, left: Option<Duration>) -> Result<()> {
    let (rule, rules) = (&standing.rule, Rules::of(workspace));
    let mut last = Last {
        begun_at: now,
        runs: standing.last.as_ref().map_or(0, |last| last.runs) + 1,
        ..Last::default()
    };
    let mut mine = workspace.clone();
    mine.operator = rule.operator();
    mine.stop = workspace.stop.child();
    let end = mine.stop.clone();
    let closing = async {
        if let Some(left) = left {
            tokio::time::sleep(left).await;
            end.trigger();
        }
        std::future::pending::<()>().await;
    };
    let ran = tokio::select! {
        ran = run_of(&mine, standing, &mut last) => ran,
        () = closing => return Ok(()),
    };
    match &ran {
        Ok(Some(plan)) => last.note = judge::in_words(plan),
        Ok(None) => words::text!("no letter is meant").clone_into(&mut last.note),
        Err(error) => last.note = chain(error),
    }
    last.ended_at = Some(rules.now().await?);
    last.broken_off = match &ran {
        Err(_) => standing.last.as_ref().map_or(0, |last| last.broken_off) + 1,
        Ok(_) => 0,
    };
    rules.note(&rule.name, &last).await?;
    if last.broken_off >= BROKEN_OFF {
        let why = words::kept!(
            "{} runs in a row failed, the last one: {}",
            last.broken_off,
            last.note
        );
        return ends_itself(&mine, rule, why).await;
    }
    let Some(plan) = ran? else { return Ok(()) };
    summary::note(&mine, "rule ended", &plan).await?;
    if let Some(why) = judge::why_off(&plan, &rule.operator()) {
        return ends_itself(&mine, rule, why).await;
    }
    workspace
        .rt
        .alerts
        .rule_stopped(workspace.stage, &rule.name, None);
    Ok(())
}

/// Goes on with the plan of the last run, or makes one of the letters of now; `None`: there are none.
async fn run_of(mine: &Workspace, standing: &Standing, last: &mut Last) -> Result<Option<Plan>> {
    let (rule, rules) = (&standing.rule, Rules::of(mine));
    let plan = match unfinished(mine, standing).await? {
        Some(plan) => plan,
        None => {
            let made = make(mine, &rule.filter()?, &rule.reason, None, rule.options(), |_| {}).await?;
            match made {
                Some(preview) => preview.plan,
                None => return Ok(None),
            }
        }
    };
    // The next worker finds the plan even if this process is killed now.
    last.plan = Some(plan.id.clone());
    rules.note(&rule.name, last).await?;
    summary::note(mine, "rule", &plan).await?;
    let options = rule.options();
    run::run(mine, plan, &options, &mut |_| {}).await.map(Some)
}

const fn is_open(plan: &Plan) -> bool {
    matches!(plan.state, State::Planned | State::Running | State::Paused)
}

async fn ends_itself(mine: &Workspace, rule: &Rule, why: String) -> Result<()> {
    let rules = Rules::of(mine);
    tracing::warn!(rule = rule.name, why, "a replay rule has switched itself off");
    mine.rt.alerts.rule_stopped(mine.stage, &rule.name, Some(&why));
    let off = Off {
        by: rule.operator(),
        why: why.clone(),
        at: rules.now().await?,
    };
    rules.switch_off(&rule.name, &off).await?;
    let note = Note {
        action: "rule off",
        reason: &why,
        filter: rule.meant(),
        subject: &rule.name,
        result: json!({}),
    };
    Ok(audit::append(mine, note).await?)
}
