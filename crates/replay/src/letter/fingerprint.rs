//! The group of a letter, as the account of events names it, too.

pub use pipeline::failure::fingerprint::of_record as fingerprint;
