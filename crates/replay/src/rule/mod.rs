//! Rules: letters that are put back by themselves, so often, so fast, at these hours, and only as long as it helps.
//!
//! A rule is data in Redis; the worker of any service of its stage carries it out ([`crate::worker`]).

pub(crate) mod book;
pub mod change;
pub(crate) mod hours;
pub(crate) mod judge;
mod schedule;

pub use book::{Last, Off, Rules, Standing};
pub use hours::Hours;

pub(crate) use schedule::{Due, due};

use crate::{
    browse::Filter,
    error::{Error, Result},
    plan::{
        Plan,
        options::{Canary, Options},
        rate::Rate,
    },
    query::{Condition, Number, Problem, Query},
    when::Range,
};
use jiff::tz::TimeZone;
use pipeline::stage::Stage;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A rule comes no sooner: each run looks at all letters of the stage.
pub const OFTENEST: Duration = Duration::from_secs(1);
const LONGEST_NAME: usize = 40;

/// What is put back by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name, by which it is switched off and on.
    pub name: String,
    /// The stage whose letters it puts back.
    pub stage: String,
    /// Which letters, as it was written: relative times are meant anew at each run.
    pub query: String,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub operator: String,
    /// Unix milliseconds.
    pub made_at: i64,
    /// From the beginning of a run to that of the next one, milliseconds.
    pub every_ms: u64,
    /// How fast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// A letter that was put back so often stays where it is.
    pub most_replays: u32,
    /// Letters of one run at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
    /// Only at these hours of the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Zone of the hours, by its name.
    pub zone: String,
    /// The rule ends itself when more than this share of a run fails again.
    pub stop_at: f64,
}

impl Rule {
    /// # Errors
    /// When something of it makes no sense, with the flag that says so.
    pub fn check(&self) -> Result<()> {
        let wrong = |place: &str, problem: &str| {
            Err(Error::Invalid {
                place: place.to_owned(),
                problem: problem.to_owned(),
            })
        };
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > LONGEST_NAME || !self.name.chars().all(legal) {
            return wrong(
                "NAME",
                words::text!("write up to 40 small letters, digits and -, for instance night-shift"),
            );
        }
        if self.parsed()? == Query::Everything {
            return wrong(
                "--where",
                words::text!(
                    "a rule for every letter would also repeat what can never succeed; name the code"
                ),
            );
        }
        if self.every_ms < ms(OFTENEST) {
            return wrong("--every", words::text!("the shortest is 1s"));
        }
        if self.most_replays == 0 {
            return wrong(
                "--at-most-replays",
                words::text!("with 0 no letter is ever put back"),
            );
        }
        if TimeZone::get(&self.zone).is_err() {
            return wrong(
                "--time-zone",
                words::text!("no such zone; write Asia/Shanghai or UTC"),
            );
        }
        Ok(())
    }

    fn parsed(&self) -> Result<Query> {
        let invalid = |problem: Problem| Error::Invalid {
            place: "--where".to_owned(),
            problem: problem.to_string(),
        };
        self.query.parse().map_err(invalid)
    }

    /// The letters of one run that begins now.
    ///
    /// # Errors
    /// When its query cannot be read any more.
    pub fn filter(&self) -> Result<Filter> {
        let most = Range::up_to(u64::from(self.most_replays.saturating_sub(1)));
        let fresh = Query::Is(Condition::Number(Number::Replays, vec![most]));
        Ok(Filter {
            query: fresh.and(self.parsed()?),
            limit: self.at_most,
        })
    }

    /// Which letters, for the screen and the audit log: as it was written, without a customer's words.
    #[must_use]
    pub fn meant(&self) -> String {
        let most = self.most_replays;
        let limit = self
            .at_most
            .map_or_else(String::new, |most| words::kept!(", {most} at most"));
        let query = pipeline::mask::mask_text(&self.query);
        words::kept!("{query}, put back less than {most} times{limit}")
    }

    /// How one run is run.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            rate: self.rate,
            stop_at: self.stop_at,
            // The oldest letter alone may be a hopeless one.
            canary: Canary(vec![10]),
            ..Options::default()
        }
    }

    pub(crate) fn belongs_to(&self, stage: Stage) -> bool {
        self.stage == stage.name()
    }

    /// The name under which it is in plans and in the audit log.
    pub(crate) fn operator(&self) -> String {
        words::kept!("rule {}", self.name)
    }
}

/// Whether a rule has made the plan.
pub(crate) fn is_of_a_rule(plan: &Plan) -> bool {
    plan.operator.starts_with("rule ")
}

/// A share that somebody has written, such as 20 or 20%.
///
/// # Errors
/// When it is no percentage.
pub fn share(text: &str) -> std::result::Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim().parse::<f64>().ok();
    number
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| words::tr!("`{text}` is no share; write a percentage from 0 to 100 such as 20 or 20%"))
}

/// A span of time in milliseconds, as rules keep it.
#[must_use]
pub fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn rule() -> Rule {
        Rule {
            name: "night".into(),
            stage: "load".into(),
            query: "code=row-refused and age<2h".into(),
            reason: "a test".into(),
            operator: "me".into(),
            made_at: 0,
            every_ms: 3_600_000,
            rate: None,
            most_replays: 2,
            at_most: Some(7),
            hours: None,
            zone: "Asia/Shanghai".into(),
            stop_at: 0.2,
        }
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused_with_its_flag() {
        assert!(rule().check().is_ok());
        type Change = fn(&mut Rule);
        let cases: [(Change, &str); 6] = [
            (|rule| rule.name = "Night Shift".into(), "NAME"),
            (|rule| rule.name = String::new(), "NAME"),
            (|rule| rule.query = "codee=x".into(), "--where"),
            (|rule| rule.every_ms = 10, "--every"),
            (|rule| rule.most_replays = 0, "--at-most-replays"),
            (|rule| rule.zone = "Mars/Base".into(), "--time-zone"),
        ];
        for (change, flag) in cases {
            let mut wrong = rule();
            change(&mut wrong);
            let said = wrong.check().unwrap_err().to_string();
            assert!(said.starts_with(flag), "{said}");
        }
    }

    #[test]
    fn shares_are_read_as_people_write_them() {
        assert_eq!(share("20%"), Ok(0.2));
        assert!(share("120").is_err() && share("x").is_err());
    }

    #[test]
    fn letters_that_were_put_back_often_enough_are_left_out() {
        let filter = rule().filter().unwrap().to_string();
        assert!(
            filter.starts_with("replays=..1 and code=row-refused and time>"),
            "{filter}"
        );
        assert!(filter.ends_with(", the first 7"), "{filter}");
        let said = rule().meant();
        assert_eq!(
            said,
            "code=row-refused and age<2h, put back less than 2 times, 7 at most"
        );
        let again: Rule = serde_json::from_str(&serde_json::to_string(&rule()).unwrap()).unwrap();
        assert_eq!(again, rule());
    }
}
