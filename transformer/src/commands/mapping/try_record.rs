//! `mapping try`: one customer through the mapping, as a table, with what would be lost.

use clap::Args;
use jiff::Timestamp;

use super::DocumentArgs;
use super::table::columns;
use crate::known::absent;
use crate::map::{Mapping, losses, show};
use mapping::clean::{clean_in, collisions};

/// Arguments of `try`.
#[derive(Debug, Args)]
pub(super) struct TryArgs {
    #[command(flatten)]
    document: DocumentArgs,
    /// Detail answer of one customer (JSON), with or without its envelope; `-` reads what `extractor fetch ID` prints
    #[arg(long, value_name = "FILE")]
    company: String,
    /// The time that expressions take for now, e.g. 2026-03-15T00:00:00Z [default: the clock]
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
}

pub(super) fn run(args: &TryArgs) -> anyhow::Result<()> {
    let mapping = args.document.load()?;
    let detail = super::company::given(&args.company)?;
    let now = args.now.unwrap_or_else(Timestamp::now);
    let (text, failed) = report(&mapping, detail, now)?;
    pipeline::say_text!("{text}")?;
    if failed > 0 {
        anyhow::bail!("{failed} fields cannot be mapped for this customer");
    }
    Ok(())
}

/// The table and the number of failing fields.
fn report(mapping: &Mapping, detail: serde_json::Value, now: Timestamp) -> anyhow::Result<(String, usize)> {
    let mut warnings = collided(mapping, &detail);
    let mut record = clean_in(detail, mapping.zone())?;
    let dropped = mapping.filter(&mut record, now);
    let mut rows = vec![vec!["label".to_owned(), "value".to_owned(), "sent as".to_owned()]];
    let mut failed = 0;
    for tried in mapping.try_record(&record, now) {
        let label = tried.info.label;
        let (value, sent) = match &tried.value {
            Ok(value) => show(value),
            Err(error) => {
                failed += 1;
                (
                    format!("error: {}", error.reason),
                    "the record goes to the dead letters".to_owned(),
                )
            }
        };
        warnings.extend(
            tried
                .notices
                .into_iter()
                .map(|notice| format!("{label}: {notice}")),
        );
        rows.push(vec![label, value, sent]);
    }
    for parameter in mapping.parameters() {
        let absent = absent(parameter, &record).into_iter();
        warnings.extend(absent.map(|told| format!("{}: {told}", parameter.label)));
    }
    warnings.extend(losses(mapping, &record));
    let mut text = columns(&rows);
    if let Some(reason) = dropped {
        text.push_str(&format!(
            "\nthis customer is filtered ({reason}) and not sent at all\n"
        ));
    }
    for warning in warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    Ok((text, failed))
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
            format!(
                "{} stands in this record {} times ({}); the value of {} is used",
                collision.key,
                collision.ids.len(),
                collision.ids.join(", "),
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
        let (text, failed) = report(&mapping, detail, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(failed, 0);
        assert!(text.contains("客户标签      A、B、C、D"), "{text}");
        assert!(
            text.contains("warning: 年采购额: the value 11 is named by no WHEN; ELSE was taken"),
            "{text}"
        );
        assert!(
            text.contains("warning: tag has 5 entries, the mapping reads 4; 1 is not sent"),
            "{text}"
        );
        assert!(
            text.contains("warning: customers has 2 entries, only the main contact (or the first) is sent"),
            "{text}"
        );
    }
}
