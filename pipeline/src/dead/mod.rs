//! Dead letters: what is kept about them, how they are looked at and how they are put back (design §6).

pub mod cli;
pub mod filter;
pub mod letter;
pub mod look;
mod print;
pub mod record;
pub mod replay;
