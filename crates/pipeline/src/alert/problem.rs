//! A problem, how bad it is, and which process reports it.

use serde::Serialize;
use std::time::Duration;
use tokio::sync::oneshot;

/// Something a person may have to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Distinguishes problems, over all replicas.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub summary: String,
    /// What exactly, and what to do; no secrets, no customers' data.
    pub detail: String,
    /// How long it may last before people are notified.
    #[serde(skip)]
    pub patience: Duration,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// An operator should see to it today.
    Warning,
    /// Nothing moves until an operator acts.
    Critical,
}

/// What parts of the process report.
#[derive(Debug)]
pub(super) enum Event {
    Raised(Problem),
    /// Every problem whose key begins so is over.
    Cleared(String),
    /// This problem is over, whichever process has notified of it.
    Over(Problem),
    /// Answers when the notices of everything that came before were sent, or could not be.
    Flush(oneshot::Sender<()>),
}

/// Whom the notices are about.
#[derive(Debug, Clone, Serialize)]
pub struct Origin {
    /// The pipeline.
    pub namespace: String,
    /// The binary.
    pub service: &'static str,
    /// The process.
    pub instance: String,
}
