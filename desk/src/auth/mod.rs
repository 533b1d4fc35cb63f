//! Who may do what: people and programs with a role, what they sign in with, and what they may see.
//!
//! Passwords are kept as argon2id hashes, sessions and API tokens as digests, all in one small SQLite file beside the
//! read model. What is in it cannot be made anew; the read model can.

pub(crate) mod attempts;
pub(crate) mod identity;
pub(crate) mod name;
pub(crate) mod password;
pub(crate) mod principal;
pub(crate) mod role;
pub(crate) mod secret;
pub(crate) mod store;

pub(crate) use principal::{Principal, Via};
pub(crate) use role::Role;
pub(crate) use store::People;
