//! The differences, counted, with some examples; kept between runs, so that one that was broken off can go on.

use serde::{Deserialize, Serialize};

use super::super::table::Facts;
use crate::keyless::REMEDY;
use pipeline::comparison::Compared;

/// How many examples of each difference are printed.
const EXAMPLES: usize = 10;
/// How many are told with the verdict.
const TOLD: usize = 5;

/// The differences, counted, with some examples.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Findings {
    /// Rows of the form.
    pub(super) rows: usize,
    /// Rows without a company id.
    pub(super) without_key: usize,
    /// Rows that no loader wrote, or that share their company id with an older row.
    pub(super) extra: Finding,
    /// Customers whose row is gone.
    pub(super) missing: Finding,
    /// Customers whose row shows something else than was written.
    pub(super) different: Finding,
    /// Customers of whom a newer version is on its way, or was lost.
    pub(super) behind: Finding,
    /// Rows that cannot be read while others can.
    #[serde(default)]
    pub(super) unreadable: Finding,
    /// Customers that are fetched again.
    pub(super) fixed: usize,
    /// Customers that are not fetched again, because a row without a key may be theirs.
    #[serde(default)]
    pub(super) held_back: usize,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Finding {
    pub(super) count: usize,
    examples: Vec<String>,
}

impl Finding {
    pub(super) fn add(&mut self, example: &str) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example.to_owned());
        }
    }
}

impl Findings {
    /// Customers that differ and are not fetched again.
    pub(super) fn open(&self) -> usize {
        (self.missing.count + self.different.count + self.behind.count).saturating_sub(self.fixed)
    }

    /// What is kept of it for people.
    pub(super) fn told(&self, fixes: bool) -> Compared {
        let kinds = [
            (words::mark!("missing rows"), &self.missing),
            (words::mark!("different rows"), &self.different),
            (words::mark!("rows behind"), &self.behind),
            (words::mark!("rows that cannot be read"), &self.unreadable),
        ];
        let examples = kinds.iter().flat_map(|(_, finding)| finding.examples.iter());
        let remedies = match self.held_back {
            0 => String::new(),
            _ => words::kept!(
                "{} rows have no key and may be theirs: {REMEDY}",
                self.without_key
            ),
        };
        Compared {
            at_ms: jiff::Timestamp::now().as_millisecond(),
            open: (self.open() + self.unreadable.count) as u64,
            fixes,
            examples: examples.take(TOLD).cloned().collect(),
            kinds: kinds
                .map(|(kind, finding)| (kind.to_owned(), finding.count as u64))
                .to_vec(),
            remedies,
        }
    }

    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            pipeline::say!("{}", serde_json::to_string(self)?)?;
            return Ok(());
        }
        let mut facts = Facts::default();
        let (rows, without_key) = (self.rows, self.without_key);
        facts.add(
            words::mark!("rows in the form"),
            words::tr!("{rows}, {without_key} of them without a company id"),
        );
        for (name, finding) in [
            (words::mark!("extra rows"), &self.extra),
            (words::mark!("missing rows"), &self.missing),
            (words::mark!("different rows"), &self.different),
            (words::mark!("rows behind"), &self.behind),
            (words::mark!("rows that cannot be read"), &self.unreadable),
        ] {
            facts.add(
                name,
                format!("{}  {}", finding.count, words::list(&finding.examples)),
            );
        }
        facts.add(words::mark!("fetched again"), self.fixed.to_string());
        if self.held_back > 0 {
            let held_back = self.held_back;
            facts.add(
                words::mark!("held back"),
                words::tr!("{held_back}, whose rows may be among those without a company id"),
            );
        }
        pipeline::say!("{facts}")?;
        Ok(())
    }
}
