//! The test kit: private services, the real binaries as processes, the vendor simulator that judges from outside, a
//! proxy that cuts connections, and a workbench for one stage in this process.

pub mod config;
pub mod harness;
pub mod http;
pub mod interrupt;
pub mod process;
pub mod proxy;
pub mod services;
pub mod simulator;
pub mod workbench;
