//! How the provider is called: with the pipeline's own client, without following it anywhere else.

use super::config::is_safe;
use openidconnect::{HttpRequest, HttpResponse};
use pipeline::http::{self, Client, read_capped};
use std::time::Duration;
use url::Url;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// A larger answer is none of a provider.
const LARGEST: usize = 1 << 20;

/// Why a call has come to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The provider names an address that secrets do not go to.
    #[error("{}", words::text!("the provider leads to an address without TLS"))]
    Unsafe,
    /// What is to be sent is no request.
    #[error("{}", words::text!("the request cannot be made"))]
    Request(#[source] reqwest::Error),
    /// Nobody answers.
    #[error("{}", words::text!("no answer"))]
    Call(#[source] reqwest::Error),
    /// The answer cannot be read.
    #[error(transparent)]
    Read(#[from] http::Error),
}

/// Makes one call.
pub(super) async fn call(client: Client, request: HttpRequest) -> Result<HttpResponse, Error> {
    let url = Url::parse(&request.uri().to_string()).map_err(|_| Error::Unsafe)?;
    if !is_safe(&url) {
        return Err(Error::Unsafe);
    }
    // Addresses hold no secrets here, but what stands in them is nobody's business.
    let mut request =
        reqwest::Request::try_from(request).map_err(|error| Error::Request(error.without_url()))?;
    *request.timeout_mut() = Some(PATIENCE);
    let answer = client
        .execute(request)
        .await
        .map_err(|error| Error::Call(error.without_url()))?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = read_capped(answer, LARGEST).await?;
    let mut response = HttpResponse::new(body.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
