//! Events of OKKI's webhook: from a push to a ref that the broker has confirmed, on every replica.
//!
//! Whatever a push says is only a hint to fetch. `receiver` takes it, `signature` says whether it is OKKI's, `memory` says
//! whether the customer is fetched now, later, or already, and remembers who was announced, so that the listing can count
//! what no event announced (`watch`). What a fetch because of a hint does when it finds nothing new is the handler's
//! (`handler::hint`).

mod memory;
mod receiver;
mod removed;
mod settings;
mod signature;
mod watch;

pub(crate) use memory::{Counts, Memory};
pub(crate) use receiver::Hooks;
pub(crate) use removed::RemovedList;
pub(crate) use signature::{Signature, SignatureKind};
pub(crate) use watch::HookWatch;

/// Counts what a fetch because of an event did not find.
pub(crate) fn count_fetch(result: &'static str) {
    receiver::count(result, 1);
}

/// Runs of events begin so: they are live ones, a day's worth in each. Those of customers of whom nothing is loaded are apart
/// ([`pipeline::names::UNKNOWN_HOOKS`]).
pub(crate) const RUN: &str = "live-hooks-";
