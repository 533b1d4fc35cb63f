//! The broker as the stages need it: connections that come back, checked topology, confirmed publishing.
//!
//! Only this crate names the client library. Recovery is ours, not the library's: after a loss everything is built
//! anew, and what was not acknowledged is delivered again.

mod addresses;
mod browser;
pub(crate) mod call;
mod config;
mod connection;
pub(crate) mod depths;
mod error;
pub(crate) mod policies;
mod prober;
mod publications;
mod publisher;
mod received;
pub(crate) mod stream;
mod topology;
mod troubles;
mod version;

pub use browser::Browser;
pub use config::{AmqpConfig, StreamConfig};
pub use connection::Broker;
pub use error::{Error, PublishError};
pub use publisher::Publisher;
pub use received::{Handle, Received};
pub use topology::DELIVERY_LIMIT;
pub(crate) use version::ServerVersion;
