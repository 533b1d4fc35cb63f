//! `doctor`: is everything that a service needs there, and what to do about what is not.
//!
//! Each service adds what only it knows (its vendor, its documents) to the findings about broker and Redis. A running one also
//! does it for whoever wishes it and has no vendor's keys.

mod broker;
mod config;
mod examine;
mod finding;
mod notices;
mod redis;
mod report;
mod upgrade;
mod wished;

pub use config::DoctorArgs;
pub use examine::{examine, in_time};
pub use finding::{Finding, Health};
pub use notices::notices;
pub use report::{judged, report};
pub use upgrade::upgrade;
pub use wished::{findings_of, serve};
