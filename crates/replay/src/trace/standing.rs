//! Where a customer is now, by what happened to it, and what comes next.

mod words_of;

use super::step::{Step, program, told};
use pipeline::{
    disposition::{left_filter, skip},
    events::What,
    stage::Stage,
    version::Version,
};
use serde::Serialize;
use words_of::{cause, dropped, is_told, ladder, left, skipped};

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The account of events says nothing that tells.
    Unknown,
    /// In the queue of a stage.
    Queue,
    /// On the retry ladder of a stage, until a time.
    Ladder,
    /// In the dead letters of a stage.
    Dead,
    /// In the archive of a stage.
    Archive,
    /// In the form.
    Form,
    /// Removed, as its row is.
    Removed,
    /// Dropped by a rule.
    Filtered,
    /// Taken away by a comparison, which has found it in no listing.
    Unlisted,
    /// Listed, and not shown.
    Missing,
}

/// Where a customer is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The kind of place.
    pub place: Place,
    /// The stage that it belongs to.
    pub stage: Option<&'static str>,
    /// The place in words, with what is known of it.
    pub now: String,
    /// What comes next, or what can be done, in words.
    pub next: String,
    /// Unix milliseconds of the next attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<i64>,
    /// Open dead letters, the oldest first; an older state may be dead while a newer one is in the form.
    pub letters: Vec<String>,
}

/// Judges by the steps in their order.
#[must_use]
pub fn standing(steps: &[Step]) -> Standing {
    let mut course = Course::default();
    for step in steps {
        course.go_on(step);
    }
    let letters = course.letters.iter().map(|step| step.letter_id.clone()).collect();
    // What is under way counts more than what another message of the customer came to.
    let open = course.open.last().map(|(_, step)| *step);
    judged(open.or(course.settled).or(course.idle), letters)
}

/// What is left of the steps so far.
#[derive(Default)]
struct Course<'a> {
    /// Messages under way: the stage whose turn it is, and the step that says so.
    open: Vec<(Stage, &'a Step)>,
    /// What the last message came to.
    settled: Option<&'a Step>,
    /// A message that there was nothing to do for.
    idle: Option<&'a Step>,
    /// Open dead letters.
    letters: Vec<&'a Step>,
    /// The newest state that was written.
    written: Option<Version>,
}

impl<'a> Course<'a> {
    fn go_on(&mut self, step: &'a Step) {
        let Some(stage) = step.stage else { return };
        // A stage counts its attempts; others have taken no message.
        if step.attempt > 0 {
            // It has taken the run's message.
            self.open
                .retain(|(at, other)| *at != stage || other.run_id != step.run_id);
        }
        if is_move(step.what) || step.what == What::Died {
            self.letters.retain(|letter| letter.letter_id != step.letter_id);
        }
        match step.what {
            What::Listed | What::Refetched => self.open.push((Stage::Extract, step)),
            What::Fetched => self.open.push((Stage::Transform, step)),
            What::Mapped => self.open.push((Stage::Load, step)),
            What::Retried | What::Parked | What::PutBack | What::Edited => self.open.push((stage, step)),
            What::Skipped if step.reason == skip::UNKNOWN => {
                // Since when: the first of them in a row.
                let is_known = self.settled.is_some_and(|before| before.reason == step.reason);
                self.settled = if is_known { self.settled } else { Some(step) };
            }
            What::Skipped | What::Duplicate | What::Superseded => self.idle = Some(step),
            What::Died | What::Restored | What::Imported => {
                self.letters.push(step);
                self.settle(step);
            }
            What::Created | What::Updated | What::Unchanged | What::Written | What::Removed => {
                // What is older and was not heard of again can only be superseded.
                let newer = |other: &Step| version(other) > version(step);
                self.open.retain(|(_, other)| newer(other));
                self.written = self.written.max(Some(version(step)));
                self.settled = Some(step);
            }
            What::Discarded => self.settle(step),
            What::Missing | What::Filtered | What::Adopted => self.settled = Some(step),
            What::Forwarded | What::Unspecified => {}
        }
    }
}

impl<'a> Course<'a> {
    /// What becomes of the letter of a state that is not newer than what was written says nothing of where the customer is.
    fn settle(&mut self, step: &'a Step) {
        if self.written.is_none_or(|written| version(step) > written) {
            self.settled = Some(step);
        }
    }
}

/// Done by an operator to a letter.
const fn is_move(what: What) -> bool {
    matches!(
        what,
        What::PutBack | What::Edited | What::Discarded | What::Restored | What::Imported
    )
}

fn version(step: &Step) -> Version {
    step.version.parse().unwrap_or_default()
}

fn judged(by: Option<&Step>, letters: Vec<String>) -> Standing {
    let Some(step) = by else {
        return Standing {
            place: Place::Unknown,
            stage: None,
            now: words::text!("the account of events says nothing of this customer").into(),
            next: words::text!("it is listed when it changes; `extractor fetch` shows what OKKI says of it, `extractor sync --since` lists what changed since")
                .into(),
            next_at: None,
            letters,
        };
    };
    // Whatever was done to the row of who is in no listing.
    let (place, at, now) = match left_filter::row(&step.reason) {
        Some((row, true)) => left(step.stage, row, true),
        _ => place(step),
    };
    Standing {
        next: next(&place, at, step, &letters),
        stage: at.map(Stage::name),
        next_at: step.next_at.filter(|_| place == Place::Ladder),
        place,
        now,
        letters,
    }
}

/// The place that a step leads to, whose it is, and the same in words.
fn place(step: &Step) -> (Place, Option<Stage>, String) {
    let row = match step.row_id.as_str() {
        "" => String::new(),
        id => words::tr!(", row {id}"),
    };
    let queue = |stage: Stage| {
        let now = words::tr!("in the queue of the {stage} stage");
        (Place::Queue, Some(stage), now)
    };
    let Some(stage) = step.stage else {
        return (
            Place::Unknown,
            None,
            words::text!("handled by a newer program").into(),
        );
    };
    let own = Some(stage);
    match step.what {
        What::Listed | What::Refetched => queue(Stage::Extract),
        What::Fetched => queue(Stage::Transform),
        What::Mapped => queue(Stage::Load),
        What::PutBack | What::Edited => queue(stage),
        What::Retried | What::Parked => (Place::Ladder, own, ladder(step, stage)),
        What::Died | What::Restored | What::Imported => {
            let now = words::tr!("in the dead letters of the {stage} stage, {}", cause(step));
            (Place::Dead, own, now)
        }
        What::Discarded => {
            let now = words::tr!("in the archive of the {stage} stage since {}", step.plan_id);
            (Place::Archive, own, now)
        }
        What::Created | What::Updated | What::Unchanged | What::Written | What::Adopted => {
            (Place::Form, own, words::tr!("in the form{row}"))
        }
        What::Removed => (
            Place::Removed,
            own,
            words::text!("removed, and so is its row").into(),
        ),
        What::Filtered => dropped(step, stage),
        What::Missing => (
            Place::Missing,
            own,
            words::text!("listed by OKKI, which does not show it").into(),
        ),
        What::Skipped if is_told(&step.reason) => skipped(step, stage),
        What::Skipped | What::Duplicate | What::Superseded => {
            let now = words::tr!(
                "nothing was to be done ({}): this state or a newer one came before",
                told(step.what)
            );
            (Place::Form, own, now)
        }
        What::Forwarded | What::Unspecified => {
            (Place::Unknown, own, words::tr!("handled by the {stage} stage"))
        }
    }
}

/// What comes next.
fn next(place: &Place, stage: Option<Stage>, step: &Step, letters: &[String]) -> String {
    let program = program(stage);
    let old = |text: String| match letters.first() {
        Some(letter) => words::tr!(
            "{text}; an older state lies in the dead letters ({letter}), which a replay reports as superseded and `dead discard` puts away"
        ),
        None => text,
    };
    match place {
        Place::Unknown => words::text!("programs of a newer version know more").to_owned(),
        Place::Queue => old(words::tr!(
            "the {program} takes it when its turn comes; when it stays, `{program} doctor` says why"
        )),
        Place::Ladder => old(words::tr!("it comes back to the {program} by itself")),
        Place::Dead => words::tr!(
            "`{program} dead show {letter}` says everything; repair the cause, then `{program} dead replay --id {letter} --reason WHY`",
            letter = digits(&step.letter_id)
        ),
        Place::Archive => words::tr!(
            "`{program} dead undo {} --reason WHY` brings it back",
            step.plan_id
        ),
        Place::Form | Place::Removed => old(words::text!("nothing to do").to_owned()),
        Place::Filtered => old(words::text!("nothing to do, unless the rule is wrong").to_owned()),
        Place::Unlisted => old(words::text!(
            "nothing to do, unless the listing's filter is wrong; when it is listed again it comes back by itself"
        )
        .to_owned()),
        Place::Missing if step.reason == skip::UNKNOWN => words::text!(
            "look in OKKI whether it is there and the application may see it; listed again it comes by itself, and a row that is left `extractor reconcile --fix` treats as ON_REMOVAL says"
        )
        .to_owned(),
        Place::Missing => words::text!("the remedy runs of the extractor ask for it again").to_owned(),
    }
}

/// By these people know a letter.
fn digits(letter: &str) -> &str {
    pipeline::failure::identity::digits(letter).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(all: &[(Stage, What, &str, i64)]) -> Vec<Step> {
        let step = |(at, (stage, what, run, version)): (usize, &(Stage, What, &str, i64))| Step {
            at: i64::try_from(at).unwrap(),
            stage: Some(*stage),
            what: *what,
            version: format!("{version}:1"),
            run_id: (*run).to_owned(),
            attempt: 1,
            reason: "row-refused".into(),
            letter_id: format!("FormRecord:7:{version}~{}", "a".repeat(16)),
            plan_id: "d-1".into(),
            row_id: "r1".into(),
            next_at: matches!(what, What::Retried | What::Parked).then_some(60_000),
            ..Step::new(
                &pipeline::events::Events::default(),
                pipeline::events::Event::default(),
            )
        };
        all.iter().enumerate().map(step).collect()
    }

    fn place_of(all: &[(Stage, What, &str, i64)]) -> (Place, Option<&'static str>) {
        let standing = standing(&steps(all));
        (standing.place, standing.stage)
    }

    const THROUGH: [(Stage, What, &str, i64); 4] = [
        (Stage::Extract, What::Listed, "r", 5),
        (Stage::Extract, What::Fetched, "r", 5),
        (Stage::Transform, What::Mapped, "r", 5),
        (Stage::Load, What::Created, "r", 5),
    ];

    #[test]
    fn each_step_of_the_way_is_a_place() {
        let stages = ["extract", "transform", "load", "load"];
        for (count, stage) in (1..=4).zip(stages) {
            let expected = if count == 4 { Place::Form } else { Place::Queue };
            assert_eq!(place_of(&THROUGH[..count]), (expected, Some(stage)));
        }
        assert_eq!(standing(&[]).place, Place::Unknown);
    }

    #[test]
    fn a_later_listing_that_needs_no_work_changes_no_place() {
        let listed = (Stage::Extract, What::Listed, "r2", 5);
        let skipped = (Stage::Extract, What::Skipped, "r2", 5);
        let again = [&THROUGH[..], &[listed, skipped]].concat();
        assert_eq!(place_of(&again).0, Place::Form);
        // Also while the first one is still on its way.
        let again = [&THROUGH[..3], &[listed, skipped]].concat();
        assert_eq!(place_of(&again), (Place::Queue, Some("load")));
        let copy = (Stage::Transform, What::Duplicate, "r", 5);
        assert_eq!(
            place_of(&[&THROUGH[..3], &[copy]].concat()),
            (Place::Queue, Some("load"))
        );
        assert_eq!(place_of(&[listed, skipped]).0, Place::Form);
    }

    #[test]
    fn who_is_unknown_to_okki_or_outside_is_not_told_as_in_order() {
        let told = |way: &[(Stage, What, &str, i64)], reason: &str| {
            let skipped = (Stage::Extract, What::Skipped, "r2", 0);
            let mut all = steps(&[way, &[skipped]].concat());
            all.last_mut().unwrap().reason = reason.to_owned();
            standing(&all)
        };
        let unknown = told(&[], skip::UNKNOWN);
        assert_eq!(unknown.place, Place::Missing);
        assert!(
            unknown.now.contains("does not know") && unknown.next.contains("look in OKKI"),
            "{unknown:?}"
        );
        assert_eq!(
            told(&THROUGH, skip::UNKNOWN).place,
            Place::Missing,
            "its row says less"
        );
        let outside = told(&[], skip::OUTSIDE);
        assert_eq!(outside.place, Place::Filtered);
        assert!(outside.now.contains("filter"), "{outside:?}");
        assert_eq!(told(&THROUGH, skip::OUTSIDE).place, Place::Form);
        assert_eq!(told(&[], skip::NOT_NEWER).place, Place::Form);
        assert!(told(&[], skip::STILL_SHOWN).now.contains("its row stays"));
    }

    #[test]
    fn a_ladder_has_the_time_of_the_next_attempt() {
        let retried = (Stage::Load, What::Retried, "r", 5);
        let waits = standing(&steps(&[&THROUGH[..3], &[retried]].concat()));
        assert_eq!((waits.place, waits.next_at), (Place::Ladder, Some(60_000)));
        assert!(
            waits.now.contains("row-refused") && waits.now.contains("attempt 1"),
            "{}",
            waits.now
        );
        let through = [&THROUGH[..3], &[retried], &THROUGH[3..]].concat();
        assert_eq!(place_of(&through).0, Place::Form);
    }

    #[test]
    fn a_letter_is_open_until_somebody_moves_it() {
        let died = [&THROUGH[..3], &[(Stage::Load, What::Died, "r", 5)]].concat();
        let dead = standing(&steps(&died));
        assert_eq!((dead.place, dead.letters.len()), (Place::Dead, 1));
        assert!(dead.next.contains("loader dead show aaaa"), "{}", dead.next);
        let with = |what| [&died[..], &[(Stage::Load, what, "r", 5)]].concat();
        assert_eq!(place_of(&with(What::PutBack)), (Place::Queue, Some("load")));
        assert_eq!(place_of(&with(What::Discarded)).0, Place::Archive);
        assert_eq!(
            place_of(&[with(What::Discarded), vec![(Stage::Load, What::Restored, "r", 5)]].concat()).0,
            Place::Dead
        );
        assert_eq!(
            place_of(&[with(What::Edited), vec![(Stage::Load, What::Created, "r", 5)]].concat()).0,
            Place::Form
        );
        // A newer state came through beside it.
        let newer = [&died[..], &[(Stage::Load, What::Created, "r2", 9)]].concat();
        let form = standing(&steps(&newer));
        assert_eq!((form.place, form.letters.len()), (Place::Form, 1));
        assert!(form.next.contains("older state"), "{}", form.next);
    }

    #[test]
    fn what_becomes_of_an_old_letter_moves_nobody() {
        let died = (Stage::Load, What::Died, "r", 5);
        let form = [&THROUGH[..3], &[died, (Stage::Load, What::Created, "r2", 9)]].concat();
        for what in [What::Discarded, What::Restored, What::Imported, What::Died] {
            let moved = [&form[..], &[(Stage::Load, what, "r", 5)]].concat();
            assert_eq!(place_of(&moved).0, Place::Form, "{what:?}");
            let newer = [&form[..], &[(Stage::Load, what, "r3", 10)]].concat();
            assert_ne!(place_of(&newer).0, Place::Form, "{what:?}");
        }
    }

    #[test]
    fn a_gap_leaves_nobody_on_the_way_for_ever() {
        // The end of the first run is lost.
        let gap = [&THROUGH[..3], &[(Stage::Load, What::Updated, "r2", 9)]].concat();
        assert_eq!(place_of(&gap).0, Place::Form);
    }
}
