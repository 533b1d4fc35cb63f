//! Where Redis is.

use crate::{names::Namespace, setting::Secret, tls::TlsFiles};

/// Redis settings.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// `redis://`, `rediss://`, `unix://`, or the same with `+sentinel` or `+cluster`, checked.
    pub url: Secret,
    /// Whose keys are used; a cluster may have others elsewhere.
    pub namespace: Namespace,
    /// Most connections at a time.
    pub pool_size: usize,
    /// Certificates for `rediss://`.
    pub tls: TlsFiles,
}
