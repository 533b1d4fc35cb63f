//! Redis keys of the extractor that are about events of the CRM's webhook.

use super::Namespace;

/// What is remembered of events; all of it may be lost at the cost of a repeated call, or of an uncounted loss.
#[derive(Debug, Clone)]
pub struct HookKeys {
    /// Sorted set: customer → when its last fetch because of an event begins, unix milliseconds.
    pub recent: String,
    /// Sorted set: customers of those whose ref the broker has not confirmed yet → until when that is waited for.
    pub unconfirmed: String,
    /// Sorted set: customer → when its last event came, unix milliseconds.
    pub announced: String,
    /// Sorted set: customer that was listed without an event → its update time, unix milliseconds.
    pub unannounced: String,
    /// Number: customers of whom nothing was known, within a minute.
    pub unknown: String,
    /// Hash: since when events come, the last one, and what was counted.
    pub counts: String,
}

impl HookKeys {
    /// In the order in which the scripts name them.
    #[must_use]
    pub fn all(&self) -> [String; 5] {
        [
            self.recent.clone(),
            self.unconfirmed.clone(),
            self.announced.clone(),
            self.unannounced.clone(),
            self.counts.clone(),
        ]
    }
}

impl Namespace {
    /// The keys of events.
    #[must_use]
    pub fn hook_keys(&self) -> HookKeys {
        let key = |what: &str| self.key(format_args!("extract:hook:{what}"));
        HookKeys {
            recent: key("recent"),
            unconfirmed: key("unconfirmed"),
            announced: key("announced"),
            unannounced: key("unannounced"),
            unknown: key("unknown"),
            counts: key("counts"),
        }
    }
}
