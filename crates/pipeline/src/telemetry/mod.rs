//! What the process says about itself: logs to standard error, metrics on the admin port.
//!
//! Both are process-wide, so starting a second service in one process (as tests do) changes nothing.
//! Messages are constant and lower case, facts are fields; ERROR means that a person must act. Bodies, secrets and
//! customers' e-mail and phone never go into either.

mod config;
mod log;
mod metric;
mod metrics;
pub mod names;
mod start;
pub mod trace;

pub(crate) use config::wants_colour;
pub use config::{LogConfig, LogFormat};
pub(crate) use log::start_logging;
pub use metrics::Metrics;
pub use start::start;
