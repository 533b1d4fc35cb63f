//! Everything that knows the OKKI open API: its clock, its shapes, its errors, its token.
//!
//! Nothing outside this folder builds an OKKI request or reads an OKKI answer. The rest of the extractor sees
//! [`Client`], which lists one page or fetches one customer, and [`Error`], which says what to do about a refusal.

mod client;
mod decode;
mod dictionary;
mod envelope;
mod error;
#[cfg(test)]
mod fuzz;
mod mend;
mod moment;
mod pace;
mod push;
mod seal;
mod sealed;
mod tape;
pub(crate) mod time;
mod token;
mod types;

pub(crate) use client::{Client, ClientOptions, Endpoints, Recorded};
pub(crate) use error::{Error, chain};
pub(crate) use pace::Pace;
pub(crate) use push::{Event, Pushed, Unreadable, read as read_push};
pub(crate) use sealed::base64;
pub(crate) use tape::{Question, Taken};
pub(crate) use token::Tokens;
pub(crate) use types::{DamagedRow, Detail, ListItem, Page, PageRequest};
