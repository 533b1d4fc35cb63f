//! Dead letters: what is kept about them, and how they are looked at and put back.

pub mod record;
