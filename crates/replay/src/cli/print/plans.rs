//! Plans: what one would do, what became of it, and all of them.

use super::table::{self, Column};
use crate::{
    plan::{Plan, State, end::End, make::Preview, outcomes::LetterOutcome},
    when::{span, time, zone_name},
};

use pipeline::disposition::Disposition;
use std::{
    io::{Result, Write},
    time::Duration,
};

const PLANS: [Column; 5] = [
    Column("PLAN", 26, false),
    Column("STAGE", 9, false),
    Column("STATE", 10, false),
    Column("MADE", 20, false),
    Column("BY", 12, false),
];

/// What a plan would do.
pub(crate) fn preview(out: &mut impl Write, preview: &Preview) -> Result<()> {
    let plan = &preview.plan;
    let mut line = |name: &str, text: String| table::fact(out, name, &text);
    line(
        "plan",
        words::tr!(
            "{}  ({} letters, {} others stay)",
            plan.id,
            plan.total,
            plan.unmatched
        ),
    )?;
    line("chosen", plan.filter.clone())?;
    line("reason", plan.reason.clone())?;
    line("operator", plan.operator.clone())?;
    line("from", plan.from.in_words(&plan.stage).to_owned())?;
    let (first, last) = preview.died_between;
    line(
        "died",
        words::tr!("{} … {} in {}", time(first), time(last), zone_name()),
    )?;
    line("customers", words::tr!("about {}", preview.customers))?;
    line(
        "superseded",
        words::tr!("{} already, as far as is known", preview.superseded),
    )?;
    line("not kept", not_kept(preview.not_kept))?;
    let cost = &preview.cost;
    line(
        "cost",
        words::tr!(
            "{} detail calls, {} to {} write calls, if nothing is unchanged or superseded",
            cost.detail_calls,
            cost.write_calls_at_least,
            cost.write_calls_at_most
        ),
    )?;
    if let Some(seconds) = cost.seconds {
        line(
            "time",
            words::tr!("{} at the given rate", span(Duration::from_secs(seconds))),
        )?;
    }
    line("withheld", preview.withheld.clone().unwrap_or_default())?;
    for group in &preview.groups {
        let head = words::tr!(
            "{} × {} {}, customers {} … {}",
            group.count,
            group.group,
            group.code,
            group.first_key,
            group.last_key
        );
        table::below(out, &head)?;
        table::below(out, &group.example)?;
    }
    writeln!(out, "{}", words::tr!("nothing was moved"))?;
    table::fact(out, "next:", &words::tr!("dead replay {}", plan.id))
}

/// Letters that cannot be mapped from a kept snapshot; nothing when there are none.
fn not_kept(letters: u64) -> String {
    match letters {
        0 => String::new(),
        letters => words::tr!(
            "{letters} letters stay where they are, for no snapshot of their customers can be used; say --from fetch for them"
        ),
    }
}

/// The outcomes of a plan in one line.
pub(crate) fn outcomes(plan: &Plan) -> String {
    use Disposition::{Duplicate, Filtered, Loaded, Skipped, Superseded, Unchanged};
    let mut text = words::tr!(
        "{} applied, {} unchanged, {} superseded, {} failed again",
        plan.count([Loaded]),
        plan.count([Unchanged, Duplicate, Skipped]),
        plan.count([Superseded]),
        plan.failed()
    );
    let rare = [
        (plan.count([Filtered]), words::text!("filtered")),
        (plan.count([End::Refused]), words::text!("not repairable")),
        (plan.count([End::Gone]), words::text!("no longer there")),
        (plan.under_way(), words::text!("under way")),
        (
            plan.total
                .saturating_sub(plan.sent + plan.count([End::Refused, End::Gone])),
            words::text!("not put back"),
        ),
    ];
    for (count, name) in rare.into_iter().filter(|(count, _)| *count > 0) {
        text = words::clauses(&[text, format!("{count} {name}")]);
    }
    text
}

pub(crate) fn plans<'a>(out: &mut impl Write, plans: impl Iterator<Item = &'a Plan>) -> Result<()> {
    let (mut count, mut next) = (0, None);
    for plan in plans {
        if count == 0 {
            table::head(out, &PLANS, words::text!("REASON / OUTCOME"))?;
        }
        count += 1;
        let cells = vec![
            plan.id.clone(),
            plan.stage.clone(),
            plan.state.told().to_owned(),
            time(plan.made_at),
            plan.operator.clone(),
        ];
        table::row(out, &PLANS, cells)?;
        table::below(out, &plan.reason)?;
        let put_back = words::tr!("{} of {} put back: {}", plan.sent, plan.total, outcomes(plan));
        table::below(out, &put_back)?;
        table::below(out, &words::tr!("from {}", plan.from.in_words(&plan.stage)))?;
        table::below(out, &course(plan))?;
        table::below(out, &plan.note)?;
        next = next.or_else(|| next_of(plan));
    }
    if count == 0 {
        return writeln!(
            out,
            "{}",
            words::tr!("no plan; make one: dead plan --group GROUP --reason WHY")
        );
    }
    writeln!(
        out,
        "{}",
        words::tr!(
            "{count} plan{}; times are in {}",
            words::plural(count == 1),
            zone_name()
        )
    )?;
    table::fact(out, "next:", &next.unwrap_or_default())
}

/// When it ran, how fast, and who changed it last.
fn course(plan: &Plan) -> String {
    let at = |name: &str, ms: Option<i64>| ms.map(|ms| format!("{} {}", words::said(name), time(ms)));
    let changed = (!plan.changed_by.is_empty()).then(|| {
        words::tr!(
            "{} by {}",
            plan.state.told(),
            plan.changed_by.replace(" on ", words::text!(" on "))
        )
    });
    let parts = [
        at("begun", plan.begun_at),
        at("ended", plan.ended_at),
        at(words::text!("last outcome"), plan.last_outcome_at),
        plan.rate.map(|rate| words::tr!("{rate} a second")),
        changed,
    ];
    words::clauses(&parts.into_iter().flatten().collect::<Vec<_>>())
}

fn next_of(plan: &Plan) -> Option<String> {
    let id = &plan.id;
    match plan.state {
        State::Planned => Some(words::tr!("dead replay {id}")),
        State::Making | State::Paused | State::Stopped => {
            Some(words::tr!("dead resume {id}, dead cancel {id} --reason WHY"))
        }
        _ if plan.failed() > 0 => Some(words::tr!("dead outcomes {id} --only dead")),
        _ => None,
    }
}

/// What became of one letter.
pub(crate) fn outcome(out: &mut impl Write, one: &LetterOutcome) -> Result<()> {
    match one {
        LetterOutcome::Failed { outcome, failed } => {
            writeln!(
                out,
                "{}",
                words::tr!("{outcome} in {}  {}", failed.stage, failed.now)
            )?;
            table::below(
                out,
                &words::of(&failed.code, crate::when::retold(&failed.message)),
            )?;
            let vendor = failed.vendor.as_ref();
            let vendor = vendor.map(|answer| words::tr!("the vendor: {}: {}", answer.code, answer.message));
            table::below(out, &vendor.unwrap_or_default())
        }
        LetterOutcome::Other {
            outcome,
            letter,
            stage,
        } => {
            let place = stage
                .map(|stage| words::tr!(" in {stage}, no dead letter any more"))
                .unwrap_or_default();
            writeln!(out, "{outcome}{place}  {letter}")
        }
    }
}

/// What stands below the outcomes.
pub(crate) fn outcomes_end(out: &mut impl Write, plan: &Plan, shown: u64) -> Result<()> {
    if shown == 0 {
        return writeln!(
            out,
            "{}",
            words::tr!("no letter of plan {} has this outcome", plan.id)
        );
    }
    writeln!(
        out,
        "{}",
        words::tr!("{shown} of {} letters; {}", plan.total, outcomes(plan))
    )?;
    table::fact(out, "next:", &next_of(plan).unwrap_or_default())
}
