//! What a comparison has found, counted, with some examples; kept between runs, so that one that was broken off can go on.

use crate::table::columns;
use pipeline::comparison::Compared;
use serde::{Deserialize, Serialize};

/// How many examples of each difference are printed.
const EXAMPLES: usize = 10;
/// How many are told with the verdict.
const TOLD: usize = 5;

/// The customers of OKKI and of the form, by how they stand.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Findings {
    /// Customers that OKKI lists.
    pub(super) listed: u64,
    /// Of them, those whose listed state was loaded.
    pub(super) current: u64,
    /// Dropped by a condition, without a row or with one that was handled.
    pub(super) filtered: u64,
    /// On their way.
    pub(super) in_flight: u64,
    /// A newer state was handed on than is listed, and OKKI was not asked whether it has taken that back.
    #[serde(default)]
    pub(super) not_asked: u64,
    /// Rows that name no customer.
    pub(super) damaged: u64,
    /// Listed and never loaded.
    pub(super) missing: Finding,
    /// Listed, and an older state was loaded.
    pub(super) stale: Finding,
    /// Listed and shown in an older state than was loaded: OKKI has taken their update times back.
    #[serde(default)]
    pub(super) ahead: Finding,
    /// Listed, and their dead letter lies in a queue.
    pub(super) dead: Finding,
    /// Dropped by a condition, and their row was not handled as ON_REMOVAL says.
    pub(super) dropped: Finding,
    /// Loaded, and deleted in OKKI.
    pub(super) deleted: Finding,
    /// Loaded, and no longer listed.
    pub(super) unlisted: Finding,
    /// Of these, those that OKKI does not show either.
    pub(super) not_shown: Finding,
    /// Of these, those that have changed since they were not listed, and of which nothing says whether they are within.
    #[serde(default)]
    pub(super) undecided: Finding,
    /// Of these, those whose details cannot be read while others can.
    #[serde(default)]
    pub(super) failed: Finding,
    /// The listing of deleted customers shows some who exist.
    #[serde(default)]
    pub(super) disbelieved: bool,
    /// Customers that are fetched again, or handed to the loader as gone.
    pub(super) fixed: u64,
    /// Customers that have gone and are not handed on, because they are too many.
    pub(super) held_back: u64,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Finding {
    pub(super) count: u64,
    examples: Vec<String>,
}

impl Finding {
    pub(super) fn add(&mut self, company_id: &str) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(company_id.to_owned());
        }
    }
}

impl Findings {
    /// Customers that differ and for which nothing was done.
    pub(super) fn open(&self) -> u64 {
        let found = [
            &self.missing,
            &self.stale,
            &self.ahead,
            &self.dead,
            &self.dropped,
            &self.deleted,
            &self.unlisted,
        ];
        let found: u64 = found.iter().map(|finding| finding.count).sum();
        found.saturating_sub(self.fixed)
    }

    /// Customers for which something was done.
    pub(super) const fn handled(&self) -> u64 {
        self.fixed
    }

    /// What is kept of it for people.
    pub(super) fn told(&self, fixes: bool, at_most: u8) -> Compared {
        let kinds = [
            ("missing", &self.missing),
            ("stale", &self.stale),
            (words::mark!("ahead of OKKI"), &self.ahead),
            (words::mark!("dead letters"), &self.dead),
            (words::mark!("filtered with a row"), &self.dropped),
            (words::mark!("deleted in OKKI"), &self.deleted),
            (words::mark!("no longer listed"), &self.unlisted),
        ];
        let examples = kinds.iter().flat_map(|(_, finding)| finding.examples.iter());
        // Others read it, in whichever language.
        let asked = words::current();
        words::speak(words::Language::English);
        let remedies = self.remedies(at_most);
        words::speak(asked);
        Compared {
            at_ms: 0,
            open: self.open(),
            fixes,
            examples: examples.take(TOLD).cloned().collect(),
            kinds: kinds
                .map(|(kind, finding)| (kind.to_owned(), finding.count))
                .to_vec(),
            remedies,
        }
    }

    /// What to do about those that `--fix` leaves open.
    pub(super) fn remedies(&self, at_most: u8) -> String {
        let mut remedies = Vec::new();
        if self.dead.count > 0 {
            remedies.push(words::tr!(
                "dead letters are put back by `dead replay` of their service"
            ));
        }
        if self.not_shown.count > 0 {
            remedies.push(words::tr!(
                "customers that OKKI neither lists nor shows are left alone, a privilege may be missing"
            ));
        }
        if self.undecided.count > 0 {
            remedies.push(
                words::tr!("of some that changed a moment ago OKKI does not show whether they are within the filter (is /v1/company/fields/selector refused?), \
                 repeat the command"),
            );
        }
        if self.not_asked > 0 {
            remedies.push(words::tr!(
                "{} were not looked at, for details show later times than the listing; `extractor sync --id ID --force` looks at one",
                self.not_asked
            ));
        }
        if self.failed.count > 0 {
            remedies.push(words::tr!(
                "details of {} cannot be read, `extractor fetch ID` says why",
                self.failed.count
            ));
        }
        if self.disbelieved {
            remedies.push(words::tr!(
                "OKKI lists customers as deleted who exist, so nobody was removed because of that"
            ));
        }
        if self.held_back > 0 {
            remedies.push(words::tr!(
                "{} that have gone are more than {at_most} % of all, check the filter, then allow more with --at-most",
                self.held_back
            ));
        }
        words::sentences(&remedies)
    }

    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            pipeline::say!("{}", serde_json::to_string(self)?)?;
            return Ok(());
        }
        let plain = |name: &str, count: u64| [name.to_owned(), count.to_string()];
        let found = |name: &str, finding: &Finding| {
            let shown = format!("{}  {}", finding.count, words::list(&finding.examples));
            [name.to_owned(), shown.trim_end().to_owned()]
        };
        let rows = [
            plain(words::text!("listed by OKKI"), self.listed),
            plain("current", self.current),
            plain("filtered", self.filtered),
            plain(words::text!("on their way"), self.in_flight),
            plain(words::text!("not looked at"), self.not_asked),
            plain(words::text!("unreadable rows"), self.damaged),
            found("missing", &self.missing),
            found("stale", &self.stale),
            found(words::text!("ahead of OKKI"), &self.ahead),
            found(words::text!("dead letters"), &self.dead),
            found(words::text!("filtered with a row"), &self.dropped),
            found(words::text!("deleted in OKKI"), &self.deleted),
            found(words::text!("no longer listed"), &self.unlisted),
            found(words::text!("not shown either"), &self.not_shown),
            found("undecided", &self.undecided),
            found(words::text!("not readable"), &self.failed),
            plain("handled", self.fixed),
        ];
        pipeline::say!("{}", columns(&rows))?;
        Ok(())
    }
}
