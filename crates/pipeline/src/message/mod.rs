//! A message and what travels with it, below the broker and below the handler, which both use it.

pub(crate) mod bundle;
mod cells;
mod death;
pub(crate) mod envelope;
#[cfg(test)]
mod fuzz;
mod load;
mod outgoing;
mod part;
mod subject;

pub use bundle::BundleConfig;
pub use death::Death;
pub use envelope::Envelope;
pub(crate) use envelope::FILLER;
pub(crate) use load::Load;
pub use outgoing::Outgoing;
pub(crate) use outgoing::Target;
pub(crate) use part::PART;
pub use part::part_tag;
pub use subject::{Subject, SubjectRef};
