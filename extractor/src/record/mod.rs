//! `extractor record`: real answers of an account, kept in a folder without what is personal in them.
//!
//! ```text
//! choose ─► take (the usual client, answers as they came) ─► json ─► disguise (fields, known, pseudonym) ─► folder
//! ```
//!
//! Everything is replaced that is not known to be harmless, by pseudonyms that keep the shape; what is odd about an answer
//! stays. What cannot be taken apart is not kept.

pub(crate) mod choose;
pub(crate) mod disguise;
mod fields;
pub(crate) mod folder;
mod json;
mod known;
mod number;
mod place;
pub(crate) mod pseudonym;
mod scalar;
mod take;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use take::{Answered, Listing, Plan, Take, take};
