//! What distinguishes two dead letters, even two of the same message: `<message id>~<16 hex digits>`.
//!
//! The digits are derived from the death that the letter records: of which message, and of which life of it. A copy of a
//! message, which a killed process leaves behind, dies the same death and makes the same letter; whoever looks finds it
//! once. A message that a replay puts back lives again as that one letter of the replay, whatever plan sent it and how
//! often, so all copies of it die the same death, too.
//!
//! What has no identity of its own, a message without an id, gets digits at random when it dies here, and digits
//! derived from everything that is written on it when the broker put it here.

use crate::{
    message::{Death, Envelope},
    stage::Stage,
};
use sha2::{Digest, Sha256};

/// Separates the message id from the letter's own digits.
const SEPARATOR: char = '~';
const DIGITS: usize = 16;

/// The id of the letter that a message makes which dies at this stage.
#[must_use]
pub(crate) fn of_death(stage: Stage, envelope: &Envelope, body: &[u8]) -> String {
    known(stage, envelope, body)
        .unwrap_or_else(|| format!("{}{SEPARATOR}{:016x}", envelope.message_id, rand::random::<u64>()))
}

/// The id of a letter that the broker made, or that an older version wrote without digits.
#[must_use]
pub fn of_found(stage: Stage, envelope: &Envelope, body: &[u8], death: &Death) -> String {
    known(stage, envelope, body).unwrap_or_else(|| {
        let facts = [death.reason.as_bytes(), &death.at_ms.to_be_bytes(), body];
        derived(&envelope.message_id, &facts)
    })
}

/// `None`: nothing says which message it is.
fn known(stage: Stage, envelope: &Envelope, body: &[u8]) -> Option<String> {
    let id = envelope.message_id.as_str();
    let (stage, company) = (stage.name().as_bytes(), envelope.company_id.as_bytes());
    let letter = envelope.replay.as_deref().and_then(|tag| tag.split_once('/'));
    match letter {
        Some((_, letter)) if !letter.is_empty() => {
            Some(derived(id, &[b"again", stage, letter.as_bytes(), company]))
        }
        _ if id.is_empty() => None,
        _ => Some(derived(id, &[b"first", stage, id.as_bytes(), body])),
    }
}

fn derived(message_id: &str, facts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for fact in facts {
        // Lengths keep the borders between the facts.
        hash.update((fact.len() as u64).to_be_bytes());
        hash.update(fact);
    }
    let digits: String = hash.finalize()[..DIGITS / 2]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{message_id}{SEPARATOR}{digits}")
}

/// The letter's own digits; `None` when it has none.
#[must_use]
pub fn digits(id: &str) -> Option<&str> {
    let (_, digits) = id.rsplit_once(SEPARATOR)?;
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    (digits.len() == DIGITS && digits.chars().all(is_digit)).then_some(digits)
}

/// Whether `wanted`, as an operator typed it, means the letter: its id, its digits, or the id of its message.
#[must_use]
pub fn means(wanted: &str, id: &str) -> bool {
    wanted == id
        || digits(id).is_some_and(|digits| wanted == digits || wanted == &id[..id.len() - digits.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, replay: Option<&str>) -> Envelope {
        Envelope {
            message_id: id.to_owned(),
            company_id: "1".to_owned(),
            replay: replay.map(str::to_owned),
            ..Envelope::default()
        }
    }

    fn dies(message: &Envelope, body: &[u8]) -> String {
        of_death(Stage::Load, message, body)
    }

    #[test]
    fn copies_of_one_message_die_one_death_and_its_next_life_another() {
        let first = message("FormRecord:1:2:3", None);
        assert_eq!(dies(&first, b"a"), dies(&first, b"a"));
        assert_ne!(
            dies(&first, b"a"),
            dies(&first, b"b"),
            "another message of the same id"
        );
        assert_ne!(dies(&first, b"a"), of_death(Stage::Extract, &first, b"a"));
        let again = message("FormRecord:1:2:3", Some("p-1/00ff"));
        assert_ne!(dies(&first, b"a"), dies(&again, b"a"));
        // Put back a second time by another plan, because nobody knew of the first time; and fetched twice for it.
        let by_another = message("FormRecord:1:2:4", Some("p-2/00ff"));
        assert_eq!(digits(&dies(&again, b"a")), digits(&dies(&by_another, b"c")));
        assert_ne!(
            dies(&again, b"a"),
            dies(&message("FormRecord:1:2:3", Some("p-1/00fe")), b"a")
        );
    }

    #[test]
    fn who_made_the_letter_does_not_matter() {
        let (one, death) = (message("m", None), Death::default());
        assert_eq!(dies(&one, b"a"), of_found(Stage::Load, &one, b"a", &death));
    }

    #[test]
    fn what_has_no_identity_is_never_taken_for_a_copy() {
        let foreign = message("", None);
        assert_ne!(dies(&foreign, b"a"), dies(&foreign, b"a"));
        let found = |at_ms| {
            of_found(
                Stage::Load,
                &foreign,
                b"a",
                &Death {
                    reason: String::new(),
                    at_ms,
                },
            )
        };
        assert_eq!(found(1), found(1), "the same whenever it is browsed");
        assert_ne!(found(1), found(2));
    }

    #[test]
    fn a_letter_is_meant_by_each_of_its_names() {
        let id = dies(&message("FormRecord:1:2:3", None), b"a");
        assert_eq!(digits(&id).unwrap().len(), 16);
        assert!(means(&id, &id) && means("FormRecord:1:2:3", &id) && means(digits(&id).unwrap(), &id));
        assert_eq!(digits("FormRecord:1:2:3"), None);
        assert_eq!(digits("foreign~id"), None);
    }

    #[test]
    fn derived_digits_know_the_borders() {
        assert_ne!(derived("m", &[b"ab", b"c"]), derived("m", &[b"a", b"bc"]));
    }
}
