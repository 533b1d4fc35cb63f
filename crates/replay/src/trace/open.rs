//! Open dead letters of a customer of which the account of events says nothing: their deaths are older than what is kept, or
//! the broker has buried a message of many customers, which no program of ours has seen die.

use super::{
    Place, Standing,
    step::{Step, program},
};
use crate::{
    browse::Taken,
    error::Result,
    letter::Letter,
    query::{Query, Word},
    workspace::Workspace,
};
use pipeline::{failure::identity, stage::Stage, version::Version};
use std::ops::ControlFlow;

/// One that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLetter {
    /// Its stage.
    pub stage: Stage,
    /// Its id.
    pub id: String,
    /// Why it died.
    pub code: String,
    /// The state that died; `None`: that of whatever was under way, for it is a message of many customers.
    pub version: Option<String>,
}

impl OpenLetter {
    fn of(stage: Stage, letter: &Letter) -> Self {
        let record = &letter.record;
        Self {
            stage,
            id: record.id.clone(),
            code: record.code.clone(),
            version: letter.customers().is_empty().then(|| record.version.clone()),
        }
    }
}

/// The letters of a customer.
#[must_use]
pub fn of_customer(company: &str) -> Query {
    Query::of(Word::Key, company)
}

/// Walks over the dead letters of all stages.
///
/// # Errors
/// When the broker is away, or another operator browses for too long.
pub async fn open_letters(workspace: &Workspace, company: &str) -> Result<Vec<OpenLetter>> {
    let query = of_customer(company);
    let mut found = Vec::new();
    for stage in Stage::ALL {
        let browser = workspace.browse_at(stage, false, "trace").await?;
        let visit = async |Taken { letter, .. }: Taken| {
            if query.matches(&letter) {
                found.push(OpenLetter::of(stage, &letter));
            }
            Ok(ControlFlow::Continue(()))
        };
        browser.walk(visit).await?;
    }
    Ok(found)
}

impl Standing {
    /// Whether letters that nobody has told of could say more.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.place, Place::Unknown | Place::Queue | Place::Ladder)
    }

    /// With letters that are there, whatever the account of events says. One of the state that is said to be under way, or of
    /// a later one, is what has become of it.
    #[must_use]
    pub fn with_letters(mut self, steps: &[Step], found: &[OpenLetter]) -> Self {
        let version = |text: &str| text.parse::<Version>().unwrap_or_default();
        let newest = steps.iter().map(|step| version(&step.version)).max();
        let newest = newest.unwrap_or_default();
        for letter in found {
            if self.letters.contains(&letter.id) {
                continue;
            }
            self.letters.push(letter.id.clone());
            let waits = self.is_open() && self.stage == Some(letter.stage.name());
            let is_new = letter
                .version
                .as_deref()
                .is_none_or(|died| version(died) >= newest);
            if self.place == Place::Unknown || (waits && is_new) {
                self.dies_of(letter);
            }
        }
        self
    }

    fn dies_of(&mut self, letter: &OpenLetter) {
        let (stage, program) = (letter.stage, program(Some(letter.stage)));
        let id = identity::digits(&letter.id).unwrap_or(&letter.id);
        self.place = Place::Dead;
        self.stage = Some(stage.name());
        self.next_at = None;
        self.now = words::tr!("in the dead letters of the {stage} stage, {}", letter.code);
        self.next = words::tr!(
            "`{program} dead show {letter}` says everything; repair the cause, then `{program} dead replay --id {letter} --reason WHY`",
            letter = id
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::standing;
    use pipeline::events::{Event, Events, What};

    fn step(what: What, version: &str) -> Step {
        Step {
            stage: Some(Stage::Transform),
            what,
            version: version.to_owned(),
            attempt: 1,
            ..Step::new(&Events::default(), Event::default())
        }
    }

    fn letter(stage: Stage, version: Option<&str>) -> OpenLetter {
        OpenLetter {
            stage,
            id: format!("FormRecord:7~{}", "a".repeat(16)),
            code: "row-refused".into(),
            version: version.map(str::to_owned),
        }
    }

    #[test]
    fn a_letter_of_which_no_event_is_left_is_named() {
        let nothing = standing(&[]);
        assert!(nothing.is_open());
        let dead = nothing.with_letters(&[], &[letter(Stage::Load, Some("5:1"))]);
        assert_eq!(
            (dead.place, dead.stage, dead.letters.len()),
            (Place::Dead, Some("load"), 1)
        );
        assert!(dead.next.contains("loader dead show aaaa"), "{}", dead.next);
    }

    #[test]
    fn what_is_said_to_be_under_way_died_with_its_bundle_and_an_older_state_did_not_change_that() {
        // It is in the queue of the load stage.
        let steps = [step(What::Mapped, "9:1")];
        let with = |version| standing(&steps).with_letters(&steps, &[letter(Stage::Load, version)]);
        assert_eq!(with(None).place, Place::Dead);
        assert_eq!(with(Some("9:1")).place, Place::Dead);
        let older = with(Some("5:1"));
        assert_eq!((older.place, older.letters.len()), (Place::Queue, 1));
        let elsewhere = standing(&steps).with_letters(&steps, &[letter(Stage::Extract, None)]);
        assert_eq!(elsewhere.place, Place::Queue);
    }
}
