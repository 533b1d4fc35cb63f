//! `doctor`: is everything that a service needs there, and what to do about what is not.
//!
//! Each service adds what only it knows (its vendor, its documents) to the findings about broker and Redis.

mod broker;
mod config;
mod examine;
mod finding;
mod notices;
mod redis;
mod report;
mod upgrade;

pub use config::DoctorArgs;
pub use examine::{examine, in_time};
pub use finding::{Finding, Health};
pub use notices::notices;
pub use report::report;
pub use upgrade::upgrade;
