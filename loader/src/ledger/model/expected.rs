//! The ledger as it should be: the same questions and answers as the scripts, in plain Rust and without Redis.

use std::collections::{BTreeMap, BTreeSet};

use super::Message;
use super::vendor::VendorRow;
use crate::ledger::{Change, Claim, Committed, Touch, TouchJudged};

/// What is known of a customer.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) id: Option<String>,
    pub(super) version: Option<String>,
    pub(super) hash: Option<String>,
    pub(super) batch: Option<String>,
    pub(super) floor: Option<u64>,
    /// In this epoch of the index.
    pub(super) seen: bool,
    /// Somebody was found to have deleted it, in this epoch.
    pub(super) gone: bool,
    /// The customer is being fetched again; a second request may have to wait.
    pub(super) asked: bool,
    /// The id was taken from an answer by its place.
    pub(super) placed: bool,
    /// The record of this version found nothing to do.
    pub(super) unchanged: bool,
    /// A look has shown lately that there is no row.
    pub(super) looked: bool,
}

impl Row {
    /// The row id as a claim says it.
    fn target(&self, id: &str) -> String {
        match self.placed {
            true => format!("?{id}"),
            false => id.to_owned(),
        }
    }
}

/// A member of a batch: kind, company, version, hash, row id as the script packs them, and the row.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) packed: [String; 5],
    pub(super) row: String,
    pub(super) transaction: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct ExpectedBatch {
    pub(super) owner: String,
    pub(super) fence: u64,
    lapsed: bool,
    pub(super) slots: BTreeMap<u32, Slot>,
}

/// Everything that Redis holds of one form.
#[derive(Debug, Default, Clone)]
pub(super) struct ExpectedLedger {
    pub(super) epoch: Option<String>,
    /// No call of a loader that worked with the index before can land any more.
    pub(super) settled: bool,
    /// The form was read to its end.
    pub(super) complete: bool,
    /// The last row that the walk has read.
    pub(super) cursor: String,
    pub(super) verify: BTreeSet<String>,
    pub(super) rows: BTreeMap<String, Row>,
    pub(super) batches: BTreeMap<String, ExpectedBatch>,
    fences: u64,
    floor: u64,
}

impl ExpectedLedger {
    /// Whether a loader that believes in this index gets answers.
    pub(super) fn answers(&self, epoch: &str) -> bool {
        self.epoch.as_deref() == Some(epoch)
    }

    /// The rows that have to be looked up before these messages can be claimed, with the ids of before.
    pub(super) fn unseen(&self, messages: &[Message]) -> Vec<(String, String)> {
        let unseen = |message: &Message| {
            let known = self.rows.get(&message.company).cloned().unwrap_or_default();
            let stale = known.version.is_some_and(|known| message.version() < known);
            let held = known.batch.is_some_and(|batch| self.batches.contains_key(&batch));
            let absent = !message.removed && known.id.is_none() && !held && !known.looked;
            let unseen = !stale && (!known.seen || absent);
            let hint = known.id.filter(|_| !known.placed).unwrap_or_default();
            unseen.then(|| (message.company.clone(), hint))
        };
        messages.iter().filter_map(unseen).collect()
    }

    pub(super) fn claim(
        &mut self,
        owner: &str,
        batch: &str,
        transaction: &str,
        messages: &[Message],
    ) -> Vec<Claim> {
        let mut taken = BTreeMap::new();
        let mut claims = Vec::new();
        for (slot, message) in (0u32..).zip(messages) {
            let claim = self.claim_one(message);
            let (kind, id, hash) = match &claim {
                Claim::Create => ("c", "", message.hash.as_str()),
                Claim::Update(id) => ("u", id.as_str(), message.hash.as_str()),
                Claim::Remove(id) => ("r", id.as_str(), ""),
                _ => ("", "", ""),
            };
            if !kind.is_empty() {
                let packed = [kind, &message.company, &message.version(), hash, id].map(str::to_owned);
                let row = if kind == "r" { String::new() } else { message.row() };
                let transaction = (kind == "c").then(|| transaction.to_owned());
                taken.insert(
                    slot,
                    Slot {
                        packed,
                        row,
                        transaction,
                    },
                );
            }
            claims.push(claim);
        }
        if !taken.is_empty() {
            self.fences += 1;
            for slot in taken.values() {
                let row = self.rows.entry(slot.packed[1].clone()).or_default();
                (row.batch, row.seen, row.gone) = (Some(batch.to_owned()), true, false);
            }
            let held = ExpectedBatch {
                owner: owner.to_owned(),
                fence: self.fences,
                lapsed: false,
                slots: taken,
            };
            self.batches.insert(batch.to_owned(), held);
        }
        claims
    }

    fn claim_one(&mut self, message: &Message) -> Claim {
        let known = self.rows.get(&message.company).cloned().unwrap_or_default();
        let version = message.version();
        let doubtful = known.floor.is_some_and(|floor| message.sequence() <= floor);
        if known.version.as_ref().is_some_and(|known| version < *known) {
            return Claim::Stale;
        }
        if let Some((name, held)) = known
            .batch
            .as_ref()
            .and_then(|name| Some((name, self.batches.get(name)?)))
        {
            return match held.lapsed {
                true => Claim::Orphaned(name.clone()),
                false => Claim::Busy(name.clone(), held.owner.clone()),
            };
        }
        let landed = known.version.as_ref() == Some(&version) && !known.unchanged;
        match (&known.id, message.removed) {
            (Some(_), false) if known.hash.as_ref() == Some(&message.hash) => {
                self.settle(message, doubtful, landed);
                if landed { Claim::Landed } else { Claim::Unchanged }
            }
            (None, true) => {
                self.settle(message, doubtful, landed);
                if landed { Claim::Landed } else { Claim::Absent }
            }
            _ if doubtful => match std::mem::replace(&mut self.row(message).asked, true) {
                true => Claim::Later,
                false => Claim::Refetch,
            },
            (Some(id), true) => Claim::Remove(known.target(id)),
            (Some(id), false) => Claim::Update(known.target(id)),
            // A call of unknown outcome may still make the row, or has made it.
            (None, false) if self.verify.contains(&message.company) => {
                Claim::Busy(String::new(), String::new())
            }
            (None, false) => Claim::Create,
        }
    }

    fn row(&mut self, message: &Message) -> &mut Row {
        self.rows.entry(message.company.clone()).or_default()
    }

    /// Nothing has to be written for this message.
    fn settle(&mut self, message: &Message, doubtful: bool, landed: bool) {
        let row = self.row(message);
        (row.version, row.unchanged) = (Some(message.version()), !landed);
        if !doubtful {
            (row.floor, row.asked) = (None, false);
        }
    }

    /// `false` when the caller does not own the batch any more.
    pub(super) fn owns(&self, batch: &str, owner: &str, fence: &str) -> bool {
        self.batches
            .get(batch)
            .is_some_and(|held| held.owner == owner && held.fence.to_string() == fence)
    }

    pub(super) fn renew(&mut self, batch: &str) {
        if let Some(held) = self.batches.get_mut(batch) {
            held.lapsed = false;
        }
    }

    /// `sequence`: where the shared counter stands.
    pub(super) fn commit(&mut self, batch: &str, committed: &[Committed], verify: bool, sequence: u64) {
        let Some(held) = self.batches.get_mut(batch) else {
            return;
        };
        for Committed { slot, change } in committed {
            let Some(slot) = held.slots.remove(slot) else {
                continue;
            };
            let [_, company, version, hash, _] = slot.packed;
            let row = self.rows.entry(company.clone()).or_default();
            let before = row.version.clone();
            row.batch = None;
            row.looked &= matches!(
                change,
                Change::Found(..) | Change::Freed | Change::PutOff | Change::Doubted
            );
            match change {
                Change::Landed(id) => {
                    (row.id, row.version, row.hash) = (Some(id.clone()), Some(version), Some(hash));
                    (row.floor, row.asked, row.placed, row.unchanged) = (None, false, false, false);
                }
                Change::Placed(id) => {
                    (row.id, row.version, row.hash) = (Some(id.clone()), Some(version), Some(hash));
                    (row.floor, row.asked, row.placed, row.unchanged) = (None, false, true, false);
                }
                Change::Removed => {
                    (row.id, row.version, row.hash, row.floor) = (None, Some(version), None, None);
                    (row.asked, row.placed, row.unchanged) = (false, false, false);
                }
                Change::Gone => (row.id, row.hash, row.floor, row.placed) = (None, None, None, false),
                Change::Found(id, floor) => {
                    (row.id, row.hash, row.placed) = (Some(id.clone()), Some(String::new()), false);
                    row.floor = Some(sequence).filter(|_| *floor != 0).or(row.floor);
                }
                Change::Freed | Change::PutOff | Change::Doubted => {}
            }
            assert!(
                before <= row.version,
                "{company} went back from {before:?} to {:?}",
                row.version
            );
            if verify {
                self.verify.insert(company);
            }
        }
        if held.slots.is_empty() {
            self.batches.remove(batch);
        }
    }

    pub(super) fn regroup(&mut self, batch: &str, slots: &BTreeMap<u32, String>) {
        for (slot, transaction) in slots {
            let member = self
                .batches
                .get_mut(batch)
                .and_then(|held| held.slots.get_mut(slot));
            if let Some(member) = member {
                member.transaction = Some(transaction.clone());
            }
        }
    }

    /// The slots of the batch and its fence, when it could be had.
    pub(super) fn take_over(&mut self, owner: &str, batch: &str) -> Option<(Vec<u32>, String)> {
        let held = self.batches.get_mut(batch)?;
        if !held.lapsed && held.owner != owner {
            return None;
        }
        self.fences += 1;
        (held.owner, held.fence, held.lapsed) = (owner.to_owned(), self.fences, false);
        Some((held.slots.keys().copied().collect(), held.fence.to_string()))
    }

    pub(super) fn orphans(&self) -> BTreeSet<String> {
        let lapsed = self.batches.iter().filter(|(_, held)| held.lapsed);
        lapsed.map(|(name, _)| name.clone()).collect()
    }

    /// The lease of the batch at this place of the alphabet is over; its name.
    pub(super) fn lapse(&mut self, at: usize) -> Option<String> {
        let at = at.checked_rem(self.batches.len())?;
        let (name, held) = self.batches.iter_mut().nth(at)?;
        held.lapsed = true;
        Some(name.clone())
    }

    /// Every lease is over; the names of the batches.
    pub(super) fn lapse_all(&mut self) -> Vec<String> {
        self.batches.values_mut().for_each(|held| held.lapsed = true);
        self.batches.keys().cloned().collect()
    }

    /// Whether the form may show this row without being read again.
    /// `is_young`: it was written so lately that queries need not show it yet.
    pub(super) fn judge(
        &mut self,
        company: &str,
        row: Option<&VendorRow>,
        is_young: bool,
    ) -> crate::ledger::Judged {
        use crate::ledger::Judged;
        let complete = self.complete;
        let known = self.rows.entry(company.to_owned()).or_default();
        let seen = known.seen || (complete && known.id.is_none());
        if known
            .batch
            .as_ref()
            .is_some_and(|batch| self.batches.contains_key(batch))
        {
            return Judged::Busy;
        }
        if is_young && row.is_none() && known.id.is_some() {
            return Judged::Busy;
        }
        self.verify.remove(company);
        let (id, hash) = row.map_or(("", ""), |row| (&row.id, &row.hash));
        let nothing_known = known.id.as_deref().unwrap_or("").is_empty();
        let same = known.hash.as_deref().unwrap_or("") == hash && (!id.is_empty() || nothing_known);
        if same && seen {
            if !id.is_empty() {
                (known.id, known.placed) = (Some(id.to_owned()), false);
            }
            return Judged::Same;
        }
        if !seen {
            (known.seen, known.gone, known.floor) = (true, false, Some(self.floor));
        }
        known.placed = false;
        (known.id, known.hash) = match row {
            Some(row) => (Some(row.id.clone()), Some(String::new())),
            None => (None, None),
        };
        Judged::Differs
    }

    pub(super) fn has_id(&self, company: &str) -> bool {
        let id = self.rows.get(company).and_then(|row| row.id.as_deref());
        id.is_some_and(|id| !id.is_empty())
    }

    pub(super) fn empty(&mut self) {
        *self = Self::default();
    }

    /// An index begins in which no row was seen yet; all claims of before are void.
    pub(super) fn begin(&mut self, epoch: &str, sequence: u64) {
        self.batches.clear();
        for row in self.rows.values_mut() {
            (row.seen, row.gone) = (false, false);
        }
        (self.settled, self.complete, self.cursor) = (false, false, String::new());
        (self.epoch, self.floor) = (Some(epoch.to_owned()), sequence);
    }

    /// What the form shows of a customer. `since`: when the oldest call of unknown outcome may have been sent.
    pub(super) fn learn(&mut self, company: &str, row: Option<&VendorRow>, since: i64) {
        let live = self.is_live(company);
        let known = self.rows.entry(company.to_owned()).or_default();
        let Some(row) = row else {
            if !known.seen && self.settled {
                (known.id, known.hash, known.batch, known.placed) = (None, None, None, false);
                (known.floor, known.seen, known.asked) = (Some(self.floor), true, false);
                known.gone = false;
            }
            known.looked |= self.settled && known.id.is_none();
            return;
        };
        if known.seen && (known.id.is_some() || live) {
            known.placed &= known.id.as_ref() != Some(&row.id);
            return;
        }
        // What a late call may have brought back is not known to be the newest, and one may still come.
        let unsure = row.written >= since || self.verify.contains(company);
        if unsure || !self.settled {
            self.verify.insert(company.to_owned());
        }
        let hash = if unsure { String::new() } else { row.hash.clone() };
        (known.id, known.hash) = (Some(row.id.clone()), Some(hash));
        (known.floor, known.batch, known.seen) = (Some(self.floor), None, true);
        (known.asked, known.placed, known.gone) = (false, false, false);
    }

    /// What a look shows of a row that a person has touched.
    pub(super) fn touch(&mut self, company: &str, row: Option<&VendorRow>) -> TouchJudged {
        if self.is_live(company) || self.verify.contains(company) {
            return TouchJudged::Busy;
        }
        let known = self.rows.entry(company.to_owned()).or_default();
        if known.id.is_none() && known.version.is_none() {
            return TouchJudged::Nobody;
        }
        let touch = match (row, &known.id) {
            (None, Some(_)) if !known.gone => {
                if known.seen {
                    (known.seen, known.gone) = (false, true);
                }
                Touch::Gone
            }
            (Some(row), Some(id)) if *id != row.id => {
                if known.seen {
                    (known.id, known.hash) = (Some(row.id.clone()), Some(row.hash.clone()));
                    (known.floor, known.placed) = (Some(self.floor), false);
                }
                Touch::Replaced
            }
            (Some(row), Some(_)) if known.hash.as_ref() != Some(&row.hash) => {
                if known.seen {
                    (known.hash, known.placed) = (Some(row.hash.clone()), false);
                }
                Touch::Edited
            }
            _ => return TouchJudged::Known,
        };
        TouchJudged::Touched(touch, true)
    }

    /// Time passes: a customer may be fetched once more.
    pub(super) fn ask_again(&mut self) {
        self.rows.values_mut().for_each(|row| row.asked = false);
    }

    fn is_live(&self, company: &str) -> bool {
        let batch = self.rows.get(company).and_then(|row| row.batch.as_ref());
        batch.is_some_and(|batch| self.batches.contains_key(batch))
    }
}
