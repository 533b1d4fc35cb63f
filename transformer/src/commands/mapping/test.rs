//! `mapping test`: a mapping's own tests.
//!
//! The file is `{"now": "…", "tests": [{"name", "company": {…} | "company_file": "…" | "company_id": "…", "expect": {label or
//! field: cell}}]}`; `company_id` is a customer of the folder that `--records` names, as `extractor record` has written it;
//! `now` may also stand in a test. A cell is what is sent (text, number, list …); `null` means empty. Instead of a cell,
//! `{"error": "reason code"}` expects a row error, and `"filtered": true` or its reason a customer that is not sent at all.
//! With the cells go the arms of CASE and IF that no test goes through.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use pipeline::config::SharedArgs;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::DocumentArgs;
use super::company::{in_file, recorded, unwrapped};
use super::coverage::{Coverage, Percent};
use crate::map::{Mapping, Tried, cell_json};
use mapping::Arms;
use mapping::clean::clean_in;

/// Arguments of `test`.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    document: DocumentArgs,
    /// Examples: customers and the cells that they must give (JSON)
    #[arg(long, value_name = "FILE")]
    cases: PathBuf,
    /// Folder that `extractor record` has written, for examples with a company_id
    #[arg(long, value_name = "FOLDER")]
    records: Option<PathBuf>,
    /// List the arms of CASE and IF that no test goes through, with line and column
    #[arg(long)]
    coverage: bool,
    /// Exit with 1 when less of the arms of CASE and IF is gone through
    #[arg(long, value_name = "PERCENT")]
    min_coverage: Option<Percent>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// For editors.
    #[serde(rename = "$schema", default)]
    _schema: IgnoredAny,
    now: Option<Timestamp>,
    tests: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    now: Option<Timestamp>,
    company: Option<Value>,
    company_file: Option<PathBuf>,
    company_id: Option<String>,
    #[serde(default)]
    expect: Map<String, Value>,
    #[serde(default)]
    filtered: Filtered,
}

/// Whether the customer is dropped, or for which reason.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "must be true, false or a reason")]
enum Filtered {
    Flag(bool),
    Reason(String),
}

impl Default for Filtered {
    fn default() -> Filtered {
        Filtered::Flag(false)
    }
}

impl Filtered {
    /// What is wrong with what became of the customer.
    fn differs(&self, dropped: Option<&str>) -> Option<String> {
        match (self, dropped) {
            (Filtered::Flag(false), Some(reason)) => Some(words::tr!(
                "the customer is filtered ({reason}) and not sent at all; \"filtered\": true expects that"
            )),
            (Filtered::Flag(true) | Filtered::Reason(_), None) => {
                Some(words::text!("the customer is not filtered").to_owned())
            }
            (Filtered::Reason(expected), Some(reason)) if expected != reason => {
                Some(words::tr!("filtered: expected {expected}, found {reason}"))
            }
            _ => None,
        }
    }
}

pub(super) async fn run(args: &TestArgs) -> anyhow::Result<()> {
    let mapping = args.document.load()?;
    super::seen::all_rows(&args.shared, &[&mapping]).await?;
    let text = super::read(&args.cases)?;
    let folder = args.cases.parent().unwrap_or(Path::new("."));
    let mut coverage = Coverage::new(&mapping, args.document.name());
    let (count, failures) = check(&mapping, &text, folder, args.records.as_deref(), &mut coverage)
        .with_context(|| words::tr!("{} cannot be used", args.cases.display()))?;
    let passed = count - failures.len().min(count);
    if args.json {
        let failures: Vec<Value> = failures.iter().map(Failure::json).collect();
        let coverage = coverage.json();
        pipeline::say!(
            "{}",
            json!({"tests": count, "passed": passed, "failures": failures, "coverage": coverage})
        )?;
    } else {
        for Failure { name, wrong } in &failures {
            pipeline::say!("FAILED {name}\n  {}", wrong.join("\n  "))?;
        }
        pipeline::say!("{passed} of {count} tests passed")?;
        let is_short = args.min_coverage.is_some_and(|least| !coverage.reaches(least));
        pipeline::say_text!("{}", coverage.text(args.coverage || is_short))?;
    }
    words::ensure!(failures.is_empty(), "the mapping does not do what its tests say");
    if let Some(least) = args.min_coverage.filter(|least| !coverage.reaches(*least)) {
        words::bail!(
            "the tests go through {} % of the arms of CASE and IF, {least} % are asked for",
            coverage.percent()
        );
    }
    Ok(())
}

/// A test that does not hold: its name, and each cell that is another one.
#[derive(Debug, PartialEq)]
struct Failure {
    name: String,
    wrong: Vec<String>,
}

impl Failure {
    fn json(&self) -> Value {
        json!({"name": self.name, "wrong": self.wrong})
    }
}

/// Number of tests, and those that fail.
fn check(
    mapping: &Mapping,
    text: &str,
    folder: &Path,
    records: Option<&Path>,
    coverage: &mut Coverage,
) -> anyhow::Result<(usize, Vec<Failure>)> {
    let cases: Cases = serde_json::from_str(text)?;
    words::ensure!(!cases.tests.is_empty(), "the file holds no tests");
    let mut failures = Vec::new();
    for case in &cases.tests {
        let detail = company_of(case, folder, records)?;
        let now = case.now.or(cases.now).unwrap_or_else(Timestamp::now);
        let is_empty = case.expect.is_empty() && matches!(case.filtered, Filtered::Flag(false));
        words::ensure!(!is_empty, "test \"{}\" expects nothing", case.name);
        let mut record = clean_in(detail, mapping.zone())?;
        let dropped = mapping.filter(&mut record, now);
        let arms = Arms::default();
        let tried = mapping.try_noting(&record, now, &arms);
        coverage.add(&arms, |field, label| {
            case.expect.contains_key(field) || case.expect.contains_key(label)
        });
        let cells = case.expect.iter();
        let cells = cells.filter_map(|(name, expected)| differs(&tried, name, expected));
        let wrong: Vec<String> = case.filtered.differs(dropped).into_iter().chain(cells).collect();
        if !wrong.is_empty() {
            let name = case.name.clone();
            failures.push(Failure { name, wrong });
        }
    }
    Ok((cases.tests.len(), failures))
}

/// The customer of a test, which says in one way which it is.
fn company_of(case: &Case, folder: &Path, records: Option<&Path>) -> anyhow::Result<Value> {
    let name = &case.name;
    match (&case.company, &case.company_file, &case.company_id) {
        (Some(company), None, None) => Ok(unwrapped(company.clone())),
        (None, Some(path), None) => in_file(&folder.join(path)),
        (None, None, Some(id)) => {
            let records = records
                .with_context(|| words::tr!("test \"{name}\" has a company_id, so --records is needed"))?;
            let found = recorded(records, std::slice::from_ref(id))?.into_iter().next();
            let (_, detail) = found.with_context(|| words::tr!("test \"{name}\": no customer {id}"))?;
            detail.with_context(|| words::tr!("test \"{name}\""))
        }
        _ => words::bail!("test \"{name}\" needs either company, company_file or company_id"),
    }
}

fn differs(tried: &[Tried], name: &str, expected: &Value) -> Option<String> {
    let Some(field) = tried
        .iter()
        .find(|t| t.info.field == name || t.info.label == name)
    else {
        return Some(words::tr!("{name}: the mapping has no such field"));
    };
    let found = match &field.value {
        Ok(value) => value.value.as_ref().map_or(Value::Null, cell_json),
        Err(error) => serde_json::json!({ "error": error.code }),
    };
    let empty = |v: &Value| v.is_null() || v.as_str() == Some("");
    if is_same(&found, expected) || empty(&found) && empty(expected) {
        return None;
    }
    Some(words::tr!("{name}: expected {expected}, found {found}"))
}

/// A number is its value, however it is written.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| is_same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            let has = |(key, value): (&String, &Value)| y.get(key).is_some_and(|other| is_same(value, other));
            x.len() == y.len() && x.iter().all(has)
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_mapping_is_held_to_its_examples() {
        let mapping = Mapping::load(include_str!("../../../mappings/seed.json"), None).unwrap();
        let run = |expect: &str| {
            let text = format!(
                r#"{{"tests": [{{"name": "one", "company": {{"name": "ACME"}}, "expect": {expect}}}]}}"#
            );
            let mut coverage = Coverage::new(&mapping, "m".into());
            let failures = check(&mapping, &text, Path::new("."), None, &mut coverage)
                .unwrap()
                .1;
            failures
                .into_iter()
                .flat_map(|failure| failure.wrong)
                .collect::<Vec<_>>()
        };
        assert!(run(r#"{"客户公司名称": "ACME", "_widget_1720322268296": null}"#).is_empty());
        assert_eq!(
            run(r#"{"客户公司名称": "X"}"#),
            ["客户公司名称: expected \"X\", found \"ACME\""]
        );
        assert_eq!(run(r#"{"无": "X"}"#), ["无: the mapping has no such field"]);
    }

    #[test]
    fn an_example_may_be_a_customer_of_a_recording() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("7.json"),
            r#"{"code": 200, "data": {"name": "ACME"}}"#,
        )
        .unwrap();
        let manifest =
            r#"{"format": 1, "customers": [{"company_id": "7", "file": "7.json", "status": 200}]}"#;
        std::fs::write(folder.path().join("manifest.json"), manifest).unwrap();
        let mapping = Mapping::load(include_str!("../../../mappings/seed.json"), None).unwrap();
        let run = |id: &str, records| {
            let text = format!(
                r#"{{"tests": [{{"name": "one", "company_id": "{id}", "expect": {{"客户公司名称": "ACME"}}}}]}}"#
            );
            check(
                &mapping,
                &text,
                Path::new("."),
                records,
                &mut Coverage::new(&mapping, "m".into()),
            )
        };
        assert_eq!(run("7", Some(folder.path())).unwrap(), (1, Vec::new()));
        let refused = |id, records| format!("{:#}", run(id, records).unwrap_err());
        assert!(refused("7", None).contains("--records is needed"));
        assert!(refused("8", Some(folder.path())).contains("customer 8"));
    }
}
