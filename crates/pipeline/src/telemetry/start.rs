//! Everything that a process says about itself, started at once.

use super::{config::LogConfig, log::start_logging, metrics::Metrics};
use crate::names::Namespace;
use crate::setting::ConfigError;

/// Starts logging and metrics.
pub fn start(config: &LogConfig, namespace: &Namespace) -> Result<Metrics, ConfigError> {
    start_logging(config)?;
    Metrics::install(namespace)
}
