//! The web server: who is let in, in which language they are answered, and what an answer always carries.

mod app;
mod ask;
mod assets;
mod connections;
mod door;
mod failure;
mod files;
mod filled;
mod headers;
mod language;
mod live;
mod oidc;
mod peer;
mod places;
mod question;
mod router;
mod sign_in;

pub(crate) use app::App;
pub(crate) use ask::Ask;
pub(crate) use assets::{SCRIPT, STYLE};
pub(crate) use failure::{Failure, Result};
pub(crate) use files::{Received, Uploaded, download};
pub(crate) use filled::{Filled, Sent, reason};
pub(crate) use live::live;
pub(crate) use question::Question;
pub(crate) use router::serve;
