//! The HTTP client for vendors: one way to build it, one way to read an answer that cannot fill the memory.

mod client;

pub use client::Client;

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{Certificate, Identity, Response, redirect};

use crate::config::HttpConfig;
use crate::tls::TlsFiles;

/// A vendor sees who calls.
const USER_AGENT: &str = concat!("okki-pipeline/", env!("CARGO_PKG_VERSION"));
/// Below the idle limits of usual gateways, so that a request rarely meets a connection that is being closed.
const POOL_IDLE: Duration = Duration::from_secs(20);
/// More redirects than this within one host are a loop.
const MAX_REDIRECTS: usize = 5;

/// A failed exchange. The URL is left out, because queries may hold personal data or tokens.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be built.
    #[error("cannot build the HTTP client")]
    Build(#[source] reqwest::Error),
    /// Certificates were there when the service started, and are not any more.
    #[error("read HTTP certificates")]
    Certificates(#[source] io::Error),
    /// The answer broke off.
    #[error("answer broke off")]
    Read(#[source] reqwest::Error),
    /// The answer is larger than anything sensible.
    #[error("answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit that was passed.
        limit: usize,
    },
}

/// A client over TLS by rustls, with gzip, which follows changes of its certificates. Callers give each request its own
/// timeout.
pub fn client(config: &HttpConfig) -> Result<Client, Error> {
    Client::new(config.clone())
}

fn build(config: &HttpConfig) -> Result<reqwest::Client, Error> {
    crate::cli::install_crypto();
    trusting(reqwest::Client::builder(), &config.tls)?
        .user_agent(USER_AGENT)
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(POOL_IDLE)
        .redirect(redirect::Policy::custom(same_origin))
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
            let problem = "no certificate in the CA's file";
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

/// Credentials travel in headers; a redirect must not carry them to somebody else. A refused redirect shows up as
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

/// Reads the body, but never more than `limit` bytes after decompression.
pub async fn read_capped(mut response: Response, limit: usize) -> Result<Bytes, Error> {
    let broken = |error: reqwest::Error| Error::Read(error.without_url());
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > limit {
            return Err(Error::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
