//! What replicas agree on through a real Redis: leases, the sequence, watermarks, and the store itself.

mod failover;
mod lease;
mod link;
mod passing;
mod sequence;
mod snapshots;
mod states;
mod store;
mod watermarks;
mod wishes;
