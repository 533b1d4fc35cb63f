//! A look that a call has outlived: what a customer has in the form is asked once more before a row is made, and whose a
//! row is before it is changed, when the call has waited for a gate, a trial or the quota since (I2). People and other
//! programs make and move rows, too, and most of all while the loader does not.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::find::Looked;
use super::groups::{Groups, History};
use crate::ledger::{Change, Member};

/// How old a look may be; the same as in `claim.lua`.
const LOOKED_FOR: Duration = Duration::from_secs(30);
/// How often a look may make the next one old enough to be left out: waits grow, and there is an end.
const LONGEST: u32 = 6;

/// The last look before a call.
pub(super) struct FreshLook {
    /// When it began, if there was one, and how often it was repeated.
    last: Mutex<(Option<Instant>, u32)>,
}

impl FreshLook {
    /// The claim came right behind the first one.
    pub(super) fn since(claimed: Instant) -> Self {
        Self {
            last: Mutex::new((Some(claimed), 0)),
        }
    }

    /// Another loader has looked, and nobody knows when.
    pub(super) fn never() -> Self {
        Self {
            last: Mutex::new((None, 0)),
        }
    }

    /// Whether it has to be repeated. Each time it may be older, because the next one takes no less time.
    pub(super) fn is_old(&self) -> bool {
        let (last, times) = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|last| last.elapsed() > LOOKED_FOR * 2_u32.pow(times.min(LONGEST)))
    }

    pub(super) fn repeated(&self, began: Instant, found_nothing: bool) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (Some(began), last.1 + u32::from(found_nothing));
    }
}

/// What a repeated look says about a group.
pub(super) enum Again {
    /// Nobody has a row.
    Nobody,
    /// Somebody has one by now.
    Somebody(Box<Looked>),
    /// The form cannot be read now.
    Unknown,
}

impl Writer {
    /// Looks once more, in every spelling of the keys.
    pub(super) async fn look_once_more(
        &self,
        work: &Work<'_>,
        members: &[Member],
        fresh: &FreshLook,
    ) -> Again {
        let Some(recognition) = &work.recognition else {
            // Nobody can tell; nothing was looked up before the claim either.
            fresh.repeated(Instant::now(), true);
            return Again::Nobody;
        };
        let began = Instant::now();
        let Some(looked) = self.look_thoroughly(work, recognition, members).await else {
            return Again::Unknown;
        };
        let nobody = looked.rows.is_empty() && looked.unreadable.is_empty();
        // It counts from its end, as that of a claim does.
        fresh.repeated(if nobody { Instant::now() } else { began }, nobody);
        match nobody {
            true => Again::Nobody,
            false => Again::Somebody(Box::new(looked)),
        }
    }

    /// Members that have a row by now end with it; the others are made.
    pub(super) async fn turned_up(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        history: History,
        looked: Looked,
    ) {
        let (ended, missing) = self.settle_turned_up(work, members, looked).await;
        groups.done(ended);
        if !missing.is_empty() {
            self.divide(work, groups, vec![missing], history, false).await;
        }
    }

    /// The ends of those that have a row by now, and the others.
    pub(super) async fn settle_turned_up(
        &self,
        work: &Work<'_>,
        members: Vec<Member>,
        looked: Looked,
    ) -> (Vec<Ended>, Vec<Member>) {
        let (members, mut ended) = self.without_unreadable(work, members, &looked).await;
        let slots: HashSet<u32> = looked.rows.keys().copied().collect();
        tracing::info!(
            rows = slots.len(),
            "rows were made by others while ours waited to be sent; they are taken over"
        );
        let found = looked.clone().own(&members);
        let ends = members.iter().filter_map(|member| {
            let row = found.get(&member.slot)?;
            Some(match row.hash() == member.hash {
                true => (member, Change::Landed(row.id.clone()), MemberEnd::Landed),
                // No loader can have written to a row whose customer is claimed: the record is newer.
                false => (member, Change::Found(row.id.clone(), 0), MemberEnd::Again),
            })
        });
        let ends = self.commit(work, ends.collect(), false).await;
        let is_held = ends.iter().any(|(_, end)| matches!(end, MemberEnd::Held));
        ended.extend(ends);
        let mut missing = members.clone();
        missing.retain(|member| !found.contains_key(&member.slot));
        // The ledger knows only now which of several is kept.
        self.note_twins(&members, &looked).await;
        match is_held {
            true => {
                ended.extend(all(&missing, &MemberEnd::Held));
                (ended, Vec::new())
            }
            false => (ended, missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_old_when_nobody_here_took_it_and_fresh_once_it_is_repeated() {
        assert!(!FreshLook::since(Instant::now()).is_old());
        let fresh = FreshLook::never();
        assert!(fresh.is_old());
        fresh.repeated(Instant::now(), true);
        assert!(!fresh.is_old());
    }
}
