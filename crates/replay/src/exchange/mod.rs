//! Dead letters as lines of JSON, to read them with other tools, to store them, or to bring them to another place.
//!
//! An export is masked unless the operator asks for the data, and a masked one cannot be imported.

mod export;
mod import;
mod line;

pub use export::export;
pub use import::{Imported, import};
#[cfg(test)]
pub(crate) use line::{line, read};
