//! The HTTP client for vendors: one way to build it, one way to read an answer that cannot fill the memory.

mod build;
mod client;
mod config;
mod departure;
mod error;
mod read;

pub use client::Client;
pub use config::{HttpArgs, HttpConfig};
pub use departure::departing;
pub use error::Error;
pub use read::read_capped;
