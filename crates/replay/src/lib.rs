//! Dead letters: what is kept about them, how they are looked at, repaired and put back.

pub mod archive;
pub mod audit;
pub mod body;
pub mod browse;
pub mod cli;
pub mod config;
pub mod exchange;
pub mod filter;
pub mod fingerprint;
#[cfg(test)]
mod fuzz;
pub mod groups;
pub mod letter;
pub mod plan;
mod print;
pub mod repair;
pub mod replay;
pub mod reveal;
pub mod set;
pub mod when;
pub mod workspace;
