//! Keys of those who watch: what the probe of Redis writes, how replicas stand, and what consumers say that they hold.

use super::Namespace;

impl Namespace {
    /// Hash: replica → when it was heard last, and how it stood then.
    #[must_use]
    pub(crate) fn heartbeats_key(&self) -> String {
        self.key("replicas")
    }

    /// Hash: replica → what it holds unacknowledged.
    #[must_use]
    pub(crate) fn held_key(&self) -> String {
        self.key("books:held")
    }

    /// One key of each type for the probe, which leaves none behind: string, hash, sorted set, list, stream, set.
    #[must_use]
    pub(crate) fn probe_keys(&self) -> [String; 6] {
        ["value", "hash", "sorted", "list", "stream", "set"]
            .map(|name| self.key(format_args!("probe:{name}")))
    }
}
