//! The account (I9): what was listed must be somewhere, per run and in total.
//!
//! A run's customers are *open* from the moment before their refs are published until their last disposition is known;
//! then they leave `open` and one counter grows, in one script. Leaving happens once, so a disposition that is reported twice
//! (a crash between counting and acknowledging, a redelivery, a second copy of a message) is counted once: that is
//! all that is needed for an exactly-once account on top of at-least-once messages. A dead letter stays in the account as
//! dead until a replay or a discard ends it. Memory is bounded by what is unfinished; counters of finished runs are
//! kept for `KEEP_DAYS`.
//!
//! If Redis was emptied, the runs of before are unknown; their dispositions are counted as copies and nothing is off.

mod account;
mod balance;
mod bundles;
mod check;
mod held;
mod lost;
mod whereabouts;

pub use account::{Account, Entry};
pub use balance::Balance;
pub use check::{BalanceCheck, check};
pub(crate) use held::Held;
pub use lost::lost;
pub use whereabouts::Whereabouts;
