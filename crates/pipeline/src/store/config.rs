//! Where Redis is.

use crate::{setting::Secret, tls::TlsFiles};

/// Redis settings.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// `redis://`, `rediss://` or `unix://`, checked.
    pub url: Secret,
    /// Most connections at a time.
    pub pool_size: usize,
    /// Certificates for `rediss://`.
    pub tls: TlsFiles,
}
