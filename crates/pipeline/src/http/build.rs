//! How a client is built: private trust, no redirects to other hosts, the settings of the network.

use super::{config::HttpConfig, error::Error};
use crate::tls::{TlsFiles, install_crypto};
use reqwest::{Certificate, Identity, redirect};
use std::{io, time::Duration};

/// A vendor sees who calls.
const USER_AGENT: &str = concat!("okki-pipeline/", env!("CARGO_PKG_VERSION"));
/// Below the idle limits of usual gateways, so that a request rarely meets a connection that is being closed.
const POOL_IDLE: Duration = Duration::from_secs(20);
/// More redirects than this within one host are a loop.
const MAX_REDIRECTS: usize = 5;

/// Which redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirects {
    /// Those that stay at the host.
    WithinOrigin,
    /// None: each call is counted, and is made where it was meant to be made.
    Never,
}

pub(super) fn build(config: &HttpConfig, redirects: Redirects) -> Result<reqwest::Client, Error> {
    install_crypto();
    trusting(reqwest::Client::builder(), &config.tls)?
        .user_agent(USER_AGENT)
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(POOL_IDLE)
        .redirect(match redirects {
            Redirects::WithinOrigin => redirect::Policy::custom(same_origin),
            Redirects::Never => redirect::Policy::none(),
        })
        .build()
        .map_err(Error::Build)
}

/// Adds the private CA and the client certificate, if there are any.
fn trusting(mut builder: reqwest::ClientBuilder, tls: &TlsFiles) -> Result<reqwest::ClientBuilder, Error> {
    let pem = tls.read().map_err(Error::Certificates)?;
    if let Some(ca) = pem.ca {
        let found = Certificate::from_pem_bundle(&ca).map_err(Error::Build)?;
        if found.is_empty() {
            // Perhaps a renewal that is only half written.
            let problem = words::text!("no certificate in the CA's file");
            return Err(Error::Certificates(io::Error::new(
                io::ErrorKind::InvalidData,
                problem,
            )));
        }
        builder = builder.tls_certs_merge(found);
    }
    if let Some((mut cert, key)) = pem.identity {
        cert.push(b'\n');
        cert.extend(key);
        builder = builder.identity(Identity::from_pem(&cert).map_err(Error::Build)?);
    }
    Ok(builder)
}

/// Credentials travel in headers; a redirect must not carry them to another host. A refused redirect shows up as
/// the 3xx answer itself.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let stays = attempt
        .previous()
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    if stays && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}
