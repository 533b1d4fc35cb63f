//! Calls over a limit, and whether they are more than a stopped process explains.

use std::fmt;

use super::Stats;
use crate::simulator::traffic::VendorReport;

/// So many calls of a short run may be late: their process was stopped between the permit and the sending.
const FEW: u64 = 5;
/// The same for OKKI, of which more calls are under way at once, so that more arrive late together.
const FEW_OF_OKKI: u64 = 32;
/// OKKI's code for a call over a rate limit.
const OF_OKKI: &[&str] = &["429"];
/// Jiandaoyun's codes for one: of the company, of the interface.
const OF_JDY: &[&str] = &["8303", "8304"];

/// Calls that reached a vendor over its limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overruns {
    /// All of them.
    pub calls: u64,
    /// Those of OKKI.
    pub okki: u64,
    /// Those that the vendor refused, so that the client had to send them again.
    pub refused: u64,
    /// Calls that are none of these: they came together after the simulator itself had stood still.
    pub together: u64,
    /// For how long it had at most, in milliseconds.
    pub stood_still_ms: u64,
}

impl Overruns {
    /// Those of both vendors so far.
    pub fn of(stats: &Stats) -> Self {
        Self {
            calls: stats.okki.quota_violations + stats.jdy.quota_violations,
            okki: stats.okki.quota_violations,
            refused: refused(&stats.okki, OF_OKKI) + refused(&stats.jdy, OF_JDY),
            together: stats.okki.together + stats.jdy.together,
            stood_still_ms: stats.stood_still_ms,
        }
    }

    /// Whether every one of them was refused: the vendor did nothing that it would not have done within the limit.
    pub fn are_all_refused(&self) -> bool {
        self.refused >= self.calls
    }

    /// Whether a process that was stopped at the wrong moment explains them.
    pub fn are_few_and_refused(&self) -> bool {
        let others = self.calls.saturating_sub(self.okki);
        others <= FEW && self.okki <= FEW_OF_OKKI && self.are_all_refused()
    }
}

/// What happened, in words, for a run of which nothing was lost.
impl fmt::Display for Overruns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.calls {
            0 => write!(f, "no call was over a limit"),
            1 if self.are_all_refused() => {
                write!(
                    f,
                    "1 call reached the vendor late and was refused, retried: nothing lost"
                )
            }
            calls if self.are_all_refused() => {
                write!(
                    f,
                    "{calls} calls reached the vendor late and were refused, retried: nothing lost"
                )
            }
            calls => write!(
                f,
                "{calls} calls over a limit, of which {} were refused",
                self.refused
            ),
        }?;
        match self.together {
            0 => Ok(()),
            together => write!(
                f,
                "; {together} calls arrived together after the simulator itself stood still for {} ms",
                self.stood_still_ms
            ),
        }
    }
}

fn refused(report: &VendorReport, codes: &[&str]) -> u64 {
    let answers = report.calls.values().flat_map(|call| &call.answers);
    answers
        .filter(|(code, _)| codes.contains(&code.as_str()))
        .map(|(_, count)| count)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_refused_calls_are_explained_and_others_are_not() {
        let of = |calls, refused| Overruns {
            calls,
            refused,
            ..Overruns::default()
        };
        assert!(of(0, 0).are_few_and_refused());
        assert!(of(2, 2).are_few_and_refused());
        assert!(!of(2, 1).are_few_and_refused());
        assert!(!of(FEW + 1, FEW + 1).are_few_and_refused());
        let of_okki = |calls| Overruns {
            calls,
            okki: calls,
            refused: calls,
            ..Overruns::default()
        };
        assert!(of_okki(FEW + 1).are_few_and_refused());
        assert!(!of_okki(FEW_OF_OKKI + 1).are_few_and_refused());
        assert_eq!(
            of(1, 1).to_string(),
            "1 call reached the vendor late and was refused, retried: nothing lost"
        );
        let stalled = Overruns {
            together: 7,
            stood_still_ms: 812,
            ..of(0, 0)
        };
        assert!(stalled.are_few_and_refused());
        assert_eq!(
            stalled.to_string(),
            "no call was over a limit; 7 calls arrived together after the simulator itself stood still for 812 ms"
        );
    }

    #[test]
    fn refusals_are_counted_by_the_code_of_their_vendor() {
        let mut stats = Stats::default();
        let refuse = |report: &mut VendorReport, code: &str| {
            report.quota_violations += 1;
            let call = report.calls.entry("create".into()).or_default();
            *call.answers.entry(code.into()).or_default() += 1;
        };
        refuse(&mut stats.jdy, "8304");
        refuse(&mut stats.jdy, "8303");
        refuse(&mut stats.okki, "429");
        // Too many at a time, which is no rate.
        refuse(&mut stats.jdy, "429");
        let seen = Overruns::of(&stats);
        assert_eq!((seen.calls, seen.refused), (4, 3));
    }
}
