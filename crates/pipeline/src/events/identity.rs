//! Which events say the same thing twice: the id is derived from what happened, never drawn.

use crate::{message::Envelope, stage::Stage};
use proto::v1::What;
use sha2::{Digest, Sha256};

/// For so long a message that is parked again and again says so once.
pub(crate) const PARKED_ONCE_MS: i64 = 600_000;

/// First eight bytes of a digest of facts; lengths keep the borders between them.
fn id(facts: &[&[u8]]) -> u64 {
    let mut hash = Sha256::new();
    for fact in facts {
        hash.update((fact.len() as u64).to_be_bytes());
        hash.update(fact);
    }
    let digest = hash.finalize();
    digest[..8]
        .iter()
        .fold(0, |id, byte| (id << 8) | u64::from(*byte))
}

/// How a handling ends; two ends of one kind are a repeat.
const fn end(what: What) -> &'static [u8] {
    match what {
        What::Retried => b"retried",
        What::Parked => b"parked",
        What::Died => b"died",
        _ => b"done",
    }
}

/// Of one handling of a message: the same for each handling in the same attempt of the same life that ends in the same way.
pub(crate) fn settled(
    stage: Stage,
    envelope: &Envelope,
    attempt: u32,
    body: &[u8],
    what: What,
    at: i64,
) -> u64 {
    let replay = envelope.replay.as_deref().unwrap_or_default();
    // A message of others has no name; what it holds is one.
    let unnamed = if envelope.message_id.is_empty() { body } else { b"" };
    let period = match what {
        What::Parked => at / PARKED_ONCE_MS,
        _ => 0,
    };
    id(&[
        stage.name().as_bytes(),
        envelope.message_id.as_bytes(),
        unnamed,
        &envelope.replays.to_be_bytes(),
        replay.as_bytes(),
        &attempt.to_be_bytes(),
        end(what),
        &period.to_be_bytes(),
    ])
}

/// Of a message without a name that died: several of them may hold the same, and each is a letter of its own.
pub(super) fn unnamed_death(stage: Stage, letter: &str) -> u64 {
    id(&[stage.name().as_bytes(), end(What::Died), letter.as_bytes()])
}

/// Of a customer that a run has listed in this state.
pub(super) fn listed(run: &str, company: &str, update_time: i64, removed: bool) -> u64 {
    id(&[
        b"listed",
        run.as_bytes(),
        company.as_bytes(),
        &update_time.to_be_bytes(),
        &[u8::from(removed)],
    ])
}

/// Of a letter that an operation or a plan has moved, or of a row that it has given its key.
pub(super) fn moved(what: What, subject: &str, operation: &str) -> u64 {
    // One plan puts a letter back once, and whoever completes it may not know any more how it was changed.
    let way = match what {
        What::Edited => What::PutBack,
        other => other,
    };
    id(&[
        way.as_str_name().as_bytes(),
        subject.as_bytes(),
        operation.as_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            message_id: "FormRecord:1:2:3".into(),
            ..Envelope::default()
        }
    }

    #[test]
    fn a_repeat_has_the_same_id_and_a_new_life_another() {
        let of =
            |envelope: &Envelope, attempt, what, at| settled(Stage::Load, envelope, attempt, b"x", what, at);
        let created = of(&envelope(), 1, What::Created, 7);
        assert_eq!(created, of(&envelope(), 1, What::Written, 9), "handled again");
        let put_back = Envelope {
            replay: Some("plan/letter".into()),
            replays: 1,
            ..envelope()
        };
        for other in [
            of(&envelope(), 2, What::Created, 7),
            of(&envelope(), 1, What::Died, 7),
            of(&put_back, 1, What::Created, 7),
            settled(Stage::Extract, &envelope(), 1, b"x", What::Created, 7),
        ] {
            assert_ne!(created, other);
        }
    }

    #[test]
    fn who_waits_for_long_says_so_now_and_then() {
        let parked = |at| settled(Stage::Load, &envelope(), 1, b"", What::Parked, at);
        assert_eq!(parked(1), parked(PARKED_ONCE_MS - 1));
        assert_ne!(parked(1), parked(PARKED_ONCE_MS));
    }

    #[test]
    fn messages_without_a_name_are_told_apart_by_what_they_hold() {
        let died = |body: &[u8]| settled(Stage::Load, &Envelope::default(), 1, body, What::Died, 1);
        assert_ne!(died(b"a"), died(b"b"));
        let letter = |id| unnamed_death(Stage::Load, id);
        assert_ne!(letter("~000000000000000a"), letter("~000000000000000b"));
        assert_ne!(listed("r", "ab", 1, false), listed("ra", "b", 1, false));
        assert_ne!(moved(What::PutBack, "l", "p"), moved(What::Discarded, "l", "p"));
        assert_eq!(moved(What::PutBack, "l", "p"), moved(What::Edited, "l", "p"));
    }
}
