//! The demo: the whole product against the simulated vendors, told to a person who watches, judged at the end.

mod cast;
mod progress;
mod report;
mod scenario;
mod vendors;

pub use self::scenario::{Options, play};
