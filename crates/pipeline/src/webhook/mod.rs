//! Where vendors call us: a listener of its own, reachable from outside, for what a vendor pushes.
//!
//! Everything about it is bounded: connections, calls under way, calls per second, the body, the time of a call. The path
//! ends in a secret token, so that whoever does not know it costs nothing but a 404. What a call means is the
//! [`Receiver`]'s; it answers with a [`Verdict`], which is counted and becomes the status.

mod config;
mod connections;
mod door;
mod listener;
mod rate;
mod receiver;
mod secret;

pub use config::{Limits, WebhookArgs, WebhookConfig};
pub use listener::{Error, Listener};
pub use receiver::{Push, Receiver, Verdict};
pub use secret::{is_same, path};
