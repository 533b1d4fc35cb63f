//! What distinguishes two dead letters, even two of the same message: `<message id>~<16 hex digits>`.
//!
//! The digits are drawn at random when a message dies, so that a letter that comes back from a replay is another one.
//! A letter that the broker put here itself, or that an older version wrote, gets digits derived from what is written
//! on it; they are the same whenever it is browsed.

use sha2::{Digest, Sha256};

/// Separates the message id from the letter's own digits.
const SEPARATOR: char = '~';
const DIGITS: usize = 16;

/// The id of a letter that is born now.
#[must_use]
pub(crate) fn newborn(message_id: &str) -> String {
    format!("{message_id}{SEPARATOR}{:016x}", rand::random::<u64>())
}

/// The id of a letter without digits of its own.
#[must_use]
pub fn derived(message_id: &str, facts: &[&[u8]]) -> String {
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

/// The letter's own digits, by which plans know it; `None` when it has none.
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

    #[test]
    fn two_deaths_of_one_message_are_two_letters() {
        let (first, second) = (newborn("FormRecord:1:2:3"), newborn("FormRecord:1:2:3"));
        assert_ne!(first, second);
        assert_eq!(digits(&first).unwrap().len(), 16);
        assert!(means(&first, &first) && means("FormRecord:1:2:3", &first));
        assert!(means(digits(&first).unwrap(), &first) && !means(&second, &first));
    }

    #[test]
    fn derived_digits_stay_and_know_the_borders() {
        assert_eq!(derived("m", &[b"ab", b"c"]), derived("m", &[b"ab", b"c"]));
        assert_ne!(derived("m", &[b"ab", b"c"]), derived("m", &[b"a", b"bc"]));
        assert_eq!(digits("FormRecord:1:2:3"), None);
        assert_eq!(digits("foreign~id"), None);
    }
}
