//! What every stage is made of: broker, settlement, retry, quota, lease, dead letters, telemetry.
//!
//! A service assembles these parts; it never names the broker client, a signal or an environment variable itself.

pub mod accounting;
pub mod admin;
pub mod alert;
pub mod broker;
pub mod cause;
pub mod cli;
pub mod config;
pub mod consumer;
pub mod content;
mod decision;
pub mod disposition;
pub mod doctor;
pub mod events;
pub mod failure;
pub mod form;
pub mod gate;
pub mod handler;
pub mod heartbeat;
pub mod http;
pub mod kept_text;
pub mod lease;
pub mod mask;
pub mod message;
pub mod names;
pub mod quota;
pub mod recording;
pub mod retry;
pub mod sequence;
pub mod service;
pub mod setting;
pub mod setup;
pub mod shutdown;
pub mod snapshots;
pub mod speeds;
pub mod stage;
pub mod store;
mod table;
pub mod telemetry;
pub mod tls;
pub mod version;
pub mod waiting;
pub mod watermarks;
pub mod webhook;
pub mod wish;
