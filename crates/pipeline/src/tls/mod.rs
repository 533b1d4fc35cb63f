//! Trust of our own: a private CA and a client certificate for the broker, Redis and the vendors; a certificate for what
//! others call us by.
//!
//! Files are checked when the service starts and read again at each new connection, so that a renewed certificate is
//! used without a restart. A private CA is trusted beside the system's, never instead of checking.

mod config;
mod crypto;
mod files;
mod server;

pub use config::{AmqpTlsArgs, HttpTlsArgs, RedisTlsArgs};
pub use crypto::install_crypto;
pub use files::TlsFiles;
pub(crate) use files::{Pem, Stamp};
pub use server::ServerTls;
