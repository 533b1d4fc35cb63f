//! What operations rest on, against a real broker and Redis and a receiver that checks everything: books, notices, TLS.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../broker/config.rs"]
mod config;
#[path = "../support/mod.rs"]
mod support;

mod alerts;
mod books;
mod consumer;
mod doctor;
mod receiver;
mod tls;
