//! What `deploy/` promises: manifests that render and are valid, variables that exist, rules that fire, images that lint.
//!
//! Needs no cluster, no broker and no Redis. Tools that are missing are taken from PyPI and Debian into `target/tools`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod chart;
mod cluster;
mod compose;
mod dist;
mod gitops;
mod images;
mod kind;
mod manifests;
mod monitoring;
mod references;
mod secrets;
mod tools;
mod variables;
