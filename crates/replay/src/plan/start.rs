//! Where the handling of a letter's customer begins again: at the step that failed, at the mapping, or at the fetch.

use crate::{
    error::{Error, Result},
    repair::Repair,
};
use pipeline::stage::Stage;
use serde::Serialize;
use std::str::FromStr;

/// Where handling begins again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With the message of the letter, in the stage where it failed.
    Step,
    /// With the snapshot that the letter holds, or that transformers keep, which is mapped by today's mapping.
    Mapping,
    /// With fresh details of the customer.
    Fetch,
}

impl FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "step" => Ok(Self::Step),
            "mapping" => Ok(Self::Mapping),
            "fetch" => Ok(Self::Fetch),
            _ => Err(words::tr!("`{text}`: write step, mapping or fetch")),
        }
    }
}

impl Start {
    /// What `--remap` means, the older spelling: mapped anew from what the letter holds, else from a fresh detail.
    #[must_use]
    pub fn anew(stage: Stage) -> Self {
        match stage {
            Stage::Load => Self::Fetch,
            Stage::Extract | Stage::Transform => Self::Mapping,
        }
    }

    /// Where a plan of a stage with this repair begins.
    #[must_use]
    pub fn of(stage: Stage, repair: Option<&Repair>) -> Self {
        match (repair, stage) {
            (Some(Repair::Refetch), _) | (Some(Repair::Remap), Stage::Load) => Self::Fetch,
            (Some(Repair::Remap), Stage::Transform) | (Some(Repair::Kept), _) => Self::Mapping,
            _ => Self::Step,
        }
    }

    /// What is done to each letter of a stage so that it begins here; `None`: the letter goes back as it is.
    ///
    /// # Errors
    /// When the stage's letters hold nothing that could be begun with, with what can be done instead.
    pub fn repair(self, stage: Stage) -> Result<Option<Repair>> {
        let refused = |problem: &str| {
            Err(Error::Invalid {
                place: "--from mapping".to_owned(),
                problem: problem.to_owned(),
            })
        };
        match (self, stage) {
            (Self::Step, _) | (Self::Fetch, Stage::Extract) => Ok(None),
            (Self::Mapping, Stage::Transform) | (Self::Fetch, Stage::Load) => Ok(Some(Repair::Remap)),
            (Self::Fetch, Stage::Transform) => Ok(Some(Repair::Refetch)),
            (Self::Mapping, Stage::Extract) => refused(words::text!(
                "a letter of the extract stage holds nothing that could be mapped, for its fetch failed; say --from fetch"
            )),
            (Self::Mapping, Stage::Load) => Ok(Some(Repair::Kept)),
        }
    }

    /// Whether a letter of this stage costs a call for details.
    #[must_use]
    pub fn fetches(self, stage: Stage) -> bool {
        self == Self::Fetch || stage == Stage::Extract
    }

    /// In words, for letters of this stage.
    #[must_use]
    pub fn in_words(self, stage: &str) -> &'static str {
        match (self, stage) {
            (Self::Mapping, "load") => {
                words::text!("the mapping: the kept snapshot of the customer is mapped anew")
            }
            (Self::Mapping, _) => words::text!("the mapping: the snapshot in the letter is mapped anew"),
            (Self::Fetch, _) => words::text!("the fetch: the customer's details are fetched and mapped anew"),
            (Self::Step, "extract") => words::text!("the step that failed, which is the fetch"),
            (Self::Step, "transform") => words::text!("the step that failed, which is the mapping"),
            (Self::Step, "load") => words::text!("the step that failed, which is the write to the form"),
            (Self::Step, _) => words::text!("the step that failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_begins_where_it_can_and_says_what_else_can_be_done() {
        use Stage::{Extract, Load, Transform};
        for (start, stage, repair) in [
            (Start::Step, Extract, None),
            (Start::Step, Load, None),
            (Start::Fetch, Extract, None),
            (Start::Mapping, Transform, Some(Repair::Remap)),
            (Start::Fetch, Transform, Some(Repair::Refetch)),
            (Start::Fetch, Load, Some(Repair::Remap)),
            (Start::Mapping, Load, Some(Repair::Kept)),
        ] {
            assert_eq!(start.repair(stage).unwrap(), repair, "{start:?} {stage}");
            let begins = Start::of(stage, repair.as_ref());
            assert!(begins == start || (repair.is_none() && begins == Start::Step));
        }
        let refused = Start::Mapping.repair(Extract).unwrap_err().to_string();
        assert!(refused.contains("--from fetch"), "{refused}");
        assert_eq!("Fetch".parse::<Start>(), Ok(Start::Fetch));
        assert!("transform".parse::<Start>().is_err());
        assert_eq!(
            (Start::anew(Load), Start::anew(Transform)),
            (Start::Fetch, Start::Mapping)
        );
    }
}
