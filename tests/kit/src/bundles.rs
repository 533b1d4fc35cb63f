//! What a message carries, read by the contract alone.

use anyhow::Context;
use prost::Message;
use proto::v2::Bundle;

/// The `type` of a message that carries many records.
pub const TYPE: &str = "okki.pipeline.v2.Bundle";

/// The bodies of its records; of any other message that is its own body. `kind`: its AMQP `type`.
pub fn bodies(kind: &str, body: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    if kind != TYPE {
        return Ok(vec![body.to_vec()]);
    }
    let bundle = Bundle::decode(body).context("read a bundle")?;
    Ok(bundle
        .records
        .into_iter()
        .map(|record| record.body.to_vec())
        .collect())
}
