//! Plans: what one would do, what became of it, and all of them.

use super::table::{self, Column};
use crate::{
    plan::{Plan, end::End, make::Preview},
    when::{span, time},
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
    writeln!(
        out,
        "plan      {}  ({} letters, {} others stay)",
        plan.id, plan.total, plan.unmatched
    )?;
    writeln!(
        out,
        "chosen    {}\nreason    {}\noperator  {}",
        plan.filter, plan.reason, plan.operator
    )?;
    let (first, last) = preview.died_between;
    writeln!(out, "died      {} … {}", time(first), time(last))?;
    writeln!(out, "customers about {}", preview.customers)?;
    writeln!(
        out,
        "superseded already, as far as is known: {}",
        preview.superseded
    )?;
    let cost = &preview.cost;
    writeln!(
        out,
        "cost      {} detail calls, {} to {} write calls, if nothing is unchanged or superseded",
        cost.detail_calls, cost.write_calls_at_least, cost.write_calls_at_most
    )?;
    if let Some(seconds) = cost.seconds {
        writeln!(
            out,
            "time      {} at the given rate",
            span(Duration::from_secs(seconds))
        )?;
    }
    for group in &preview.groups {
        writeln!(
            out,
            "  {:>7}  {}  {}  customers {} … {}  {}",
            group.count, group.group, group.code, group.first_key, group.last_key, group.example
        )?;
    }
    Ok(())
}

/// The outcomes of a plan in one line.
pub(crate) fn outcomes(plan: &Plan) -> String {
    use Disposition::{Duplicate, Filtered, Loaded, Skipped, Superseded, Unchanged};
    let mut text = format!(
        "{} applied, {} unchanged, {} superseded, {} failed again",
        plan.count([Loaded]),
        plan.count([Unchanged, Duplicate, Skipped]),
        plan.count([Superseded]),
        plan.failed()
    );
    let rare = [
        (plan.count([Filtered]), "filtered"),
        (plan.count([End::Refused]), "not repairable"),
        (plan.count([End::Gone]), "no longer there"),
        (plan.under_way(), "under way"),
        (
            plan.total
                .saturating_sub(plan.sent + plan.count([End::Refused, End::Gone])),
            "not put back",
        ),
    ];
    for (count, name) in rare.into_iter().filter(|(count, _)| *count > 0) {
        text += &format!(", {count} {name}");
    }
    text
}

pub(crate) fn plans<'a>(out: &mut impl Write, plans: impl Iterator<Item = &'a Plan>) -> Result<()> {
    table::head(out, &PLANS, "REASON / OUTCOME")?;
    for plan in plans {
        let cells = vec![
            plan.id.clone(),
            plan.stage.clone(),
            plan.state.name().to_owned(),
            time(plan.made_at),
            plan.operator.clone(),
        ];
        table::row(out, &PLANS, cells)?;
        table::below(out, &plan.reason)?;
        let put_back = format!("{} of {} put back: {}", plan.sent, plan.total, outcomes(plan));
        table::below(out, &put_back)?;
        table::below(out, &plan.note)?;
    }
    Ok(())
}
