//! Redis as every part sees it: pooled connections, scripts, and the question "is this an outage?".
//!
//! Redis coordinates (quotas, leases, watermarks, ledgers) and never holds the only copy of a customer. When it is away
//! the stages pause; [`Error::is_outage`] distinguishes that case from a command that is wrong by itself.

mod config;
mod error;
mod greeting;
mod link;
mod manager;
mod place;
mod pool;
mod run;
mod script;
mod state;

pub use config::RedisConfig;
pub use error::Error;
pub use manager::Manager;
pub(crate) use place::{Place, Wrong};
pub use pool::{Connection, Store};
pub use script::Script;
