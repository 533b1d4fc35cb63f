//! Every queue name and Redis key is derived here, so that several pipelines can share one broker and one Redis.

mod account;
mod dead;
mod hook_keys;
mod keys;
mod listing;
mod loader;
mod missing_keys;
mod namespace;
mod push_keys;
mod runs;
mod snapshot_keys;
mod watch_keys;
mod wish_keys;

pub use account::{AccountKeys, VendorAccount};
pub use dead::PlanKeys;
pub use hook_keys::HookKeys;
pub use keys::{LedgerKeys, RunKeys, fence_key};
pub use listing::NO_CONDITION;
pub use loader::AdoptKeys;
pub use namespace::{InvalidNamespace, Namespace};
pub(crate) use runs::is_lag;
pub use runs::{ASKED_FOR, MAPPED_AGAIN, REMOVALS_ALLOWED, UNKNOWN_HOOKS};
