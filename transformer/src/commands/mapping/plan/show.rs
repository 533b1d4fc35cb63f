//! The plan as text for people and as JSON.

use pipeline::mask::printable;
use serde_json::{Value, json};

use super::super::{kept::Unusables, table::columns};
use super::tally::{Hours, Tally, Will};
use crate::map::Mapping;

/// Everything that a plan says.
pub(super) struct Report<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) other_form: Option<String>,
    pub(super) tally: Tally,
    pub(super) unusable: Unusables,
    /// Customers without a kept snapshot.
    pub(super) without: u64,
    /// Customers that have to be fetched, for whatever reason.
    pub(super) fetched: u64,
    pub(super) hours: Hours,
}

impl Report<'_> {
    pub(super) fn text(&self) -> String {
        let fingerprint = self.mapping.fingerprint();
        let customers = self.tally.customers();
        let mut text = words::tr!("mapping {fingerprint}: {customers} kept snapshots\n");
        if let Some(form) = &self.other_form {
            text.push_str(&words::tr!(
                "the document names another form than the one that is written ({form}): if it is to be written, every row is new there\n"
            ));
        }
        let rows = Will::ALL.map(|will| {
            let some = self.tally.of(will);
            vec![
                in_words(will).to_owned(),
                some.count.to_string(),
                some.named.join(", "),
            ]
        });
        text.push_str(&columns(&rows));
        for ((code, field), failing) in &self.tally.failing {
            let (count, named) = (failing.customers.count, failing.customers.named.join(", "));
            let example = printable(&failing.example);
            text.push_str(&words::tr!(
                "{count} fail with {code} {field}: {example} ({named})\n"
            ));
        }
        let hours = self.hours.of_rows(&self.tally);
        text.push_str(&words::tr!(
            "at the limits the writes take {hours:.1} h, and no details are fetched: `transformer mapping again`\n"
        ));
        for line in self.unusable.lines() {
            text.push_str(&line);
            text.push('\n');
        }
        if self.tally.behind > 0 {
            text.push_str(&words::tr!(
                "{} customers have changed since, and the newer state is not kept\n",
                self.tally.behind
            ));
        }
        if self.fetched > 0 {
            text.push_str(&words::tr!(
                "{} customers have to be fetched to be mapped ({} of them are not kept), {:.1} h of detail calls: `extractor sync --full --force`\n",
                self.fetched,
                self.without,
                self.hours.of_details(self.fetched)
            ));
        }
        if !self.hours.is_told {
            text.push_str(words::text!(
                "not every service has told its limits, so hours are those of the default ones: --rows-per-second, --details-per-second\n"
            ));
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let count = |will: Will| self.tally.of(will).count;
        let rows: serde_json::Map<String, Value> = Will::ALL
            .into_iter()
            .map(|will| (will.name().to_owned(), count(will).into()))
            .collect();
        let examples: serde_json::Map<String, Value> = Will::ALL
            .into_iter()
            .map(|will| (will.name().to_owned(), self.tally.of(will).named.into()))
            .collect();
        let failing = self.tally.failing.iter().map(|((code, field), failing)| {
            json!({
                "code": code,
                "field": field,
                "expression": failing.expression,
                "customers": failing.customers.count,
                "example": failing.example,
                "company_ids": failing.customers.named,
            })
        });
        json!({
            "mapping": self.mapping.fingerprint(),
            "other_form": self.other_form,
            "kept": self.tally.customers(),
            "rows": rows,
            "examples": examples,
            "failing": failing.collect::<Vec<_>>(),
            "behind": self.tally.behind,
            "not_kept": self.without,
            "unusable": self.unusable.json(),
            "calls": {
                "changed_rows": count(Will::Updated) + count(Will::Left),
                "new_rows": count(Will::Created),
                "details": self.fetched,
            },
            "per_second": self.hours.speeds().told(),
            "hours": {
                "rows": self.hours.of_rows(&self.tally),
                "details": self.hours.of_details(self.fetched),
            },
        })
    }
}

fn in_words(will: Will) -> &'static str {
    match will {
        Will::Created => words::text!("rows are made"),
        Will::Updated => words::text!("rows change"),
        Will::Unchanged => words::text!("rows stay as they are"),
        Will::Left => words::text!("rows whose customers the condition drops"),
        Will::Filtered => words::text!("customers without a row that the condition drops"),
        Will::Failing => words::text!("customers fail and become dead letters"),
    }
}
