//! Letters between two queues: what is being moved is written down before its copy is published and until it is gone
//! from where it was, so that a move that was killed between the two is known and ended by whoever looks next.
//!
//! A copy that has certainly arrived makes the letter here a leftover. Whether it has is known of a discard or an undo by
//! looking where it went, and of a replay by its plan: a letter that was put back has an outcome, or is noted as sent.
//!
//! What is noted of a letter is forgotten by whoever has removed it, and by a look that has seen everything without it; the
//! latter only when nobody could hold the letter meanwhile. A process that stands still (suspended, or its host is gone)
//! loses its lease of the queue within seconds, and keeps the letters that it took until the broker misses two heartbeats of its
//! connection; then they return, and a letter whose note was forgotten would be there twice for good. So such a look counts
//! only if, after it got the lease,
//! - the broker knew of no other consumer of the queue: one that was cancelled counts until all that it took is removed or
//!   back, so without any every letter was there to be seen, whatever any clock says;
//! - and nobody had entered its presence, at the beginning or the end ([`presence`]): a process that wakes up may take letters
//!   during the look.
//!
//! Until then the notes stay; they are as many as one operation moves at a time. A process that wakes up and has lost its
//! lease moves nothing more ([`crate::browse::guarded::GuardedBrowser::still_guarded`]).

mod leaving;
mod presence;
mod recover;

pub(crate) use leaving::Leaving;
pub(crate) use presence::{Holder, Presence, others};
pub(crate) use recover::{Leftovers, leftovers};
