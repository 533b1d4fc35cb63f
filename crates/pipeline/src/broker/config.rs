//! Where the broker is.

use crate::{setting::Secret, tls::TlsFiles};

/// Broker settings.
#[derive(Debug, Clone)]
pub struct AmqpConfig {
    /// `amqp://` or `amqps://`, checked.
    pub url: Secret,
    /// Certificates for `amqps://`.
    pub tls: TlsFiles,
    /// Where the management plugin answers, with user and password.
    pub management: Option<Secret>,
}
