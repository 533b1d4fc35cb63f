//! Variables that look like settings and are none: nobody reads them, and whoever has set one believes that it works.

use std::sync::{Mutex, PoisonError};

/// A variable, and the setting whose name is nearest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    /// As it was written.
    pub variable: String,
    /// What may have been meant.
    pub nearest: &'static str,
}

static NOTED: Mutex<Vec<Misspelt>> = Mutex::new(Vec::new());

/// Keeps them for whoever says it in the log.
pub(crate) fn note(misspelt: Vec<Misspelt>) {
    *NOTED.lock().unwrap_or_else(PoisonError::into_inner) = misspelt;
}

/// Says them in the log, once.
pub(crate) fn warn() {
    let noted = std::mem::take(&mut *NOTED.lock().unwrap_or_else(PoisonError::into_inner));
    for Misspelt { variable, nearest } in noted {
        tracing::warn!(
            variable,
            nearest,
            "no setting has this name, the variable does nothing"
        );
    }
}
