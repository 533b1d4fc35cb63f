//! What can be compared of the expected ledger and of Redis: everything but times.

use std::collections::{BTreeMap, BTreeSet};

use super::expected::{ExpectedBatch, ExpectedLedger, Row};

/// What can be seen from outside, of the model and of Redis.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) rows: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) batches: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) leased: BTreeSet<String>,
    pub(super) verify: BTreeSet<String>,
}

impl ExpectedLedger {
    pub(super) fn snapshot(&self) -> Snapshot {
        let text = |pairs: Vec<(String, Option<String>)>| {
            let known = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
            known.collect::<BTreeMap<_, _>>()
        };
        let row = |row: &Row| {
            let floor = row.floor.map(|floor| floor.to_string());
            let unchanged = row.unchanged.then(|| "1".to_owned());
            let mark = if row.placed { "?" } else { "" };
            let id = row.id.as_ref().map(|id| format!("{mark}{id}"));
            text(
                [
                    ("id", &id),
                    ("v", &row.version),
                    ("h", &row.hash),
                    ("b", &row.batch),
                    ("f", &floor),
                    ("u", &unchanged),
                ]
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .to_vec(),
            )
        };
        let batch = |held: &ExpectedBatch| {
            let mut fields = vec![
                ("owner".to_owned(), Some(held.owner.clone())),
                ("fence".to_owned(), Some(held.fence.to_string())),
                ("n".to_owned(), Some(held.slots.len().to_string())),
            ];
            for (slot, member) in &held.slots {
                fields.push((format!("m{slot}"), Some(member.packed.join("\n"))));
                fields.push((format!("j{slot}"), Some(member.row.clone())));
                fields.push((format!("t{slot}"), member.transaction.clone()));
            }
            text(fields)
        };
        let rows = self
            .rows
            .iter()
            .map(|(company, known)| (company.clone(), row(known)));
        Snapshot {
            rows: rows.filter(|(_, fields)| !fields.is_empty()).collect(),
            batches: self
                .batches
                .iter()
                .map(|(name, held)| (name.clone(), batch(held)))
                .collect(),
            leased: self.batches.keys().cloned().collect(),
            verify: self.verify.clone(),
        }
    }
}
