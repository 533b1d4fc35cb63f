//! Dead letters: what is kept about them, how they are looked at, repaired and put back (design §6).

pub mod archive;
pub mod audit;
pub mod body;
pub mod cli;
pub mod config;
pub mod desk;
pub mod exchange;
pub mod filter;
pub mod fingerprint;
pub mod groups;
pub mod identity;
pub mod letter;
pub mod look;
pub mod outcome;
pub mod plan;
mod print;
pub mod record;
pub mod repair;
pub mod replay;
pub mod reveal;
pub mod set;
#[cfg(test)]
mod strangers;
pub mod when;
