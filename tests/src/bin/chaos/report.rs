//! What a run of chaos leaves: `target/chaos/report.json` for machines and a table for people.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use kit::config::repository;
use kit::simulator::{Judgement, LABELS, Overruns, WebhookReport};

/// Cells of a row; a blank or foreign row has all of them wrong.
const CELLS: u64 = LABELS.len() as u64;

/// What was done and found. The keys are read by other tools: rename nothing.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report {
    /// Of the schedule.
    pub seed: u64,
    /// Processes killed, terminated, frozen or emptied.
    pub kills: usize,
    /// Everything that was done, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Customers at the end.
    pub customers: u64,
    /// Changes, additions and removals while all this went on.
    pub updates: u64,
    /// Customers without a row.
    pub missing: u64,
    /// Rows beyond a customer's first.
    pub duplicates: u64,
    /// Rows that show an earlier state, or a customer that was removed.
    pub stale: u64,
    /// Cells that show what no state ever had.
    pub wrong_cells: u64,
    /// Dead letters beyond those that the form refused on purpose.
    pub dead_unexpected: u64,
    /// Of the product's own accounting, in all.
    pub books_difference: u64,
    /// Calls over a limit, except where the limit fell while they were on their way.
    pub quota_violations: u64,
    /// The longest time from a fault's end until every replica was ready again.
    pub recovery_seconds_max: f64,
    /// In all, with starting and judging.
    pub seconds: f64,
    /// Forged pushes of the webhook that were taken for genuine ones, and genuine ones that arrived.
    #[serde(skip)]
    pub forged_taken: u64,
    #[serde(skip)]
    pub pushes_taken: u64,
    /// Calls over a limit beyond a hundredth of all calls, which is what stopped processes explain.
    #[serde(skip)]
    pub overruns_too_many: u64,
    /// The same calls with what became of them.
    #[serde(skip)]
    pub overruns: Overruns,
}

impl Report {
    /// Takes over what the judge saw.
    pub(crate) fn judged(&mut self, judged: &Judgement) {
        self.customers = judged.source_customers as u64;
        self.missing = judged.missing as u64;
        self.duplicates = judged.duplicates as u64;
        self.stale = (judged.stale + judged.extra) as u64;
        self.wrong_cells = judged.wrong_cells as u64 + CELLS * (judged.blank + judged.foreign) as u64;
    }

    /// Takes over what became of the webhook's pushes.
    pub(crate) fn pushed(&mut self, webhook: &WebhookReport) {
        let taken = |answers: &BTreeMap<u16, u64>| answers.get(&200).copied().unwrap_or_default();
        self.forged_taken = taken(&webhook.forged);
        self.pushes_taken = taken(&webhook.answers);
        self.faults.insert("webhook events", webhook.events);
        self.faults.insert("webhook lost", webhook.lost);
        self.faults
            .insert("webhook forged", webhook.forged.values().sum());
        self.faults.insert("webhook taken", self.pushes_taken);
    }

    /// What must be zero, with what it means.
    pub(crate) fn must_be_zero(&self) -> [(&'static str, u64, &'static str); 8] {
        [
            (
                "forged taken",
                self.forged_taken,
                "forged pushes taken for genuine ones",
            ),
            ("missing", self.missing, "customers without a row"),
            ("duplicates", self.duplicates, "rows beyond a customer's first"),
            ("stale", self.stale, "rows that show an earlier state"),
            (
                "wrong cells",
                self.wrong_cells,
                "of all cells compared, one by one",
            ),
            (
                "dead unexpected",
                self.dead_unexpected,
                "dead letters beyond those refused on purpose",
            ),
            (
                "books difference",
                self.books_difference,
                "of the product's own accounting",
            ),
            (
                "overruns too many",
                self.overruns_too_many,
                "calls over a limit beyond a hundredth of all",
            ),
        ]
    }

    /// Whether chaos found nothing.
    pub(crate) fn is_good(&self) -> bool {
        self.must_be_zero().iter().all(|(_, count, _)| *count == 0)
    }

    /// Writes it into this file.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).context("make the report's folder")?;
        }
        let text = serde_json::to_string_pretty(self).context("write the report")? + "\n";
        std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut table = format!(
            "  seed {}: {} kills, {} customers, {} updates, {} s\n",
            self.seed, self.kills, self.customers, self.updates, self.seconds
        );
        for (name, count) in &self.faults {
            table += &format!("    {name:<20} {count:>7}\n");
        }
        for (what, count, meaning) in self.must_be_zero() {
            let sign = if count == 0 { "✓" } else { "✗" };
            table += &format!("  {sign} {what:<20} {count:>7}   {meaning}\n");
        }
        table += &format!(
            "    {:<20} {:>7}   {}\n    {:<20} {:>7}   seconds until every replica was ready again\n",
            "quota violations",
            self.quota_violations,
            self.overruns,
            "recovery at most",
            self.recovery_seconds_max
        );
        table
    }
}

/// Where chaos keeps its report and the logs of its last run, unless a file is named.
pub(crate) fn default_file() -> PathBuf {
    repository().join("target/chaos/report.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_a_contract() {
        let json = serde_json::to_value(Report::default()).unwrap_or_default();
        let keys: Vec<_> = json
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(
            keys,
            [
                "seed",
                "kills",
                "faults",
                "customers",
                "updates",
                "missing",
                "duplicates",
                "stale",
                "wrong_cells",
                "dead_unexpected",
                "books_difference",
                "quota_violations",
                "recovery_seconds_max",
                "seconds"
            ]
        );
    }

    #[test]
    fn each_finding_spoils_it() {
        let mut report = Report::default();
        assert!(report.is_good());
        for spoil in [
            (|v| v.missing = 1) as fn(&mut Judgement),
            |v| v.duplicates = 1,
            |v| v.stale = 1,
            |v| v.extra = 1,
            |v| v.wrong_cells = 1,
            |v| v.blank = 1,
            |v| v.foreign = 1,
        ] {
            let mut judged = Judgement::default();
            spoil(&mut judged);
            report.judged(&judged);
            assert!(!report.is_good(), "{judged:?}");
        }
        report.judged(&Judgement::default());
        report.books_difference = 1;
        assert!(!report.is_good());
        (report.books_difference, report.dead_unexpected) = (0, 1);
        assert!(!report.is_good());
        report.dead_unexpected = 0;
        report.pushed(&WebhookReport {
            forged: BTreeMap::from([(401, 7), (200, 1)]),
            ..WebhookReport::default()
        });
        assert!(!report.is_good());
    }
}
