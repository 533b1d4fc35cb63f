//! Letters, as a list, as groups, and one in full.

use super::table::{self, Column};
use crate::{
    browse::groups::Group,
    letter::{Archived, Letter},
    when::{time, zone_name},
};

use pipeline::{failure::record::FailureRecord, stage::Stage};
use serde_json::Value;
use std::io::{Result, Write};

const LIST: [Column; 5] = [
    Column(words::mark!("LAST FAILED"), 20, false),
    Column("GROUP", 8, false),
    Column("CODE", 22, false),
    Column("CUSTOMER", 16, false),
    Column("TRIES", 5, true),
];

const GROUPS: [Column; 6] = [
    Column("COUNT", 7, true),
    Column("GROUP", 8, false),
    Column("CODE", 22, false),
    Column("FIRST", 20, false),
    Column("LAST", 20, false),
    Column("VERSIONS", 10, false),
];

/// One letter of the list, after a headline for the first.
pub(crate) fn row(
    out: &mut impl Write,
    record: &FailureRecord,
    group: &str,
    archived: Option<&Archived>,
    first: bool,
) -> Result<()> {
    if first {
        table::head(out, &LIST, words::text!("ID / MESSAGE"))?;
    }
    let cells = vec![
        time(record.last_failed_at),
        group.to_owned(),
        record.code.clone(),
        record.company_id.clone(),
        record.attempts.len().to_string(),
    ];
    table::row(out, &LIST, cells)?;
    table::below(out, &record.id)?;
    table::below(out, &record.message)?;
    if let Some(archived) = archived {
        let Archived {
            operation,
            operator,
            reason,
            at,
        } = archived;
        let text = words::tr!("archived by {operator} at {} ({operation}): {reason}", time(*at));
        table::below(out, &text)?;
    }
    Ok(())
}

/// What stands below a list: how many, and what to do with them.
pub(crate) fn listed(
    out: &mut impl Write,
    stage: Stage,
    place: &str,
    shown: u64,
    first: Option<&str>,
) -> Result<()> {
    let Some(first) = first else {
        return writeln!(
            out,
            "{}",
            words::tr!("no letter in the {stage} stage's {place} matches")
        );
    };
    writeln!(
        out,
        "{}",
        words::tr!(
            "{shown} of the {stage} stage's {place}; times are in {}",
            zone_name()
        )
    )?;
    table::fact(out, "next:", &words::tr!("dead show {first}"))
}

pub(crate) fn groups(out: &mut impl Write, stage: Stage, groups: &[Group]) -> Result<()> {
    let Some(largest) = groups.first() else {
        return writeln!(
            out,
            "{}",
            words::tr!("no dead letter of the {stage} stage matches")
        );
    };
    table::head(out, &GROUPS, "EXAMPLE")?;
    for group in groups {
        let versions: Vec<_> = group.versions.iter().map(String::as_str).collect();
        let cells = vec![
            group.count.to_string(),
            group.group.clone(),
            group.code.clone(),
            time(group.first_failed_at),
            time(group.last_failed_at),
            versions.join(","),
        ];
        table::row(out, &GROUPS, cells)?;
        match &group.field {
            Some(field) => table::below(out, &words::of(field, crate::when::retold(&group.example)))?,
            None => table::below(out, &group.example)?,
        }
    }
    let letters: u64 = groups.iter().map(|group| group.count).sum();
    writeln!(
        out,
        "{}",
        words::tr!(
            "{letters} letters in {} group{}; times are in {}",
            groups.len(),
            words::plural(groups.len() == 1),
            zone_name()
        )
    )?;
    let group = &largest.group;
    table::fact(
        out,
        "next:",
        &words::tr!("dead list --group {group}, dead plan --group {group} --reason WHY"),
    )
}

/// Everything about a letter but its body.
pub(crate) fn letter(out: &mut impl Write, letter: &Letter, group: &str) -> Result<()> {
    let record = &letter.record;
    let mut line = |name: &str, text: String| table::fact(out, name, &text);
    let maybe = |text: &Option<String>| text.clone().unwrap_or_default();
    line("id", record.id.clone())?;
    let customers = letter.customers();
    line(
        "customer",
        match customers.len() {
            0 => words::tr!("{}  version {}", record.company_id, record.version),
            count => words::tr!("{count}: {}", words::list(&customers)),
        },
    )?;
    line(
        "reason",
        words::of(&record.code, crate::when::retold(&record.message)),
    )?;
    line("group", group.to_owned())?;
    if let Some(vendor) = &record.vendor {
        line("vendor", words::of(&vendor.code, &vendor.message))?;
    }
    line("field", maybe(&record.field))?;
    line("formula", maybe(&record.expression))?;
    if let Some(batch) = &record.batch {
        line("batch", words::tr!("{} position {}", batch.id, batch.position))?;
    }
    line("run", record.run_id.clone())?;
    line(
        "returns",
        words::tr!("to {}, {} replays so far", record.return_queue, record.replays),
    )?;
    line("replay", maybe(&record.last_replay))?;
    line("repairs", maybe(&record.repair_of))?;
    line(
        "restored",
        letter.life().map(|by| words::tr!("by {by}")).unwrap_or_default(),
    )?;
    line(
        "by",
        words::tr!("{} version {}", record.instance, record.program_version),
    )?;
    line("mapping", maybe(&record.mapping))?;
    line("trace", maybe(&record.traceparent))?;
    line("cut", words::list(&record.cut))?;
    if let Some(archived) = letter.archived() {
        let by = words::tr!(
            "{} by {} ({})",
            time(archived.at),
            archived.operator,
            archived.operation
        );
        line("archived", words::of(by, &archived.reason))?;
    }
    attempts(out, record)
}

fn attempts(out: &mut impl Write, record: &FailureRecord) -> Result<()> {
    let text = words::tr!("{}, times are in {}", record.attempts.len(), zone_name());
    table::fact(out, "attempts", &text)?;
    for attempt in &record.attempts {
        let how = words::of(words::said(&attempt.action), &attempt.code);
        let how = words::of(how, crate::when::retold(&attempt.message));
        let text = format!("{}  {how}", time(attempt.at));
        table::below(out, &text)?;
    }
    Ok(())
}

/// What can be done with one letter.
pub(crate) fn next_of_letter(out: &mut impl Write, letter: &Letter, group: &str) -> Result<()> {
    let digits = letter.digits();
    let next = match letter.archived() {
        None if !letter.customers().is_empty() => {
            words::tr!("dead replay --id {digits} --reason WHY, dead discard --id {digits} --reason WHY")
        }
        Some(archived) => words::tr!("dead undo {} --reason WHY", archived.operation),
        None => words::tr!(
            "dead replay --group {group} --reason WHY, dead edit {digits} --reason WHY, dead discard --id {digits} --reason WHY"
        ),
    };
    table::fact(out, "next:", &next)
}

/// The body: a form record cell by cell with its captions, anything else as JSON.
pub(crate) fn body(out: &mut impl Write, body: &Value) -> Result<()> {
    let Some(cells) = body.get("fields").and_then(Value::as_array) else {
        return writeln!(out, "{}", words::tr!("body      {body:#}"));
    };
    let mut rest = body.clone();
    if let Some(fields) = rest.as_object_mut() {
        fields.shift_remove("fields");
    }
    writeln!(out, "{}", words::tr!("body      {rest}"))?;
    for cell in cells {
        let text = |name: &str| cell[name].as_str().unwrap_or_default();
        let value = cell.as_object().and_then(|cell| {
            cell.iter()
                .find(|(name, _)| !["field", "label"].contains(&name.as_str()))
        });
        let value = value.map_or_else(
            || words::text!("(empty)").to_owned(),
            |(kind, value)| words::tr!("{value}  ({kind})"),
        );
        writeln!(out, "  {} [{}]  {value}", text("label"), text("field"))?;
    }
    Ok(())
}
