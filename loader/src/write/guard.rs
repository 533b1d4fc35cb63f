//! What a claim says about removals that the guard keeps back (`crate::removals`).

use pipeline::disposition::left_filter;
use pipeline::handler::{Outcome, WaitsFor};

use super::Writer;
use super::prepare::{Remembered, Sorted, filtered, receipt};
use crate::ledger::{Cause, Claim};
use crate::removals::cause;

/// Rule of a removal whose row stays because a person has said so.
const KEPT: &str = "removal-kept";

/// One for each customer of a claim.
pub(super) fn causes<'a>(sorted: &'a Sorted, companies: &[String]) -> Vec<Cause<'a>> {
    let newest = companies.iter().filter_map(|company| sorted.newest(company));
    newest.map(|record| cause(&record.record)).collect()
}

impl Writer {
    /// The newest record of this customer is a removal that does not go through now; an older one gets its chance.
    pub(super) fn keep_back(&self, sorted: &mut Sorted, company: &str, claim: &Claim) {
        let versions = sorted.open.get_mut(company);
        let Some(record) = versions.and_then(Vec::pop) else {
            return;
        };
        if sorted.open.get(company).is_some_and(Vec::is_empty) {
            sorted.open.remove(company);
        }
        let outcome = match claim {
            Claim::Kept => {
                let rule = match record.record.filtered {
                    true => left_filter::of(left_filter::KEPT, record.record.unlisted),
                    false => KEPT,
                };
                filtered(rule, receipt(&record.record, Remembered::Gone))
            }
            Claim::Uncounted => {
                self.removals.count();
                Outcome::Park(WaitsFor::OtherMessage)
            }
            _ => Outcome::Park(WaitsFor::Person),
        };
        sorted.outcomes[record.at] = Some(outcome);
    }
}
