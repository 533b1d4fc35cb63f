//! What replicas agree on through a real Redis: leases, the sequence, marks, and the store itself.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod lease;
mod link;
mod marks;
mod sequence;
mod store;
#[path = "../support/mod.rs"]
mod support;
