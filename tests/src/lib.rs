//! Everything that proves the product from outside: private services, the harness that runs the real binaries
//! as processes, the vendor simulator that judges the result, and the demo built from them.

pub mod bench;
pub mod chaos;
pub mod config;
pub mod demo;
pub mod harness;
pub mod http;
pub mod interrupt;
pub mod process;
pub mod services;
pub mod simulator;
