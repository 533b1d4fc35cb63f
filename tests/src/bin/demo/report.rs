//! What the demo leaves: `target/demo/report.json` for machines and a table for people.

use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;

use kit::config::repository;
use kit::simulator::{Judgement, LABELS, Overruns};

/// The demo's result. The keys are read by other tools: add nothing, rename nothing.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub source_customers: u64,
    pub form_rows: u64,
    pub missing: u64,
    pub duplicates: u64,
    pub stale: u64,
    pub wrong_cells: u64,
    pub dead_letters_before_replay: u64,
    pub dead_letters_after_replay: u64,
    pub quota_violations: u64,
    pub seconds: f64,
    /// Calls over a limit and those that were refused.
    #[serde(skip)]
    overruns: Overruns,
}

/// Cells of a row that a blank row has wrong.
const CELLS: u64 = LABELS.len() as u64;

impl Report {
    /// From what the judge found and what was counted in the dead-letter queues.
    pub(crate) fn new(
        judged: &Judgement,
        overruns: Overruns,
        dead_before: u64,
        dead_after: u64,
        seconds: f64,
    ) -> Self {
        Self {
            source_customers: judged.source_customers as u64,
            form_rows: judged.form_rows as u64,
            missing: judged.missing as u64,
            duplicates: judged.duplicates as u64,
            stale: judged.stale as u64,
            wrong_cells: judged.wrong_cells as u64 + CELLS * judged.blank as u64,
            dead_letters_before_replay: dead_before,
            dead_letters_after_replay: dead_after,
            quota_violations: overruns.calls,
            seconds: (seconds * 10.0).round() / 10.0,
            overruns,
        }
    }

    /// Whether the demo showed what it is meant to show.
    pub(crate) fn is_good(&self) -> bool {
        self.rows().iter().all(|row| row.good)
    }

    /// Writes it where other tools find it.
    pub(crate) fn write(&self) -> anyhow::Result<PathBuf> {
        let folder = repository().join("target/demo");
        std::fs::create_dir_all(&folder).context("make target/demo")?;
        let path = folder.join("report.json");
        let text = serde_json::to_string_pretty(self).context("write the report")? + "\n";
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let line = |row: &Row| {
            let sign = if row.good { "✓" } else { "✗" };
            format!("  {sign} {:<42} {:>7}   {}\n", row.what, row.count, row.meaning)
        };
        let mut table: String = self.rows().iter().map(line).collect();
        table += &format!(
            "    {:<42} {:>7}\n",
            "seconds, with starting RabbitMQ and Redis", self.seconds
        );
        table
    }

    fn rows(&self) -> [Row; 9] {
        let none = |what, count, meaning| Row {
            what,
            count,
            meaning,
            good: count == 0,
        };
        [
            Row {
                what: "customers in OKKI",
                count: self.source_customers,
                meaning: "",
                good: self.source_customers > 0,
            },
            Row {
                what: "rows in the Jiandaoyun form",
                count: self.form_rows,
                meaning: "as many as customers",
                good: self.form_rows == self.source_customers,
            },
            none("missing", self.missing, "customers without a row"),
            none("duplicates", self.duplicates, "rows beyond a customer's first"),
            none("stale", self.stale, "rows that show an earlier state"),
            none(
                "wrong cells",
                self.wrong_cells,
                "of all cells compared, one by one",
            ),
            Row {
                what: "quota violations",
                count: self.quota_violations,
                meaning: match self.overruns.calls {
                    1.. if self.overruns.are_few_and_refused() => {
                        "calls that came late, were refused and retried"
                    }
                    _ => "calls beyond a limit in any one-second window",
                },
                good: self.overruns.are_few_and_refused(),
            },
            Row {
                what: "dead letters before the replay",
                count: self.dead_letters_before_replay,
                meaning: "on purpose: refused by the form",
                good: self.dead_letters_before_replay > 0,
            },
            none(
                "dead letters after the replay",
                self.dead_letters_after_replay,
                "all of them arrived",
            ),
        ]
    }
}

struct Row {
    what: &'static str,
    count: u64,
    meaning: &'static str,
    good: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Report {
        let judged = Judgement {
            source_customers: 2,
            form_rows: 2,
            ..Judgement::default()
        };
        Report::new(&judged, Overruns::default(), 1, 0, 12.345)
    }

    #[test]
    fn the_keys_are_a_contract() {
        let json = serde_json::to_value(good()).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "source_customers",
                "form_rows",
                "missing",
                "duplicates",
                "stale",
                "wrong_cells",
                "dead_letters_before_replay",
                "dead_letters_after_replay",
                "quota_violations",
                "seconds"
            ]
        );
        assert_eq!(json["seconds"], 12.3);
    }

    #[test]
    fn each_fault_spoils_it() {
        assert!(good().is_good());
        let spoil: [fn(&mut Report); 9] = [
            |r| r.form_rows = 3,
            |r| (r.source_customers, r.form_rows) = (0, 0),
            |r| r.missing = 1,
            |r| r.duplicates = 1,
            |r| r.stale = 1,
            |r| r.wrong_cells = 1,
            |r| r.dead_letters_before_replay = 0,
            |r| r.dead_letters_after_replay = 1,
            |r| r.overruns.calls = 1,
        ];
        for (index, fault) in spoil.into_iter().enumerate() {
            let mut report = good();
            fault(&mut report);
            assert!(!report.is_good(), "fault {index}: {report:?}");
        }
    }

    #[test]
    fn a_late_call_that_was_refused_does_not_spoil_it() {
        let mut report = good();
        report.overruns = Overruns {
            calls: 1,
            refused: 1,
            ..Overruns::default()
        };
        assert!(report.is_good());
        report.overruns = Overruns {
            calls: 100,
            refused: 100,
            ..Overruns::default()
        };
        assert!(!report.is_good());
    }
}
