//! The ledger as it should be: the same questions and answers as the scripts, in plain Rust and without Redis.

use std::collections::{BTreeMap, BTreeSet};

use super::vendor::VendorRow;
use super::{Message, UNIT_MS};
use crate::ledger::{Change, Claim, Committed};

/// Records and rows whose times differ by less count as written at the same time (claim.lua).
const MARGIN_MS: i64 = 5_000;

/// What is known of a customer.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) id: Option<String>,
    pub(super) version: Option<String>,
    pub(super) hash: Option<String>,
    pub(super) batch: Option<String>,
    pub(super) floor: Option<i64>,
    /// The id was taken from an answer by its place.
    pub(super) placed: bool,
    /// The record of this version found nothing to do.
    pub(super) unchanged: bool,
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
#[derive(Debug, Default)]
pub(super) struct ExpectedLedger {
    pub(super) epoch: Option<String>,
    pub(super) verify: BTreeSet<String>,
    pub(super) rows: BTreeMap<String, Row>,
    pub(super) batches: BTreeMap<String, ExpectedBatch>,
    fences: u64,
    built: i64,
}

impl ExpectedLedger {
    /// Whether a loader that believes in this index gets answers.
    pub(super) fn answers(&self, epoch: &str) -> bool {
        self.epoch.as_deref() == Some(epoch)
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
                self.rows.entry(slot.packed[1].clone()).or_default().batch = Some(batch.to_owned());
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
        let doubtful = known
            .floor
            .is_some_and(|floor| message.fetched_ms() < floor + MARGIN_MS);
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
                let row = self.rows.entry(message.company.clone()).or_default();
                row.unchanged = !landed;
                row.version = Some(version);
                if !doubtful {
                    row.floor = None;
                }
                if landed { Claim::Landed } else { Claim::Unchanged }
            }
            (None, true) => {
                let row = self.rows.entry(message.company.clone()).or_default();
                (row.version, row.unchanged) = (Some(version), !landed);
                if landed { Claim::Landed } else { Claim::Absent }
            }
            _ if doubtful => Claim::Refetch,
            (Some(id), true) => Claim::Remove(known.target(id)),
            (Some(id), false) => Claim::Update(known.target(id)),
            (None, false) if known.version.is_none() && message.fetched_ms() < self.built + MARGIN_MS => {
                Claim::Refetch
            }
            // A call of unknown outcome may still make the row.
            (None, false) if self.verify.contains(&message.company) => {
                Claim::Busy(String::new(), String::new())
            }
            (None, false) => Claim::Create,
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

    pub(super) fn commit(&mut self, batch: &str, committed: &[Committed], verify: bool) {
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
            match change {
                Change::Landed(id) => {
                    (row.id, row.version, row.hash) = (Some(id.clone()), Some(version), Some(hash));
                    (row.floor, row.placed, row.unchanged) = (None, false, false);
                }
                Change::Placed(id) => {
                    (row.id, row.version, row.hash) = (Some(id.clone()), Some(version), Some(hash));
                    (row.floor, row.placed, row.unchanged) = (None, true, false);
                }
                Change::Removed => {
                    (row.placed, row.unchanged) = (false, false);
                    (row.id, row.version, row.hash, row.floor) = (None, Some(version), None, None)
                }
                Change::Gone => (row.id, row.hash, row.floor, row.placed) = (None, None, None, false),
                Change::Found(id, floor) => {
                    (row.id, row.hash, row.placed) = (Some(id.clone()), Some(String::new()), false);
                    row.floor = Some(*floor).filter(|floor| *floor != 0).or(row.floor);
                }
                Change::Freed => {}
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
    pub(super) fn judge(&mut self, company: &str, row: Option<&VendorRow>) -> crate::ledger::Judged {
        use crate::ledger::Judged;
        let known = self.rows.entry(company.to_owned()).or_default();
        if known
            .batch
            .as_ref()
            .is_some_and(|batch| self.batches.contains_key(batch))
        {
            return Judged::Busy;
        }
        self.verify.remove(company);
        let none = String::new();
        let (id, hash) = row.map_or((&none, &none), |row| (&row.id, &row.hash));
        let nothing_known = known.id.as_deref().unwrap_or("").is_empty();
        if known.hash.as_deref().unwrap_or("") == hash && (!id.is_empty() || nothing_known) {
            if !id.is_empty() {
                (known.id, known.placed) = (Some(id.clone()), false);
            }
            return Judged::Same;
        }
        known.placed = false;
        (known.id, known.hash) = match row {
            Some(row) => (Some(row.id.clone()), Some(String::new())),
            None => (None, None),
        };
        Judged::Differs
    }

    pub(super) fn empty(&mut self) {
        *self = Self::default();
    }

    /// The form is read into it.
    pub(super) fn rebuild(&mut self, rows: &[VendorRow], since: i64, now: i64, epoch: &str) {
        for row in rows {
            let known = self.rows.entry(row.company.clone()).or_default();
            // What a late call may have brought back is not known to be the newest.
            let unsure = row.written >= since || self.verify.contains(&row.company);
            if unsure {
                self.verify.insert(row.company.clone());
            }
            let hash = if unsure { String::new() } else { row.hash.clone() };
            (known.id, known.hash) = (Some(row.id.clone()), Some(hash));
            (known.floor, known.batch, known.placed) = (Some(row.written * UNIT_MS), None, false);
        }
        self.batches.clear();
        self.built = now * UNIT_MS;
        self.epoch = Some(epoch.to_owned());
    }

    /// When the form was read.
    pub(super) fn built(&self) -> i64 {
        self.built
    }
}
