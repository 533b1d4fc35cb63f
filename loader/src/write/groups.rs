//! The work list of creates: groups that are still to be sent, and the ends of the members that are done.
//!
//! A group that is split puts its parts on the list before everything else, so that the rows of a batch are sent in
//! the order of their slots, however often they are divided.

use std::time::Instant;

use super::commit::{Ended, MemberEnd};
use crate::ledger::Member;

/// What a group has been through.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct History {
    /// It may have been sent before, by us or by a dead loader.
    pub(super) sent: bool,
    /// Answers with fewer rows so far.
    pub(super) partial: u32,
    /// Tried once more after a refusal without a reason.
    pub(super) retried: bool,
    /// When it, or a group that it was part of, was refused first.
    pub(super) refused: Option<Instant>,
    /// The same for answers that are no clear refusal of rows: once more is enough.
    pub(super) suspect: bool,
    /// How often the form was asked what has become of it.
    pub(super) rounds: u32,
    /// How often it, or a group that it was part of, was refused.
    pub(super) times: u32,
}

impl History {
    /// Of a part of a group that has been through this: it has a new transaction id.
    fn of_part(self) -> Self {
        Self {
            refused: self.refused,
            suspect: self.suspect,
            rounds: self.rounds,
            times: self.times,
            ..Self::default()
        }
    }

    /// It is refused now.
    pub(super) fn refused_at(&mut self) -> Instant {
        *self.refused.get_or_insert_with(Instant::now)
    }
}

/// Creates that are sent together, under one transaction id.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) members: Vec<Member>,
    pub(super) history: History,
    /// The last part of a refused group: the bad row is here when all ends since this place are good ones.
    bad_since: Option<usize>,
}

/// The work list.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The next one last.
    waiting: Vec<Group>,
    ends: Vec<Ended>,
}

impl Group {
    pub(super) fn new(members: Vec<Member>, history: History) -> Self {
        Self {
            members,
            history,
            bad_since: None,
        }
    }
}

impl Groups {
    /// These groups, in this order.
    pub(super) fn new(groups: Vec<Group>) -> Self {
        Self {
            waiting: groups.into_iter().rev().collect(),
            ends: Vec::new(),
        }
    }

    /// Takes the next group off the list.
    pub(super) fn next(&mut self) -> Option<Group> {
        self.waiting.pop()
    }

    /// The same group is sent again at once.
    pub(super) fn again(&mut self, members: Vec<Member>, history: History) {
        self.waiting.push(Group::new(members, history));
    }

    /// The parts of a group are next. `refused`: there is a bad row among them.
    pub(super) fn split(&mut self, parts: Vec<Vec<Member>>, history: History, refused: bool) {
        let first = self.waiting.len();
        let parts = parts.into_iter().rev();
        self.waiting
            .extend(parts.map(|members| Group::new(members, history.of_part())));
        // The one that is sent last is the first that was put on the list.
        if let Some(last) = self.waiting.get_mut(first).filter(|_| refused) {
            last.bad_since = Some(self.ends.len());
        }
    }

    pub(super) fn done(&mut self, ends: Vec<Ended>) {
        self.ends.extend(ends);
    }

    /// Whether sending the group as a whole would certainly be refused: the other parts have all landed.
    pub(super) fn is_refused_already(&self, group: &Group) -> bool {
        let landed = |(_, end): &Ended| matches!(end, MemberEnd::Landed | MemberEnd::Committed(_));
        group.members.len() > 1
            && group
                .bad_since
                .and_then(|since| self.ends.get(since..))
                .is_some_and(|since| since.iter().all(landed))
    }

    /// The ends of all members, once the list is empty.
    pub(super) fn into_ends(self) -> Vec<Ended> {
        self.ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Kind;

    fn members(slots: std::ops::Range<u32>) -> Vec<Member> {
        let member = |slot| Member {
            slot,
            kind: Kind::Create,
            company: slot.to_string(),
            hash: String::new(),
            row_id: String::new(),
            row: "{}".into(),
            transaction: String::new(),
            first_sent_ms: 0,
        };
        slots.map(member).collect()
    }

    fn next(groups: &mut Groups) -> (Vec<u32>, bool) {
        let group = groups.next().unwrap();
        let slots = group.members.iter().map(|member| member.slot).collect();
        (slots, groups.is_refused_already(&group))
    }

    #[test]
    fn parts_come_before_the_rest_and_in_order() {
        let history = History::default();
        let mut groups = Groups::new(vec![
            Group::new(members(0..4), history),
            Group::new(members(4..6), history),
        ]);
        assert_eq!(next(&mut groups).0, [0, 1, 2, 3]);
        groups.split(vec![members(0..2), members(2..4)], History::default(), true);
        assert_eq!(next(&mut groups).0, [0, 1]);
        groups.split(vec![members(0..1), members(1..2)], History::default(), true);
        for expected in [&[0][..], &[1], &[2, 3], &[4, 5]] {
            assert_eq!(next(&mut groups).0, expected);
        }
        assert!(groups.next().is_none());
    }

    #[test]
    fn the_last_part_is_not_sent_whole_when_the_others_landed() {
        let landed = |slots: std::ops::Range<u32>| slots.map(|slot| (slot, MemberEnd::Landed)).collect();
        let mut groups = Groups::default();
        groups.done(vec![(9, MemberEnd::Held)]);
        groups.split(vec![members(0..2), members(2..4)], History::default(), true);
        assert_eq!(next(&mut groups), (vec![0, 1], false));
        groups.done(landed(0..2));
        assert_eq!(next(&mut groups), (vec![2, 3], true));
        // The halves of that one: again one of them holds the bad row, but a single row is always sent.
        groups.split(vec![members(2..3), members(3..4)], History::default(), true);
        groups.next();
        groups.done(landed(2..3));
        assert_eq!(next(&mut groups), (vec![3], false));

        groups.split(vec![members(4..6), members(6..8)], History::default(), true);
        groups.next();
        groups.done(vec![(4, MemberEnd::Landed), (5, MemberEnd::Again)]);
        assert_eq!(next(&mut groups), (vec![6, 7], false), "the bad one was found");
        groups.split(vec![members(4..6), members(6..8)], History::default(), false);
        groups.next();
        groups.done(landed(4..6));
        assert_eq!(next(&mut groups), (vec![6, 7], false), "nothing was refused");
    }
}
