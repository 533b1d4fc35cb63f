//! The one end-to-end test binary: real broker, real Redis, the real binaries as processes, the vendor simulator.
//!
//! Each test has a namespace of its own, so all of them run at the same time against one broker and one Redis.
//! A module is about one promise of the product; its first line says which.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod arguments;
mod chaos;
mod crashes;
mod credentials;
mod dead;
mod desk;
mod desk_refusals;
mod drain;
mod events;
mod extractor;
mod failover;
mod fuzz;
mod loader;
mod ops;
mod outages;
mod pages;
mod path;
mod services;
mod trace;
mod unreachable;
mod wishes;
