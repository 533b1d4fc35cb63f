//! Setting a pipeline up without its settings: what the vendors show of themselves.

mod sheets;

pub use sheets::{App, Catalogue, Dictionary, Field, Form, FormSheet, Rows, Widget};
