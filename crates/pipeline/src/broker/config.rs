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

/// The stream of events, and how long it keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamConfig {
    /// Whether events are written at all.
    pub on: bool,
    /// As RabbitMQ writes it: `7D`.
    pub max_age: String,
    /// Bytes of the whole stream.
    pub max_bytes: u64,
}

impl StreamConfig {
    /// Of age and size, unless somebody says otherwise.
    pub const DEFAULT_AGE: &'static str = "7D";
    /// Two gigabytes.
    pub const DEFAULT_BYTES: u64 = 2_000_000_000;

    /// Retention drops whole segments and never the last one.
    pub(super) fn segment_bytes(&self) -> u64 {
        (self.max_bytes / 20).clamp(1_000_000, 100_000_000)
    }
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            on: true,
            max_age: Self::DEFAULT_AGE.to_owned(),
            max_bytes: Self::DEFAULT_BYTES,
        }
    }
}
