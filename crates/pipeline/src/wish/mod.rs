//! Wishes: what somebody without the vendors' secrets wants a running service to do, and how long a stage rests.
//!
//! Whoever asks ([`Wishes::ask`]) needs Redis only. A replica of the program that the kind names takes the wish
//! under a term that it renews ([`serve()`]), does it with its own settings and secrets, and writes down what it came to. A
//! replica that dies leaves a term that runs out, and the next one does the wish again: at least once, so everything that is
//! wished is harmless when it is done twice. One wish of each kind is under way at a time, so that a long backfill
//! keeps nobody from listing now.
//!
//! [`Decisions`] are the standing ones: a stage that somebody has paused rests until somebody resumes it, whoever restarts
//! meanwhile.

mod checked;
mod decision;
mod error;
mod kind;
mod notice;
mod obey;
mod record;
mod serve;
mod served;
mod taken;
mod wishes;

pub use checked::MOST_IDS;
pub use decision::{Decision, Decisions};
pub use error::Error;
pub use kind::WishKind;
pub(crate) use notice::Notices;
pub(crate) use obey::{Obedience, obey};
pub use record::{Ask, Asked, PATIENCE, State, Wish};
pub use serve::{Servant, Server, serve};
pub use served::{Outcome, Served};
pub use taken::Taken;
pub use wishes::Wishes;
