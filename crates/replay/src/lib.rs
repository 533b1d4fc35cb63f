//! Dead letters: browsing and grouping them, plans that replay them, repairs, archive, exchange, audit log.
//!
//! The library never prints and knows no command line; [`cli`] stands on top of it.

mod account;
pub mod archive;
pub mod audit;
pub mod browse;
pub mod cli;
pub mod decide;
pub mod error;
pub mod exchange;
#[cfg(test)]
mod fuzz;
mod index;
mod lease;
pub mod letter;
pub mod operation;
pub mod overview;
pub mod plan;
pub mod query;
pub mod repair;
pub mod rule;
pub mod trace;
mod transit;
pub mod when;
pub mod worker;
pub mod workspace;
