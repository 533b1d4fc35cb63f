//! Reading an answer that cannot fill the memory.

use super::error::Error;
use bytes::{Bytes, BytesMut};
use reqwest::Response;

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
