//! Entries of the audit log, as sentences.

use super::table;
use crate::{
    audit::Entry,
    plan::Start,
    when::{time, zone_name},
};
use serde_json::Value;
use std::io::{Result, Write};

/// What an action is called in a sentence.
fn verb(action: &str) -> &str {
    match action {
        "plan" => "planned",
        "replay" => words::text!("began to put back"),
        "resume" => words::text!("went on with"),
        "cancel" => "cancelled",
        "discard" => words::text!("began to discard, as"),
        "undo" => words::text!("began to take back, as"),
        "import" => words::text!("began to import, as"),
        "edit" => words::text!("edited one letter, with"),
        "patch" => words::text!("repaired, with"),
        "export" => words::text!("exported letters"),
        "reveal" => words::text!("looked at personal data:"),
        "pause" => words::text!("let rest"),
        "pause-stage" => words::text!("let the stage rest:"),
        "resume-stage" => words::text!("let the stage work again:"),
        "wish" => words::text!("asked running services, by"),
        "wish cancel" => words::text!("took back"),
        "adopt" => words::text!("took over, from a process that is gone,"),
        "rule" => words::text!("began to put back"),
        "rule add" => words::text!("made the rule"),
        "rule on" => words::text!("switched on the rule"),
        "rule off" => words::text!("switched off the rule"),
        "rule remove" => words::text!("took away the rule"),
        "tidy" => words::text!("took away second copies that a killed process had left, in"),
        other => other,
    }
}

/// One entry.
pub(crate) fn audit(out: &mut impl Write, entry: &Entry) -> Result<()> {
    let ms = entry.id.split('-').next().and_then(|ms| ms.parse().ok());
    let what = match entry.action.split_once(' ') {
        Some((action, end)) if entry.action == verb(&entry.action) => {
            format!("{} {} {}", words::said(action), entry.subject, words::said(end))
        }
        _ => format!("{} {} {}", entry.operator, verb(&entry.action), entry.subject),
    };
    let stage = &entry.stage;
    writeln!(out, "{}", time(ms.unwrap_or(0)))?;
    let mut text = words::tr!("{} ({stage} stage)", what.trim_end());
    if !entry.filter.is_empty() {
        text = words::clauses(&[text.as_str(), &words::retold(&entry.filter)]);
    }
    if !entry.reason.is_empty() {
        text = words::of(text, &entry.reason);
    }
    table::below(out, &text)?;
    table::below(out, &begins(entry))?;
    table::below(out, &counts(&entry.result))?;
    if !entry.intact {
        table::below(out, words::text!("DOES NOT FIT ITS DIGEST"))?;
    }
    Ok(())
}

/// Words of results, and of what was recorded of them.
const WORDS: [&str; 12] = [
    words::mark!("moved"),
    words::mark!("present"),
    words::mark!("different"),
    words::mark!("left"),
    words::mark!("replayed"),
    words::mark!("failed again"),
    words::mark!("sent"),
    words::mark!("paused"),
    words::mark!("complete"),
    words::mark!("exported"),
    words::mark!("revealed"),
    words::mark!("matched"),
];

/// A word of a result in the language of the reader.
fn word(name: &str) -> String {
    let name = name.replace('_', " ");
    let known = WORDS.iter().find(|word| **word == name);
    known.map_or_else(
        || words::said(&name).to_owned(),
        |word| words::said(word).to_owned(),
    )
}

/// Where the handling of what a plan puts back begins again.
fn begins(entry: &Entry) -> String {
    let result: Value = serde_json::from_str(&entry.result).unwrap_or_default();
    let from = result["from"]
        .as_str()
        .and_then(|from| from.parse::<Start>().ok());
    from.map_or_else(String::new, |from| {
        words::tr!("from {}", from.in_words(&entry.stage))
    })
}

/// What came of it: the numbers that are not zero, and where it stands.
fn counts(result: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str(result) else {
        return result.to_owned();
    };
    let said = |(name, value): (&String, &Value)| match value {
        Value::Number(number) if number.as_f64() == Some(0.0) => None,
        Value::Number(number) => Some(format!("{number} {}", word(name))),
        Value::Bool(true) => Some(word(name)),
        Value::String(text) if name == "state" || name == "note" => {
            (!text.is_empty()).then(|| words::retold(words::said(text)))
        }
        _ => None,
    };
    words::clauses(&fields.iter().filter_map(said).collect::<Vec<_>>())
}

/// What stands below the entries.
pub(crate) fn audit_end(out: &mut impl Write, entries: u64) -> Result<()> {
    match entries {
        0 => writeln!(
            out,
            "{}",
            words::tr!("nobody has done anything to dead letters yet")
        ),
        _ => writeln!(
            out,
            "{}",
            words::tr!("{entries} entries; times are in {}", zone_name())
        ),
    }
}
