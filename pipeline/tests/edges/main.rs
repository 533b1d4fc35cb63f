//! Where the process meets the outside: the admin port, the HTTP client, exit codes of the command line.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod admin;
mod http;
