//! Browsing: letters in queue order, which of them a filter means, and what they have in common.

pub mod browser;
pub mod filter;
mod find;
pub mod groups;
pub(crate) mod guard;
pub mod guarded;
pub mod source;

pub use browser::{Browser, Taken};
pub use filter::Filter;
pub use find::find;
pub use groups::{Group, Groups};
pub use guarded::GuardedBrowser;
