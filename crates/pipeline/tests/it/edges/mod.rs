//! Where the process meets the outside: the admin port, the HTTP client, exit codes of the command line.

mod admin;
mod http;
mod webhook;
