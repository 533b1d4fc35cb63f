//! What a loader does with a claimed batch: the write path (`write::create`, `write::update`) one call at a time.

use std::collections::BTreeSet;

use super::Message;
use super::vendor::{Answer, Call, Fault, Vendor, VendorRow};
use crate::ledger::{Change, Committed, Kind, LiveBatch, Member};

/// A member whose end is known and not committed yet.
pub(super) struct Ended {
    pub(super) committed: Committed,
    pub(super) company: String,
    /// A call of unknown outcome may still change the row.
    pub(super) verify: bool,
    /// Something was learned; the record is claimed again.
    pub(super) again: bool,
}

/// A batch that a loader works on.
pub(super) struct Work {
    pub(super) loader: usize,
    pub(super) live: LiveBatch,
    /// Members without an end.
    pub(super) open: Vec<Member>,
    pub(super) ends: Vec<Ended>,
    /// Groups that get new transaction ids next.
    pub(super) regroup: Vec<Vec<Member>>,
    /// Deliveries that are acknowledged at the end.
    pub(super) messages: Vec<Message>,
    /// No loader has sent any of it before.
    fresh: bool,
    /// Another loader has begun it, and nobody knows which of its calls are on their way.
    taken_over: bool,
    /// Transactions whose outcome is open.
    sent: BTreeSet<String>,
    /// Updates and removals whose outcome is open.
    unknown: BTreeSet<u32>,
}

impl Work {
    pub(super) fn new(
        loader: usize,
        live: LiveBatch,
        open: Vec<Member>,
        messages: Vec<Message>,
        fresh: bool,
    ) -> Self {
        Self {
            loader,
            live,
            open,
            messages,
            fresh,
            taken_over: !fresh,
            ends: Vec::new(),
            regroup: Vec::new(),
            sent: BTreeSet::new(),
            unknown: BTreeSet::new(),
        }
    }

    /// Every member's end is committed.
    pub(super) fn is_finished(&self) -> bool {
        self.open.is_empty() && self.ends.is_empty() && self.regroup.is_empty()
    }

    /// Every customer of the batch that has no committed end.
    pub(super) fn companies(&self) -> Vec<String> {
        let open = self.open.iter().chain(self.regroup.iter().flatten());
        let open = open.map(|member| member.company.clone());
        open.chain(self.ends.iter().map(|end| end.company.clone()))
            .collect()
    }

    /// The next call: a whole transaction, or one row. `forgotten`: the vendor does not know this transaction any more.
    pub(super) fn send(
        &mut self,
        vendor: &mut Vendor,
        forgotten: &dyn Fn(&str) -> bool,
        fault: Fault,
        applies: bool,
        now: i64,
    ) {
        let Some(first) = self.open.first().cloned() else {
            return;
        };
        if first.kind == Kind::Create {
            let (group, rest) = self
                .open
                .drain(..)
                .partition(|member| member.kind == Kind::Create && member.transaction == first.transaction);
            self.open = rest;
            self.create(vendor, group, forgotten(&first.transaction), fault, applies, now);
        } else {
            self.open.remove(0);
            self.single(vendor, first, fault, now);
        }
    }

    fn create(
        &mut self,
        vendor: &mut Vendor,
        group: Vec<Member>,
        forgotten: bool,
        fault: Fault,
        applies: bool,
        now: i64,
    ) {
        let transaction = group[0].transaction.clone();
        let again = !self.fresh || self.sent.contains(&transaction);
        let parted = group.iter().any(|member| member.first_sent_ms == 0);
        if again && (forgotten || parted) {
            return self.reconcile(vendor, group, applies, now);
        }
        let rows = group
            .iter()
            .map(|member| (member.company.clone(), member.hash.clone()))
            .collect();
        let call = Call::Create {
            transaction: transaction.clone(),
            rows,
        };
        match vendor.receive(&call, fault, now) {
            None => {
                if fault != Fault::Busy {
                    self.sent.insert(transaction);
                }
                self.open.extend(group);
            }
            Some(Answer::Created { count, .. }) if count < group.len() => {
                self.sent.insert(transaction);
                self.open.extend(group);
            }
            // What an id's place says is no more than a hint, and sometimes the form is asked instead.
            Some(Answer::Created { ids, .. }) if !again && ids.len() == group.len() && applies => {
                for (member, id) in group.iter().zip(ids) {
                    self.end(member, Change::Placed(id), false, false);
                }
            }
            Some(Answer::Created { .. }) => {
                wait_for(vendor, &group);
                for member in &group {
                    let row = found(vendor, member).expect("the vendor says that all rows exist");
                    self.end(member, Change::Landed(row.id), again, false);
                }
            }
            Some(_) if again => self.reconcile(vendor, group, applies, now),
            Some(_) => self.refused(vendor, group),
        }
    }

    /// What is there in spite of a refusal is not sent a second time.
    fn refused(&mut self, vendor: &mut Vendor, group: Vec<Member>) {
        let mut missing = self.those_missing(vendor, group);
        match missing.len() {
            0 => {}
            1 => self.end(&missing[0], Change::Freed, false, false),
            _ => {
                let right = missing.split_off(missing.len().div_ceil(2));
                self.regroup = vec![missing, right];
            }
        }
    }

    /// Waits until no earlier call can land any more, asks the form, and makes what is missing under a new id.
    fn reconcile(&mut self, vendor: &mut Vendor, group: Vec<Member>, applies: bool, now: i64) {
        let concerned =
            |call: &Call, vendor: &Vendor| group.iter().any(|member| vendor.concerns(call, &member.company));
        vendor.land(concerned, applies, now);
        let missing = self.those_missing(vendor, group);
        if !missing.is_empty() {
            self.regroup = vec![missing];
        }
    }

    /// Rows that are there end their members; the others are returned.
    fn those_missing(&mut self, vendor: &mut Vendor, group: Vec<Member>) -> Vec<Member> {
        wait_for(vendor, &group);
        let mut missing = Vec::new();
        for member in group {
            match found(vendor, &member) {
                Some(row) if row.hash == member.hash => {
                    self.end(&member, Change::Landed(row.id), true, false)
                }
                Some(row) => self.end(&member, Change::Found(row.id, 1), true, true),
                None => missing.push(member),
            }
        }
        missing
    }

    fn single(&mut self, vendor: &mut Vendor, mut member: Member, fault: Fault, now: i64) {
        if let Some(id) = member.unproven().map(str::to_owned) {
            match vendor.rows_of(&member.company).first() {
                Some(row) if row.id == id => member.row_id = id,
                Some(row) => return self.end(&member, Change::Found(row.id.clone(), 0), false, true),
                // Not seen is not gone.
                None if vendor.hides(&member.company) => {
                    return self.end(&member, Change::PutOff, false, true);
                }
                // Another customer's row.
                None if vendor.owner_of(&id).is_some() => {
                    return self.end(&member, Change::Gone, false, true);
                }
                // The answer says whether there is such a row.
                None => member.row_id = id,
            }
        }
        let (id, hash) = (member.row_id.clone(), member.hash.clone());
        let call = match member.kind {
            Kind::Remove => Call::Delete { id },
            _ => Call::Update { id, hash },
        };
        let again = !self.fresh || self.unknown.contains(&member.slot);
        match (vendor.receive(&call, fault, now), member.kind) {
            (None, _) => {
                if fault != Fault::Busy {
                    self.unknown.insert(member.slot);
                }
                self.open.push(member);
            }
            (Some(Answer::Done | Answer::Gone), Kind::Remove) => {
                self.end(&member, Change::Removed, again, false)
            }
            (Some(Answer::Done), _) => {
                self.end(&member, Change::Landed(member.row_id.clone()), again, false);
            }
            (Some(Answer::Gone), _) => match found(vendor, &member) {
                Some(row) => self.end(&member, Change::Found(row.id, 0), again, true),
                None => self.end(&member, Change::Gone, again, true),
            },
            // Refused, and perhaps done all the same.
            (Some(_), kind) => match (found(vendor, &member), kind) {
                (None, Kind::Remove) if !vendor.hides(&member.company) => {
                    self.end(&member, Change::Removed, true, false)
                }
                (Some(row), Kind::Update) if row.id == member.row_id && row.hash == member.hash => {
                    self.end(&member, Change::Landed(row.id), true, false)
                }
                _ => self.end(&member, Change::Freed, again, false),
            },
        }
    }

    fn end(&mut self, member: &Member, change: Change, verify: bool, again: bool) {
        let committed = Committed {
            slot: member.slot,
            change,
        };
        self.ends.push(Ended {
            committed,
            company: member.company.clone(),
            verify: verify || self.taken_over,
            again,
        });
    }

    /// The groups have their new ids: nothing of them was sent before.
    pub(super) fn regrouped(&mut self, groups: Vec<Vec<Member>>) {
        self.fresh_groups(&groups);
        self.open.extend(groups.into_iter().flatten());
    }

    fn fresh_groups(&mut self, groups: &[Vec<Member>]) {
        // What is left of a batch that was taken over keeps its history by being unknown.
        if !self.fresh {
            self.fresh = true;
            self.sent
                .extend(self.open.iter().map(|member| member.transaction.clone()));
            self.unknown.extend(self.open.iter().map(|member| member.slot));
        }
        for member in groups.iter().flatten() {
            self.sent.remove(&member.transaction);
        }
    }
}

/// These rows are looked for until nothing that was confirmed can be missing any more.
fn wait_for(vendor: &mut Vendor, group: &[Member]) {
    vendor.show(|company| group.iter().any(|member| member.company == company));
}

/// The row of the customer that is ours: the one with our content, else the oldest.
fn found(vendor: &Vendor, member: &Member) -> Option<VendorRow> {
    let rows = vendor.rows_of(&member.company);
    let own = rows.iter().find(|row| row.hash == member.hash);
    own.or(rows.first()).map(|row| (*row).clone())
}
