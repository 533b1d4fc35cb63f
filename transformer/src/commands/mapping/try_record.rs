//! `mapping try`: customers through the mapping, as a table or JSON, with what would be lost.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use pipeline::config::SharedArgs;
use serde_json::{Map, Value, json};

use super::DocumentArgs;
use super::company;
use super::table::columns;
use crate::known::absent;
use crate::map::{Mapping, Tried, cell_json, losses, show};
use mapping::{
    Record,
    clean::{clean_in, collisions},
};

/// Arguments of `try`.
#[derive(Debug, Args)]
pub(super) struct TryArgs {
    #[command(flatten)]
    document: DocumentArgs,
    /// Detail answer of one customer (JSON), with or without its envelope; `-` reads what `extractor fetch ID` prints
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "records",
        conflicts_with = "records"
    )]
    company: Option<String>,
    /// Every customer of a folder that `extractor record` has written, or of a file, such as `extractor fields --json` prints
    #[arg(long, value_name = "FOLDER|FILE")]
    records: Option<PathBuf>,
    /// Only these of the customers
    #[arg(long, value_name = "ID,…", value_delimiter = ',', requires = "records")]
    id: Vec<String>,
    /// The time that expressions take for now, e.g. 2026-03-15T00:00:00Z [default: the clock]
    #[arg(long, value_name = "TIME", value_parser = super::point_of_time)]
    now: Option<Timestamp>,
    /// Print JSON, one customer a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shared: SharedArgs,
}

pub(super) async fn run(args: &TryArgs) -> anyhow::Result<()> {
    let mapping = args.document.load()?;
    super::seen::rows(&args.shared, &[&mapping]).await?;
    let now = args.now.unwrap_or_else(Timestamp::now);
    match (&args.records, &args.company) {
        (Some(place), _) => run_all(args, &mapping, company::all(place, &args.id)?, now),
        (None, place) => {
            let detail = company::given(place.as_deref().unwrap_or_default())?;
            let id = match detail.get("company_id") {
                Some(Value::String(id)) => Some(id.clone()),
                Some(Value::Number(id)) => Some(id.to_string()),
                _ => None,
            };
            let outcome = Outcome::of(&mapping, detail, now)?;
            if args.json {
                pipeline::say!("{}", outcome.json(id.as_deref()))?;
            } else {
                pipeline::say_text!("{}", outcome.text())?;
            }
            match outcome.failed() {
                0 => Ok(()),
                failed => words::bail!("{failed} fields cannot be mapped for this customer"),
            }
        }
    }
}

/// Each of a recording or a file, those that cannot be mapped among them, and a line about all.
fn run_all(
    args: &TryArgs,
    mapping: &Mapping,
    customers: Vec<company::Recorded>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let count = customers.len();
    let (mut mapped, mut filtered) = (0, 0);
    for (id, detail) in customers {
        match detail.and_then(|detail| Outcome::of(mapping, detail, now)) {
            Ok(outcome) => {
                filtered += usize::from(outcome.dropped.is_some());
                mapped += usize::from(outcome.dropped.is_none() && outcome.failed() == 0);
                if args.json {
                    pipeline::say!("{}", outcome.json(Some(&id)))?;
                } else {
                    pipeline::say_text!("customer {id}\n{}\n", outcome.text())?;
                }
            }
            Err(error) if args.json => {
                let reason = format!("{error:#}");
                pipeline::say!("{}", json!({"company_id": id, "error": reason}))?;
            }
            Err(error) => pipeline::say!("customer {id}\nerror: {error:#}\n")?,
        }
    }
    let failed = count - mapped - filtered;
    if !args.json {
        pipeline::say!("{count} customers: {mapped} mapped, {filtered} filtered, {failed} failed")?;
    }
    words::ensure!(failed == 0, "{failed} customers cannot be mapped");
    Ok(())
}

/// What the mapping makes of a customer.
pub(super) struct Outcome {
    pub(super) tried: Vec<Tried>,
    /// The customer as it is mapped.
    pub(super) record: Record,
    /// Why it is not sent at all.
    pub(super) dropped: Option<&'static str>,
    /// The tests of the condition that do not hold, if it is dropped.
    pub(super) failing: Vec<String>,
    /// Fields of one name.
    collided: Vec<String>,
    /// What the record does not have, and what of it is not sent.
    losses: Vec<String>,
}

impl Outcome {
    pub(super) fn of(mapping: &Mapping, detail: Value, now: Timestamp) -> anyhow::Result<Self> {
        if let Some(code) = refusal(&detail) {
            words::bail!("this is an answer of OKKI without a customer: code {code}");
        }
        let collided = collided(mapping, &detail);
        let mut record = clean_in(detail, mapping.zone())?;
        let before = (!mapping.condition().is_empty()).then(|| record.clone());
        let dropped = mapping.filter(&mut record, now);
        let removed = before.map(|before| mapping.condition().removed(&before, &record));
        let removed = removed.into_iter().flatten().map(|(list, removed, all)| {
            words::tr!(
                "the condition has removed {removed} of the {all} entries of {list}; they are not sent"
            )
        });
        let failing = match dropped {
            Some(_) => mapping.failing(&record, now),
            None => Vec::new(),
        };
        let unasked = mapping.sources().unasked().into_iter();
        let unasked = unasked.map(|why| words::tr!("{why}; nothing is found in them here"));
        let parameters = mapping.parameters();
        let absent = parameters.iter().flat_map(|parameter| {
            let absent = absent(parameter, &record).into_iter();
            absent.map(|told| words::of(&parameter.label, told))
        });
        Ok(Self {
            tried: mapping.try_record(&record, now),
            dropped,
            failing,
            collided,
            losses: unasked
                .chain(removed)
                .chain(absent)
                .chain(losses(mapping, &record))
                .collect(),
            record,
        })
    }

    /// Fields that cannot be mapped.
    fn failed(&self) -> usize {
        self.tried.iter().filter(|tried| tried.value.is_err()).count()
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let of = |tried: &Tried| {
            let label = tried.info.label.clone();
            let notices = tried.notices.clone();
            notices.into_iter().map(move |notice| words::of(&label, notice))
        };
        let tried = self.tried.iter().flat_map(of);
        let collided = self.collided.iter().cloned();
        collided.chain(tried).chain(self.losses.iter().cloned()).collect()
    }

    fn text(&self) -> String {
        let mut rows = vec![vec![
            words::text!("label").to_owned(),
            words::text!("value").to_owned(),
            words::text!("sent as").to_owned(),
        ]];
        for tried in &self.tried {
            let (value, sent) = match &tried.value {
                Ok(value) => show(value),
                Err(error) => (
                    words::tr!("error: {}", error.reason),
                    words::text!("the record goes to the dead letters").to_owned(),
                ),
            };
            rows.push(vec![tried.info.label.clone(), value, sent]);
        }
        let mut text = columns(&rows);
        if let Some(reason) = &self.dropped {
            text.push_str(&words::tr!(
                "\nthis customer is filtered ({reason}) and not sent at all\n"
            ));
            for test in &self.failing {
                text.push_str(&words::tr!("{test} does not hold\n"));
            }
        }
        for warning in self.warnings() {
            text.push_str(&words::tr!("warning: {warning}\n"));
        }
        text
    }

    /// Cells by caption as they are sent, `null` for none.
    fn json(&self, id: Option<&str>) -> Value {
        let (mut cells, mut errors) = (Map::new(), Map::new());
        for tried in &self.tried {
            let label = tried.info.label.clone();
            match &tried.value {
                Ok(value) => cells.insert(label, value.value.as_ref().map_or(Value::Null, cell_json)),
                Err(error) => errors.insert(label, error.code.to_string().into()),
            };
        }
        json!({"company_id": id, "cells": cells, "errors": errors, "filtered": self.dropped, "warnings": self.warnings()})
    }
}

/// The code of an answer that holds no customer.
fn refusal(detail: &Value) -> Option<String> {
    let members = detail.as_object()?;
    let is_customer = ["company_id", "name", "company", "data"]
        .iter()
        .any(|key| members.contains_key(*key));
    members.get("code").filter(|_| !is_customer).map(Value::to_string)
}

/// Fields of one name, of which the mapping reads the key.
fn collided(mapping: &Mapping, detail: &serde_json::Value) -> Vec<String> {
    let read = |key: &str| {
        let mut paths = mapping.paths().into_iter();
        paths.any(|path| {
            path.as_str() == key
                || path
                    .as_str()
                    .strip_prefix(key)
                    .is_some_and(|r| r.starts_with(['.', '_']))
        })
    };
    let collisions = collisions(detail).into_iter();
    let told = collisions
        .filter(|collision| read(&collision.key))
        .map(|collision| {
            words::tr!(
                "{} stands in this record {} times ({}); the value of {} is used",
                collision.key,
                collision.ids.len(),
                words::list(&collision.ids),
                collision.used
            )
        });
    told.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn shows_what_is_sent_and_what_is_lost() {
        let mapping = Mapping::load(include_str!("../../../mappings/seed.json"), None).unwrap();
        let tags: Vec<_> = ["A", "B", "C", "D", "E"]
            .iter()
            .map(|t| json!({"tag_name": t}))
            .collect();
        let detail = json!({"name": "ACME", "tag": tags, "customers": [{"name": "a"}, {"name": "b", "main_customer_flag": 1}],
            "company": [{"name": "特征信息", "fields": [{"name": "年采购额", "value": 11}]}]});
        let outcome = Outcome::of(&mapping, detail, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(outcome.failed(), 0);
        assert_eq!(outcome.json(Some("7"))["cells"]["客户标签"], "A、B、C、D");
        let text = outcome.text();
        assert!(text.contains("客户标签      A、B、C、D"), "{text}");
        assert!(
            text.contains("warning: 年采购额: the value 11 is named by no WHEN; ELSE was taken"),
            "{text}"
        );
        assert!(
            text.contains("warning: tag has 5 entries, the mapping reads 4 and does not send 1"),
            "{text}"
        );
        assert!(
            text.contains("customers has 2 entries, only the main contact (or the first) is sent"),
            "{text}"
        );
    }
}
