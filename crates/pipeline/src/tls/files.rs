//! Files with certificates: checked when the service starts, read again at each new connection.

use crate::setting::ConfigError;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// What changes with a file; `None` when it is not there.
pub(crate) type Stamp = Option<(SystemTime, u64)>;

/// Where the certificates for one peer are; empty when the system's trust is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    ca: Option<PathBuf>,
    /// Certificate chain and key: of the client, or of our own server.
    identity: Option<(PathBuf, PathBuf)>,
}

/// What stood in the files.
#[derive(Default)]
pub(crate) struct Pem {
    /// Certificates of the CA.
    pub(crate) ca: Option<Vec<u8>>,
    /// Certificate chain and key of the client.
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl TlsFiles {
    /// Checks that the files are there and hold what they should; `prefix` is that of the variables, such as `AMQP`.
    ///
    /// # Errors
    /// Names the variable at fault.
    pub fn check(
        prefix: &str,
        ca: Option<PathBuf>,
        cert: Option<PathBuf>,
        key: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        let given = |path: Option<PathBuf>| path.filter(|path| !path.as_os_str().is_empty());
        let (ca, cert, key) = (given(ca), given(cert), given(key));
        let variable = |tail: &str| format!("{prefix}_{tail}_FILE");
        let identity = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (cert, _) => {
                let (is, is_not) = if cert.is_some() {
                    ("CERT", "KEY")
                } else {
                    ("KEY", "CERT")
                };
                let problem = words::tr!("is given without {}", variable(is_not));
                return Err(ConfigError::new(
                    variable(is),
                    problem,
                    words::tr!("a certificate needs both"),
                ));
            }
        };
        let files = Self { ca, identity };
        files.check_contents(&variable)?;
        Ok(files)
    }

    fn check_contents(&self, variable: &impl Fn(&str) -> String) -> Result<(), ConfigError> {
        let read = |tail: &str, path: &PathBuf| {
            let remedy = words::text!("name a readable PEM file");
            let refuse = |error: io::Error| {
                ConfigError::new(
                    variable(tail),
                    words::tr!("cannot read `{}`: {error}", path.display()),
                    remedy,
                )
            };
            std::fs::read(path).map_err(refuse)
        };
        let wrong = |tail: &str, what: &str| {
            ConfigError::new(
                variable(tail),
                words::tr!("holds no {what}"),
                words::tr!("write it in PEM, with its BEGIN and END lines"),
            )
        };
        if let Some(ca) = &self.ca {
            certificates(&read("CA", ca)?).ok_or_else(|| wrong("CA", words::text!("certificate")))?;
        }
        if let Some((cert, key)) = &self.identity {
            certificates(&read("CERT", cert)?).ok_or_else(|| wrong("CERT", words::text!("certificate")))?;
            PrivateKeyDer::from_pem_slice(&read("KEY", key)?)
                .map_err(|_| wrong("KEY", words::text!("private key")))?;
        }
        Ok(())
    }

    /// The files as they are now.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn read(&self) -> io::Result<Pem> {
        let ca = self.ca.as_ref().map(std::fs::read).transpose()?;
        let identity = match &self.identity {
            Some((cert, key)) => Some((std::fs::read(cert)?, std::fs::read(key)?)),
            None => None,
        };
        Ok(Pem { ca, identity })
    }

    /// Every file that is named.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let identity = self.identity.iter().flat_map(|(cert, key)| [cert, key]);
        self.ca.iter().chain(identity).map(PathBuf::as_path)
    }

    /// What changes when one of the files does.
    pub(crate) fn stamps(&self) -> Vec<Stamp> {
        let stamp = |path: &Path| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.modified().ok()?, found.len()))
        };
        self.paths().map(stamp).collect()
    }

    /// Nothing but the system's trust is used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `None` when there is no certificate in it, or a damaged one.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.ok().filter(|found| !found.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> Option<PathBuf> {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    }

    #[test]
    fn a_fault_in_a_file_names_its_variable() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["broker".into()]).unwrap();
        let cert = || file(&folder, "cert", &made.cert.pem());
        let key = || file(&folder, "key", &made.signing_key.serialize_pem());
        let junk = || file(&folder, "junk", "no pem");
        assert!(
            TlsFiles::check("AMQP", cert(), cert(), key())
                .unwrap()
                .read()
                .unwrap()
                .identity
                .is_some()
        );
        assert!(
            TlsFiles::check("AMQP", None, Some("".into()), None)
                .unwrap()
                .is_empty()
        );
        for (ca, cert, key, named) in [
            (junk(), None, None, "AMQP_CA_FILE"),
            (Some("/nowhere".into()), None, None, "AMQP_CA_FILE"),
            (None, cert(), None, "AMQP_CERT_FILE"),
            (None, None, key(), "AMQP_KEY_FILE"),
            (None, junk(), key(), "AMQP_CERT_FILE"),
            (None, cert(), junk(), "AMQP_KEY_FILE"),
        ] {
            let error = TlsFiles::check("AMQP", ca, cert, key).unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
