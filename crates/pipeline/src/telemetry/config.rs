//! What is logged, and how.

use clap::ValueEnum;

/// Shape of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text, for a terminal.
    Human,
    /// One JSON object a line, for a log collector.
    Json,
}

/// Log settings.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// `None`: human on a terminal, else JSON.
    pub format: Option<LogFormat>,
    /// A filter that has been checked.
    pub filter: String,
}
