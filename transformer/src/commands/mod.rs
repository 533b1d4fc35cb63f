//! What the transformer can do besides running: work on mapping documents.

pub mod doctor;
mod mapping;

pub use mapping::{MappingArgs, run};
