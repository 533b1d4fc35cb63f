//! All customers of the simulated CRM: who exists, in which revision, since when. Contents are generated on demand
//! (`generate`), so that 100,000 customers cost a few megabytes; only explicit patches are stored.

use serde_json::Value;

use super::customer::Customer;
use super::dice::Dice;
use super::expected::{self, Cells};
use super::generate::generate;

/// Ids look like the vendor's: far above 2^32, with gaps.
const FIRST_ID: i64 = 56_657_420_000_013;
const ID_STEP: i64 = 7;

/// One customer's bookkeeping.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub created: i64,
    pub updated: i64,
    pub revision: u32,
    pub removed: bool,
    /// Patches with the revision from which they count.
    patches: Vec<(u32, Value)>,
}

/// The customers and their listing order.
#[derive(Debug)]
pub(super) struct World {
    seed: u64,
    entries: Vec<Entry>,
    /// (update time, index), ascending; kept sorted so that a page is a slice.
    live: Vec<(i64, u32)>,
    removed: Vec<(i64, u32)>,
    mutations: u64,
    /// What has changed and was not told yet: the action, and whom.
    changes: Vec<(&'static str, u32)>,
}

/// Why a mutation was refused.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// No customer with that id was ever generated.
    #[error("company_id {0} does not exist in this world")]
    Unknown(i64),
    /// The customer was deleted before.
    #[error("company_id {0} is removed; restore it first")]
    Removed(i64),
    /// A patch does not fit the customer.
    #[error("patch for company_id {id}: {reason}")]
    Patch {
        /// Which customer.
        id: i64,
        /// What serde says, naming the field.
        reason: String,
    },
}

pub(super) fn company_id(index: u32) -> i64 {
    FIRST_ID + i64::from(index) * ID_STEP
}

impl World {
    /// `count` customers whose update times lie in the `spread` seconds before `now`. One in ten belongs to a bulk
    /// import: 60 neighbours with the same second.
    pub(super) fn new(seed: u64, count: u32, now: i64, spread: i64) -> Self {
        let spread = spread.max(1) as u64;
        let entries: Vec<Entry> = (0..count)
            .map(|index| {
                let block = index / 60;
                let bulk = Dice::new(&[seed, u64::from(block), 11]).one_in(10);
                let drawn_by = if bulk {
                    u64::from(block) | 1 << 40
                } else {
                    u64::from(index)
                };
                let mut dice = Dice::new(&[seed, drawn_by, 12]);
                let updated = now - 5 - dice.below(spread) as i64;
                Entry {
                    created: updated - dice.below(86_400 * 300) as i64,
                    updated,
                    revision: 0,
                    removed: false,
                    patches: Vec::new(),
                }
            })
            .collect();
        let mut live: Vec<_> = entries
            .iter()
            .zip(0..)
            .map(|(entry, index)| (entry.updated, index))
            .collect();
        live.sort_unstable();
        World {
            seed,
            entries,
            live,
            removed: Vec::new(),
            mutations: 0,
            changes: Vec::new(),
        }
    }

    /// What has changed since the last time, for the webhook.
    pub(super) fn take_changes(&mut self) -> Vec<(&'static str, u32)> {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn index_of(&self, id: i64) -> Option<u32> {
        let offset = id.checked_sub(FIRST_ID)?;
        let index = u32::try_from(offset / ID_STEP).ok()?;
        (offset >= 0 && offset % ID_STEP == 0 && (index as usize) < self.entries.len()).then_some(index)
    }

    pub(super) fn entry(&self, index: u32) -> &Entry {
        &self.entries[index as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    /// Every index ever handed out, removed ones included.
    pub(super) fn ever(&self) -> u32 {
        self.entries.len() as u32
    }

    /// Listing order (ascending) of the existing or of the removed customers.
    pub(super) fn listing(&self, removed: bool) -> &[(i64, u32)] {
        if removed { &self.removed } else { &self.live }
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn customer(&self, index: u32) -> Customer {
        content(self.seed, index, self.entry(index), self.entry(index).revision)
    }

    /// New contents for one customer, `patch` replacing some of its fields from now on.
    pub(super) fn change(&mut self, index: u32, patch: Option<Value>, now: i64) -> Result<(), WorldError> {
        let id = company_id(index);
        if self.entry(index).removed {
            return Err(WorldError::Removed(id));
        }
        let revision = self.entry(index).revision + 1;
        if let Some(patch) = patch {
            if !patch.is_object() {
                return Err(WorldError::Patch {
                    id,
                    reason: "expected a JSON object of fields".into(),
                });
            }
            let current = self.customer(index);
            current.patched(&patch).map_err(|e| WorldError::Patch {
                id,
                reason: e.to_string(),
            })?;
            self.entries[index as usize].patches.push((revision, patch));
        }
        self.entries[index as usize].revision = revision;
        self.touch(index, now)
    }

    /// A new update time with the same contents, as a follow-up note leaves it.
    pub(super) fn touch(&mut self, index: u32, now: i64) -> Result<(), WorldError> {
        let entry = self.entry(index);
        if entry.removed {
            return Err(WorldError::Removed(company_id(index)));
        }
        let before = entry.updated;
        self.entries[index as usize].updated = now;
        relocate(&mut self.live, (before, index), Some((now, index)));
        self.changes.push(("update", index));
        Ok(())
    }

    pub(super) fn remove(&mut self, index: u32, now: i64) -> Result<(), WorldError> {
        let entry = &mut self.entries[index as usize];
        if entry.removed {
            return Err(WorldError::Removed(company_id(index)));
        }
        let before = std::mem::replace(&mut entry.updated, now);
        entry.removed = true;
        relocate(&mut self.live, (before, index), None);
        insert_sorted(&mut self.removed, (now, index));
        self.changes.push(("delete", index));
        Ok(())
    }

    /// Undoes a removal; the customer reappears with a new update time.
    pub(super) fn restore(&mut self, index: u32, now: i64) {
        let entry = &mut self.entries[index as usize];
        if entry.removed {
            let before = std::mem::replace(&mut entry.updated, now);
            entry.removed = false;
            relocate(&mut self.removed, (before, index), None);
            insert_sorted(&mut self.live, (now, index));
            self.changes.push(("create", index));
        }
    }

    pub(super) fn add(&mut self, now: i64) -> u32 {
        let index = self.entries.len() as u32;
        self.entries.push(Entry {
            created: now,
            updated: now,
            revision: 0,
            removed: false,
            patches: vec![],
        });
        insert_sorted(&mut self.live, (now, index));
        self.changes.push(("create", index));
        index
    }

    /// `n` different existing customers, drawn by the seed and the number of draws so far.
    pub(super) fn draw(&mut self, n: usize) -> Vec<u32> {
        self.mutations += 1;
        let mut dice = Dice::new(&[self.seed, self.mutations, 4711]);
        let total = self.live.len();
        let mut picked = std::collections::BTreeSet::new();
        if n >= total {
            return self.live.iter().map(|(_, index)| *index).collect();
        }
        while picked.len() < n {
            picked.insert(self.live[dice.below(total as u64) as usize].1);
        }
        picked.into_iter().collect()
    }

    /// What the form must show now.
    pub(super) fn cells(&self, index: u32) -> Cells {
        expected::cells(&self.customer(index))
    }
}

/// A customer's contents at a revision. Needs no lock on the world once the entry is copied.
pub(super) fn content(seed: u64, index: u32, entry: &Entry, revision: u32) -> Customer {
    let mut customer = generate(seed, index, revision);
    for (_, patch) in entry.patches.iter().filter(|(from, _)| *from <= revision) {
        // a patch was checked when it came in
        if let Ok(patched) = customer.patched(patch) {
            customer = patched;
        }
    }
    customer
}

fn insert_sorted(list: &mut Vec<(i64, u32)>, item: (i64, u32)) {
    let at = list.partition_point(|other| *other < item);
    list.insert(at, item);
}

fn relocate(list: &mut Vec<(i64, u32)>, from: (i64, u32), to: Option<(i64, u32)>) {
    if let Ok(at) = list.binary_search(&from) {
        list.remove(at);
    }
    if let Some(to) = to {
        insert_sorted(list, to);
    }
}

#[cfg(test)]
mod tests;
