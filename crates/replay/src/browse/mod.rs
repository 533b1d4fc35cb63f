//! Browsing: letters in queue order, which of them a filter means, and what they have in common.

pub mod browser;
pub mod filter;
pub mod groups;
pub mod guarded;
pub mod source;

pub use browser::{Browser, Taken};
pub use filter::Filter;
pub use groups::{Group, Groups};
pub use guarded::GuardedBrowser;
