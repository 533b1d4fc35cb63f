//! Keeps the tables of look-ups as their files are.

use std::sync::Arc;
use std::time::Duration;

use pipeline::alert::{Problem, Severity};
use pipeline::service::Runtime;

use crate::map::Mapping;

/// Between two looks at the files.
const EVERY: Duration = Duration::from_secs(5);
/// Under which people are told of a file that cannot be used.
const PROBLEM: &str = "lookup";

/// Reads the files again when they change, until the process ends.
pub(crate) async fn watch(rt: Runtime, mapping: Arc<Mapping>) {
    if mapping.sources().is_empty() {
        return;
    }
    while rt.shutdown.sleep(EVERY).await {
        let files = Arc::clone(&mapping);
        // A file may lie on a disk that does not answer at once.
        let Ok(read) = tokio::task::spawn_blocking(move || files.sources().refresh()).await else {
            return;
        };
        match read {
            Ok(false) => {}
            Ok(true) => {
                tracing::info!(tables = ?mapping.sources().sizes(), "tables of look-ups read again");
                rt.alerts.clear(PROBLEM);
            }
            Err(error) => {
                tracing::warn!(error, "tables of look-ups stay as they were");
                rt.alerts.raise(Problem {
                    key: PROBLEM.to_owned(),
                    severity: Severity::Warning,
                    summary: words::text!("a table of look-ups cannot be used").to_owned(),
                    detail: words::tr!("{error}; the tables stay as they were before the file changed"),
                    patience: Duration::ZERO,
                });
            }
        }
    }
}
