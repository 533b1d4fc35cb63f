//! Dead letters for people's eyes: a table, groups, one letter in full, plans, differences.

use super::{
    archive::Archived,
    audit::Entry,
    fingerprint::fingerprint,
    groups::Group,
    letter::Letter,
    plan::{Plan, make::Preview},
    when::{span, time},
};

use pipeline::failure::record::FailureRecord;
use serde_json::Value;
use std::{
    io::{Result, Write},
    time::Duration,
};

/// One line of the list, after a headline for the first.
pub(super) fn row(
    out: &mut impl Write,
    record: &FailureRecord,
    archived: Option<&Archived>,
    first: bool,
) -> Result<()> {
    if first {
        writeln!(
            out,
            "{:<20}  {:<8}  {:<22}  {:<16}  {:>5}  ID / MESSAGE",
            "LAST FAILED", "GROUP", "CODE", "CUSTOMER", "TRIES"
        )?;
    }
    let (group, tries) = (fingerprint(record), record.attempts.len());
    let (died, code) = (time(record.last_failed_at), &record.code);
    writeln!(
        out,
        "{died:<20}  {group:<8}  {code:<22}  {:<16}  {tries:>5}  {}\n{:<81}  {}",
        record.company_id, record.id, "", record.message
    )?;
    if let Some(archived) = archived {
        writeln!(
            out,
            "{:<81}  put away by {} at {} ({}): {}",
            "",
            archived.operator,
            time(archived.at),
            archived.operation,
            archived.reason
        )?;
    }
    Ok(())
}

pub(super) fn groups(out: &mut impl Write, groups: &[Group]) -> Result<()> {
    writeln!(
        out,
        "{:>7}  {:<8}  {:<22}  {:<20}  {:<20}  {:<10}  EXAMPLE",
        "COUNT", "GROUP", "CODE", "FIRST", "LAST", "VERSIONS"
    )?;
    for group in groups {
        let versions: Vec<_> = group.versions.iter().map(String::as_str).collect();
        writeln!(
            out,
            "{:>7}  {:<8}  {:<22}  {:<20}  {:<20}  {:<10}  {}{}",
            group.count,
            group.group,
            group.code,
            time(group.first_failed_at),
            time(group.last_failed_at),
            versions.join(","),
            group
                .field
                .as_deref()
                .map(|field| format!("{field}: "))
                .unwrap_or_default(),
            group.example
        )?;
    }
    Ok(())
}

/// Everything about a letter but its body.
pub(super) fn letter(out: &mut impl Write, letter: &Letter) -> Result<()> {
    let record = &letter.record;
    let mut line = |name: &str, text: String| {
        if text.is_empty() {
            Ok(())
        } else {
            writeln!(out, "{name:<9} {text}")
        }
    };
    let maybe = |text: &Option<String>| text.clone().unwrap_or_default();
    line("id", record.id.clone())?;
    line(
        "customer",
        format!("{}  version {}", record.company_id, record.version),
    )?;
    line("reason", format!("{}: {}", record.code, record.message))?;
    line("group", fingerprint(record))?;
    if let Some(vendor) = &record.vendor {
        line("vendor", format!("{}: {}", vendor.code, vendor.message))?;
    }
    line("field", maybe(&record.field))?;
    line("formula", maybe(&record.expression))?;
    if let Some(batch) = &record.batch {
        line("batch", format!("{} position {}", batch.id, batch.position))?;
    }
    line("run", record.run_id.clone())?;
    line(
        "returns",
        format!("to {}, {} replays so far", record.return_queue, record.replays),
    )?;
    line("replay", maybe(&record.last_replay))?;
    line("repairs", maybe(&record.repair_of))?;
    line(
        "by",
        format!("{} version {}", record.instance, record.program_version),
    )?;
    line("mapping", maybe(&record.mapping))?;
    line("trace", maybe(&record.traceparent))?;
    line("cut", record.cut.join(", "))?;
    if let Some(archived) = letter.archived() {
        let Archived {
            operation,
            operator,
            reason,
            at,
        } = archived;
        line(
            "put away",
            format!("{} by {operator} ({operation}): {reason}", time(at)),
        )?;
    }
    for attempt in &record.attempts {
        let died = time(attempt.at);
        writeln!(
            out,
            "  {died}  {:<10}  {}: {}",
            attempt.action, attempt.code, attempt.message
        )?;
    }
    Ok(())
}

/// The body: a form record cell by cell with its captions, anything else as JSON.
pub(super) fn body(out: &mut impl Write, body: &Value) -> Result<()> {
    let Some(cells) = body.get("fields").and_then(Value::as_array) else {
        return writeln!(out, "body      {body:#}");
    };
    let mut rest = body.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.shift_remove("fields");
    }
    writeln!(out, "body      {rest}")?;
    for cell in cells {
        let text = |name: &str| cell[name].as_str().unwrap_or_default();
        let value = cell.as_object().and_then(|cell| {
            cell.iter()
                .find(|(name, _)| !["field", "label"].contains(&name.as_str()))
        });
        let value = value.map_or_else(
            || "(empty)".to_owned(),
            |(kind, value)| format!("{value}  ({kind})"),
        );
        writeln!(out, "  {} [{}]  {value}", text("label"), text("field"))?;
    }
    Ok(())
}

/// What a plan would do.
pub(super) fn preview(out: &mut impl Write, preview: &Preview) -> Result<()> {
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
pub(super) fn outcomes(plan: &Plan) -> String {
    let mut text = format!(
        "{} applied, {} unchanged, {} superseded, {} failed again",
        plan.count(&["loaded"]),
        plan.count(&["unchanged", "duplicate", "skipped"]),
        plan.count(&["superseded"]),
        plan.failed()
    );
    let rare = [
        (plan.count(&["filtered"]), "filtered"),
        (plan.count(&["refused"]), "not repairable"),
        (plan.count(&["gone"]), "no longer there"),
        (plan.under_way(), "under way"),
        (
            plan.total
                .saturating_sub(plan.sent + plan.count(&["refused", "gone"])),
            "not put back",
        ),
    ];
    for (count, name) in rare.into_iter().filter(|(count, _)| *count > 0) {
        text += &format!(", {count} {name}");
    }
    text
}

pub(super) fn plans<'a>(out: &mut impl Write, plans: impl Iterator<Item = &'a Plan>) -> Result<()> {
    writeln!(
        out,
        "{:<26}  {:<9}  {:<10}  {:<20}  {:<12}  REASON / OUTCOME",
        "PLAN", "STAGE", "STATE", "MADE", "BY"
    )?;
    for plan in plans {
        let (state, made) = (plan.state.name(), time(plan.made_at));
        writeln!(
            out,
            "{:<26}  {:<9}  {state:<10}  {made:<20}  {:<12}  {}\n{:<85}  {} of {} put back: {}",
            plan.id,
            plan.stage,
            plan.operator,
            plan.reason,
            "",
            plan.sent,
            plan.total,
            outcomes(plan)
        )?;
        if !plan.note.is_empty() {
            writeln!(out, "{:<85}  {}", "", plan.note)?;
        }
    }
    Ok(())
}

pub(super) fn audit(out: &mut impl Write, entry: &Entry) -> Result<()> {
    let ms = entry
        .id
        .split('-')
        .next()
        .and_then(|ms| ms.parse().ok())
        .unwrap_or(0);
    let broken = if entry.intact {
        ""
    } else {
        "  DOES NOT FIT ITS DIGEST"
    };
    writeln!(
        out,
        "{}  {:<14}  {:<9}  {:<12}  {}  {}  {}  {}{broken}",
        time(ms),
        entry.action,
        entry.stage,
        entry.operator,
        entry.subject,
        entry.reason,
        entry.filter,
        entry.result
    )
}

/// Every value that differs, by its path.
pub(super) fn diff(out: &mut impl Write, before: &Value, after: &Value) -> Result<()> {
    let mut lines = Vec::new();
    differences("", before, after, &mut lines);
    for (path, before, after) in lines {
        writeln!(out, "  {path}: {before} → {after}")?;
    }
    Ok(())
}

fn differences(path: &str, before: &Value, after: &Value, lines: &mut Vec<(String, Value, Value)>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                let of =
                    |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                differences(&format!("{path}.{name}"), &of(old), &of(new), lines);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for index in 0..old.len().max(new.len()) {
                let of = |items: &[Value]| items.get(index).cloned().unwrap_or_default();
                let (old, new) = (of(old), of(new));
                // A cell is known by its caption.
                let name = old["label"]
                    .as_str()
                    .map_or_else(|| index.to_string(), str::to_owned);
                differences(&format!("{path}[{name}]"), &old, &new, lines);
            }
        }
        _ if before != after => {
            lines.push((
                path.trim_start_matches('.').to_owned(),
                before.clone(),
                after.clone(),
            ));
        }
        _ => {}
    }
}
