//! The keys of the extractor that are about what has to be listed again.

use super::Namespace;

/// What transformers without a condition say under [`Namespace::condition_key`].
pub const NO_CONDITION: &str = "none";

impl Namespace {
    /// Hash: stage, and how many records a message of its work queue carries.
    #[must_use]
    pub fn carried_key(&self) -> String {
        self.key("carried")
    }

    /// Hash of JSON: where listed rows named no customer.
    #[must_use]
    pub fn damaged_key(&self) -> String {
        self.key("extract:damaged")
    }

    /// Hash: customers whose listed time cannot be read, how often they were published of late and until when they rest.
    #[must_use]
    pub fn untimed_key(&self) -> String {
        self.key("extract:untimed")
    }

    /// Hash: groups of a listing of several, and when each was last seen to show somebody, unix seconds.
    #[must_use]
    pub fn groups_seen_key(&self) -> String {
        self.key("extract:groups")
    }

    /// Text: how finely the listing shows times, as far as it has shown, JSON.
    #[must_use]
    pub fn granule_key(&self) -> String {
        self.key("extract:granule")
    }

    /// Sorted set: customers, each with its listed time, whose listed time may hide a later change, by when that is over.
    #[must_use]
    pub fn doubtful_key(&self) -> String {
        self.key("extract:doubtful")
    }

    /// Hash: the condition that the transformers drop customers by, as a digest (`now`), and the one that they began with
    /// (`first`); [`NO_CONDITION`] without one.
    #[must_use]
    pub fn condition_key(&self) -> String {
        self.key("transform:condition")
    }
}

/// What the transformers share.
impl Namespace {
    /// Hash: the mapping that came into use last, its revision, when one of its transformers was seen last, and the revisions
    /// of earlier ones.
    #[must_use]
    pub fn mappings_key(&self) -> String {
        self.key("transform:mappings")
    }
}

/// The comparison of everything that OKKI lists with everything that was loaded.
impl Namespace {
    /// Text: how far `extractor reconcile` has come, JSON.
    #[must_use]
    pub fn source_reconcile_key(&self) -> String {
        self.key("extract:reconcile")
    }

    /// Text: when the last comparison by `RECONCILE_CRON` ended, or since when its times are watched, unix milliseconds.
    #[must_use]
    pub fn reconcile_ended_key(&self) -> String {
        self.key("extract:reconcile:ended")
    }

    /// Hash: of each comparison (`source`, `form`) what the last one has found, and who is at one, JSON.
    #[must_use]
    pub fn compared_key(&self) -> String {
        self.key("compared")
    }

    /// Set: customers with a row that this comparison has not listed.
    #[must_use]
    pub fn unlisted_key(&self) -> String {
        self.key("extract:reconcile:unlisted")
    }
}
