//! What every stage is made of: broker, settlement, retry, quota, lease, dead letters, telemetry.
//!
//! A service assembles these parts; it never names the broker client, a signal or an environment variable itself.

pub mod names;
pub mod stage;
pub mod version;
