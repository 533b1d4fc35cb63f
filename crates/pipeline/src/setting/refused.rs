//! What the command line has refused before the settings could be read as a whole: it is said with everything else that is
//! wrong, by whoever reads them.

use super::ConfigError;
use std::sync::{Mutex, PoisonError};

static REFUSED: Mutex<Vec<ConfigError>> = Mutex::new(Vec::new());

/// Keeps what was refused, until somebody reads settings.
pub(crate) fn refuse(faults: Vec<ConfigError>) {
    *REFUSED.lock().unwrap_or_else(PoisonError::into_inner) = faults;
}

/// What was refused, for those who read the settings.
pub(crate) fn refused() -> Result<(), ConfigError> {
    let faults = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    match faults.is_empty() {
        true => Ok(()),
        false => Err(ConfigError::all(faults.iter().cloned())),
    }
}
