//! Setting a pipeline up from the desk: what the vendors show of themselves, how keys come to the programs that need them, and
//! where those keep their settings.

mod config;
mod folder;
mod mapping_reading;
mod sealed;
mod servant;
mod sheets;
mod trial;
mod wait;

pub use config::SetupArgs;
pub use folder::{FolderError, Settings, SetupFolder, quoted};
pub use mapping_reading::MappingReading;
pub use sealed::{NotSealed, Sealed, SealingKey};
pub use servant::{Names, address, answer, keep_keys, settle};
pub use sheets::{App, Catalogue, Dictionary, Field, Form, FormSheet, Rows, Widget};
pub use trial::{RowSheet, Trial, Trials, TriedCell, TriedCustomer, TriedField};
pub(crate) use wait::spoil;
pub use wait::{STATUS, SettingsChanged, Setup, serve_always};
