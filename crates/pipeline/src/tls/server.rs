//! TLS of our own: certificate and key from files, read again when they change.

use super::{Stamp, TlsFiles, install_crypto};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_rustls::TlsAcceptor;

/// Accepts connections with the certificate as it is now.
pub struct ServerTls {
    files: TlsFiles,
    current: Mutex<(Vec<Stamp>, TlsAcceptor)>,
}

impl ServerTls {
    /// For these files, which are read now.
    ///
    /// # Errors
    /// When certificate and key cannot be read, or do not fit.
    pub fn new(files: TlsFiles) -> io::Result<Self> {
        install_crypto();
        // Before they are read, so that a change in between is seen at the next connection.
        let stamps = files.stamps();
        let current = Mutex::new((stamps, acceptor(&files)?));
        Ok(Self { files, current })
    }

    /// What the next connection is accepted with. Files that cannot be used, perhaps because they are only half written, change nothing until they change again.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        let stamps = self.files.stamps();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != stamps {
            match acceptor(&self.files) {
                Ok(acceptor) => {
                    current.1 = acceptor;
                    tracing::info!("the certificate of our own server was read again");
                }
                Err(error) => {
                    tracing::warn!(%error, "the changed certificate of our own server cannot be used")
                }
            }
            current.0 = stamps;
        }
        current.1.clone()
    }
}

fn acceptor(files: &TlsFiles) -> io::Result<TlsAcceptor> {
    let (chain, key) = files.read()?.identity.unwrap_or_default();
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let chain = chain.map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(io::Error::other)?;
    let config = ServerConfig::builder().with_no_client_auth();
    let mut config = config.with_single_cert(chain, key).map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
