//! The kept snapshots, one part after the other, and how many customers have none: what `plan` and `again` read.

use pipeline::snapshots::{Found, Kept, Snapshots};
use pipeline::store::{Error, Store};
use pipeline::watermarks::Watermarks;
use pipeline::{names::Namespace, snapshots::Unusable};

/// Customers read in one round trip.
pub(super) const CHUNK: usize = 100;
/// Keys that Redis looks at for one answer of a scan.
const SCANNED: usize = 1_000;

/// Where a walk over the kept snapshots is.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Place {
    shard: usize,
    /// The last customer of it that is done.
    after: String,
}

/// The kept snapshots in an order that stays, from a place on.
pub(super) struct Walk<'a> {
    snapshots: &'a Snapshots,
    place: Place,
    /// Customers of the shard that are left, the next one last.
    left: Option<Vec<String>>,
}

impl<'a> Walk<'a> {
    pub(super) fn from(snapshots: &'a Snapshots, place: Place) -> Self {
        Self {
            snapshots,
            place,
            left: None,
        }
    }

    /// Behind what was given last.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The next customers; nothing when all are done.
    pub(super) async fn next(&mut self) -> Result<Vec<(String, Found)>, Error> {
        while self.place.shard < self.snapshots.shards() {
            let left = match &mut self.left {
                Some(left) => left,
                none => {
                    let mut all = self.snapshots.companies(self.place.shard).await?;
                    all.retain(|company| *company > self.place.after);
                    all.reverse();
                    none.insert(all)
                }
            };
            let chunk: Vec<String> = left.drain(left.len().saturating_sub(CHUNK)..).rev().collect();
            if let Some(last) = chunk.last() {
                self.place.after.clone_from(last);
                let found = self.snapshots.of(&chunk).await?;
                return Ok(chunk.into_iter().zip(found).collect());
            }
            self.left = None;
            self.place = Place {
                shard: self.place.shard + 1,
                after: String::new(),
            };
        }
        Ok(Vec::new())
    }
}

/// How many customers are known of whom nothing is kept, and who are not gone.
pub(super) async fn without(
    store: &Store,
    namespace: &Namespace,
    snapshots: &Snapshots,
) -> Result<u64, Error> {
    let watermarks = Watermarks::new(store.clone(), namespace.clone());
    let (mut cursor, mut count) = (0, 0);
    loop {
        let (next, companies) = watermarks.scan(cursor, SCANNED).await?;
        let standings = watermarks.standings(&companies).await?;
        let kept = snapshots.are_kept(&companies).await?;
        let without = standings.iter().zip(kept).filter(|(standing, is_kept)| {
            let is_known = standing.may_have_row || standing.dropped.is_some();
            !is_kept && is_known && !standing.is_gone()
        });
        count += without.count() as u64;
        if next == 0 {
            return Ok(count);
        }
        cursor = next;
    }
}

/// The snapshot, or why it cannot be used; `None`: it has gone since it was listed.
pub(super) fn usable(found: Found, unusable: &mut Unusables) -> Option<Kept> {
    match found? {
        Ok(kept) => Some(kept),
        Err(why) => {
            *unusable.0.entry(why).or_default() += 1;
            None
        }
    }
}

/// How many kept snapshots cannot be used, by reason.
#[derive(Debug, Default, Clone)]
pub(super) struct Unusables(std::collections::BTreeMap<Unusable, u64>);

impl Unusables {
    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// A line for each reason.
    pub(super) fn lines(&self) -> Vec<String> {
        let line =
            |(why, count): (&Unusable, &u64)| ::words::tr!("{count} kept snapshots cannot be used: {why}");
        self.0.iter().map(line).collect()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let one = |(why, count): (&Unusable, &u64)| serde_json::json!({"reason": why.to_string(), "customers": count});
        self.0.iter().map(one).collect()
    }
}

/// Nothing is kept, or nothing of it can be used: what to do about it.
pub(super) fn nothing(unusable: &Unusables) -> pipeline::setting::ConfigError {
    match unusable.lines().into_iter().next() {
        Some(line) => pipeline::setting::ConfigError::new(
            "SNAPSHOT_KEY",
            line,
            ::words::text!(
                "give the key that the transformers had; or keep the snapshots anew: `extractor sync --full --force`"
            ),
        ),
        None => pipeline::setting::ConfigError::new(
            "KEEP_SNAPSHOTS",
            ::words::text!("no snapshot is kept"),
            ::words::text!(
                "set it to true for the transformers and fetch everybody once: `extractor sync --full --force`; until then `transformer mapping diff` compares recorded customers"
            ),
        ),
    }
}
