//! A client that follows its certificates: when their files change, the next request goes out with the new ones.

use super::{
    build::{Redirects, build},
    config::HttpConfig,
    error::Error,
};
use crate::tls::Stamp;
use reqwest::{IntoUrl, Method, Request, RequestBuilder, Response};
use std::sync::{Arc, PoisonError, RwLock};

/// Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: HttpConfig,
    redirects: Redirects,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    client: reqwest::Client,
    /// The files that the client was built from.
    files: Vec<Stamp>,
}

impl Client {
    /// A client over TLS by rustls, with gzip, which follows changes of its certificates. Callers give each request its
    /// own timeout.
    ///
    /// # Errors
    /// When certificates cannot be read or do not fit.
    pub fn new(config: HttpConfig) -> Result<Self, Error> {
        Self::with(config, Redirects::WithinOrigin)
    }

    /// The same for a server that is called within a quota: a redirect is an answer, and no further call is made because of it.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn without_redirects(config: HttpConfig) -> Result<Self, Error> {
        Self::with(config, Redirects::Never)
    }

    fn with(config: HttpConfig, redirects: Redirects) -> Result<Self, Error> {
        // Before they are read, so that a change in between is seen at the next request.
        let files = config.tls.stamps();
        let client = build(&config, redirects)?;
        Ok(Self(Arc::new(Inner {
            config,
            redirects,
            current: RwLock::new(Current { client, files }),
        })))
    }

    /// Begins a GET request.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.current().request(Method::GET, url)
    }

    /// Begins a POST request.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.current().request(Method::POST, url)
    }

    /// Begins a request of any method.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        self.current().request(method, url)
    }

    /// Sends a finished request.
    ///
    /// # Errors
    /// As reqwest says.
    pub async fn execute(&self, request: Request) -> reqwest::Result<Response> {
        self.current().execute(request).await
    }

    /// The client for the certificates as they are now. Files that cannot be used, perhaps because they are only half
    /// written, change nothing until they change again.
    fn current(&self) -> reqwest::Client {
        let files = self.0.config.tls.stamps();
        {
            let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
            if current.files == files {
                return current.client.clone();
            }
        }
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.files != files {
            match build(&self.0.config, self.0.redirects) {
                Ok(client) => {
                    current.client = client;
                    tracing::info!("HTTP certificates were read again");
                }
                Err(error) => tracing::warn!(%error, "the changed HTTP certificates cannot be used"),
            }
            current.files = files;
        }
        current.client.clone()
    }
}
