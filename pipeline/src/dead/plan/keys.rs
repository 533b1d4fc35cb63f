//! Where a plan lives in Redis.

use crate::names::Namespace;

/// The keys of one plan.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// Hash: what the plan is, its state, its counters (`sent`, `n:<outcome>`).
    pub(crate) plan: String,
    /// Hash: letter → empty (planned), `s` (sent), or its outcome.
    pub(crate) letters: String,
    /// HyperLogLog of the customers.
    pub(crate) customers: String,
}

impl Keys {
    pub(crate) fn new(namespace: &Namespace, plan: &str) -> Self {
        let key = |tail: &str| namespace.key(format_args!("dead:plan:{plan}{tail}"));
        Self {
            plan: key(""),
            letters: key(":letters"),
            customers: key(":customers"),
        }
    }

    /// Sorted set of plan ids by the time they were made, unix milliseconds.
    pub(crate) fn index(namespace: &Namespace) -> String {
        namespace.key("dead:plans")
    }
}
