//! Notices to people, for those who run no Prometheus: one per problem, not one per message, and one when it is over.
//!
//! Parts of the process [`raise`](Alerts::raise) and [`clear`](Alerts::clear) problems as often as they like. One task
//! per process decides which notices are sent: of a problem that stands for long enough, that no replica has notified of within the
//! interval (Redis remembers, so ten replicas make one notice), and of its end, sent by the replica that clears it first.
//! What the work of all shows, and not what a process sees of itself, ends with [`over`](Alerts::over): for whoever has raised it.

mod alerts;
mod channel;
mod config;
mod memory;
mod notifier;
mod problem;
mod refusal;
mod trial;
mod watch;

pub use alerts::Alerts;
pub use config::{AlertArgs, AlertConfig, AlertKind, AlertLanguage, Receiver};
pub use problem::{Origin, Problem, Severity};
pub use trial::{reach, send_test};
pub use watch::watch_gate;
