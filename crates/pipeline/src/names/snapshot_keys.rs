//! Redis keys of the snapshots that are kept, and of the command that maps them again.

use super::Namespace;

/// Snapshots lie in so many hashes, so that none of them takes Redis long to read.
const SHARDS: u32 = 64;

impl Namespace {
    /// Hash: customer → its last snapshot, of the customers that share this place.
    #[must_use]
    pub(crate) fn snapshots_key(&self, company: &str) -> String {
        self.snapshot_shard(shard_of(company))
    }

    /// All of these hashes, in their order.
    #[must_use]
    pub(crate) fn snapshot_shards(&self) -> Vec<String> {
        (0..SHARDS).map(|shard| self.snapshot_shard(shard)).collect()
    }

    /// Sorted set: customer that was removed lately → the sequence of that.
    #[must_use]
    pub(crate) fn snapshots_gone_key(&self) -> String {
        self.key("snapshots:gone")
    }

    /// Text: how far `transformer mapping again` has come, JSON.
    #[must_use]
    pub fn again_key(&self) -> String {
        self.key("again")
    }

    /// Lease: who maps everything again.
    #[must_use]
    pub fn again_lease_key(&self) -> String {
        self.key("lease:again")
    }

    fn snapshot_shard(&self, shard: u32) -> String {
        self.key(format_args!("snapshots:{shard}"))
    }
}

/// FNV-1a: the same in every release, for what is kept has to be found again.
fn shard_of(company: &str) -> u32 {
    let hash = company.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_keeps_its_place_and_places_fill_alike() {
        let ns: Namespace = "okki".parse().unwrap();
        assert_eq!(ns.snapshots_key("56657420945678"), "{okki}:snapshots:47");
        let shards = ns.snapshot_shards();
        let mut counts = vec![0; shards.len()];
        for id in 0..6_400_u64 {
            let key = ns.snapshots_key(&(56_657_420_900_000 + id).to_string());
            counts[shards.iter().position(|shard| *shard == key).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (30..300).contains(count)), "{counts:?}");
    }
}
