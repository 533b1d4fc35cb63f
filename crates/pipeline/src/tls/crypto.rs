//! Which implementation of cryptography TLS uses.

/// Makes ring the process's TLS provider; calling it again changes nothing.
pub fn install_crypto() {
    // An error only says that a provider is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
}
