//! What is asked in an address; whatever is wrong with it is answered as any other failure is.

use super::failure::Failure;
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

/// What is asked.
pub(crate) struct Question<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Question<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let Query(asked) = Query::try_from_uri(&parts.uri)
            .map_err(|wrong| Failure::invalid("address", wrong.body_text()))?;
        Ok(Self(asked))
    }
}
