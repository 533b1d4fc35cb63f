//! The test kit: private services, the vendor simulator that judges from outside, the pipeline under test, a proxy that
//! cuts connections, and a workbench for one stage in this process.

pub mod browser;
pub mod bundles;
pub mod config;
pub mod desk;
pub mod events;
pub mod http;
pub mod interrupt;
pub mod pipeline;
pub mod process;
pub mod provider;
pub mod proxy;
pub mod queues;
pub mod redis_client;
pub mod services;
pub mod simulator;
pub mod wait;
pub mod workbench;
