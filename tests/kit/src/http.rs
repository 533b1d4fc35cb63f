//! The HTTP client of harness and demo; built here because TLS wants its provider installed first.

/// A client for loopback talk.
pub fn client() -> reqwest::Client {
    pipeline::tls::install_crypto();
    reqwest::Client::new()
}
