//! The read model: the same answers as the walk, each event once, and a real broker behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod letters;

mod apply;
mod damage;
mod keep;
mod same;
