//! A delivery that has not been settled yet, and what its body turns out to be.

use crate::{
    broker::envelope::{self, Envelope},
    handler::{Failure, Job, Meta, Subject},
};
use bytes::Bytes;
use lapin::{Acker, message::Delivery, options::BasicAckOptions};
use prost::Message;

/// A message that has been returned this often has probably killed its consumers; one crash of a busy consumer
/// returns many innocent messages once.
const SUSPECT_RETURNS: i64 = 2;

/// One unsettled delivery.
pub(super) struct Unit {
    pub(super) body: Bytes,
    pub(super) envelope: Envelope,
    redelivered: bool,
    returns: i64,
    acker: Acker,
}

/// What a body is.
pub(super) enum Decoded<M> {
    /// A message of ours.
    Job(Job<M>),
    /// Not a message that this stage can ever understand.
    Damaged(Failure),
    /// A message of a newer major version; a newer consumer will understand it.
    Newer,
}

impl Unit {
    pub(super) fn new(delivery: Delivery) -> Self {
        let headers = delivery.properties.headers().as_ref();
        let returns = headers
            .and_then(|headers| envelope::number(headers, "x-delivery-count"))
            .unwrap_or(0);
        Self {
            envelope: Envelope::read(&delivery.properties),
            body: delivery.data.into(),
            redelivered: delivery.redelivered,
            returns,
            acker: delivery.acker,
        }
    }

    /// The message may be the one that kills consumers.
    pub(super) fn is_suspect(&self) -> bool {
        self.returns >= SUSPECT_RETURNS
    }

    /// The broker delivered it before.
    pub(super) fn is_redelivered(&self) -> bool {
        self.redelivered
    }

    /// Attempt number of this handling, 1-based.
    pub(super) fn attempt(&self) -> u32 {
        self.envelope.attempt.max(1)
    }

    /// Acknowledges; `false` when the channel is gone and the message will be delivered again.
    pub(super) async fn acknowledge(&self) -> bool {
        matches!(self.acker.ack(BasicAckOptions::default()).await, Ok(true))
    }

    pub(super) fn decode<M: Message + Default + Subject>(&self) -> Decoded<M> {
        let kind = self.envelope.kind.as_str();
        if !kind.is_empty() && kind != M::TYPE {
            return if major(kind) > major(M::TYPE) {
                Decoded::Newer
            } else {
                Decoded::Damaged(Failure::new(
                    "wrong-type",
                    format!("expected {}, found {kind}", M::TYPE),
                ))
            };
        }
        match M::decode(self.body.clone()) {
            Ok(message) if !message.company_id().is_empty() => Decoded::Job(Job {
                message,
                meta: self.meta(),
            }),
            Ok(_) => Decoded::Damaged(Failure::new(
                "undecodable",
                format!("no {}: no company id", M::TYPE),
            )),
            Err(error) => Decoded::Damaged(Failure::new("undecodable", format!("no {}: {error}", M::TYPE))),
        }
    }

    fn meta(&self) -> Meta {
        Meta {
            attempt: self.attempt(),
            first_seen_ms: self.envelope.first_seen_ms,
            traceparent: self.envelope.traceparent.clone(),
            redelivered: self.redelivered,
            replay: self.envelope.replay.clone(),
        }
    }
}

/// The major version in `okki.pipeline.v2.Name`; 0 for foreign names.
fn major(kind: &str) -> u32 {
    let version = kind
        .strip_prefix("okki.pipeline.v")
        .and_then(|rest| rest.split('.').next());
    version.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn only_our_names_have_a_version() {
        assert_eq!(major("okki.pipeline.v2.FormRecord"), 2);
        assert_eq!(major("okki.pipeline.vx.FormRecord"), 0);
        assert_eq!(major("other.v9.FormRecord"), 0);
    }
}
