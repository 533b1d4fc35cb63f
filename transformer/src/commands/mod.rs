//! What the transformer can do besides running: work on mapping documents.

mod mapping;

pub use mapping::{MappingArgs, run};
