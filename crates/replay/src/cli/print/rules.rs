//! Rules, as sentences.

use super::table;
use crate::{
    rule::{Due, Standing, due},
    when::{span, time, zone_name},
};
use std::{
    io::{Result, Write},
    time::Duration,
};

/// All of them, with what can be done next. `now` is unix milliseconds.
pub(crate) fn rules(out: &mut impl Write, rules: &[Standing], now: i64) -> Result<()> {
    for Standing { rule, off, last } in rules {
        let state = if off.is_some() { "off" } else { "on" };
        writeln!(out, "{}  {} {state}", rule.name, rule.stage)?;
        let mut what = words::tr!("every {}", span(Duration::from_millis(rule.every_ms)));
        if let Some(hours) = rule.hours {
            what.push_str(&words::tr!(", {hours} in {}", rule.zone));
        }
        if let Some(rate) = rule.rate {
            what.push_str(&format!(", {rate}"));
        }
        let (filter, reason, operator) = (rule.meant(), &rule.reason, &rule.operator);
        table::below(out, &words::tr!("{what}: {filter}; by {operator}: {reason}"))?;
        if let Some(last) = last {
            let end = last.ended_at.map_or_else(
                || words::text!("it runs, or its process was killed").to_owned(),
                |_| last.note.clone(),
            );
            let plan = last.plan.as_deref().unwrap_or(words::text!("no plan"));
            table::below(
                out,
                &words::tr!("run {} at {}: {end} ({plan})", last.runs, time(last.begun_at)),
            )?;
        }
        let next = match (off, due(rule, last.as_ref().map(|last| last.begun_at), now)) {
            (Some(off), _) => {
                let (by, why, at) = (&off.by, &off.why, time(off.at));
                words::tr!(
                    "off since {at} by {by}: {why}; next: dead rule on {} --reason WHY",
                    rule.name
                )
            }
            (None, Due::Now(_)) => words::text!("next run: now").to_owned(),
            (None, Due::At(at)) => words::tr!("next run: {}", time(at)),
        };
        table::below(out, &next)?;
    }
    match rules.len() {
        0 => writeln!(out, "{}", words::tr!("no rules; `dead rule add` makes one")),
        count => writeln!(
            out,
            "{}",
            words::tr!(
                "{count} rule{}; times are in {}",
                words::plural(count == 1),
                zone_name()
            )
        ),
    }
}
