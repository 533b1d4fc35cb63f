//! The loader: each customer exactly one right row in the form, whatever happens.

pub mod jdy;
