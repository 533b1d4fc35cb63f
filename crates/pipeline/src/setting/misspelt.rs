//! Variables that look like settings and are none: nobody reads them, and whoever has set one believes that it works.

use super::ConfigError;
use std::sync::{Mutex, PoisonError};

/// A variable, and the setting whose name is nearest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    /// As it was written.
    pub variable: String,
    /// What may have been meant.
    pub nearest: &'static str,
}

impl Misspelt {
    /// What is wrong with it.
    pub(crate) fn fault(&self) -> ConfigError {
        let problem = words::text!("no setting has this name, the variable does nothing");
        ConfigError::new(
            &self.variable,
            problem,
            words::tr!("write {} if that is meant", self.nearest),
        )
    }
}

static NOTED: Mutex<Vec<Misspelt>> = Mutex::new(Vec::new());

/// Keeps them for whoever says it in the log.
pub(crate) fn note(misspelt: Vec<Misspelt>) {
    *NOTED.lock().unwrap_or_else(PoisonError::into_inner) = misspelt;
}

/// Those that are kept.
pub(crate) fn noted() -> Vec<Misspelt> {
    NOTED.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
