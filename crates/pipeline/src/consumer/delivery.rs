//! A record that was delivered and has not been settled yet, and what its body turns out to be.

use super::{
    inflight::{InFlight, Ticket},
    options::ALONE_AT,
    parcel::Parcel,
};
use crate::{
    failure::Failure,
    handler::{Job, Meta},
    message::{Envelope, FILLER, Outgoing, Subject, bundle},
    telemetry::trace::RecordSpan,
};
use bytes::Bytes;
use prost::Message;
use proto::v1::Lane;
use std::sync::Arc;
use tokio::time::Instant;

/// A message that has been returned this often may have killed its consumers, so the broker goes on counting it; one
/// crash of a busy consumer returns many innocent messages once.
const SUSPECT_RETURNS: i64 = 2;

pub(super) struct Delivery {
    pub(super) body: Bytes,
    pub(super) envelope: Envelope,
    /// When it came.
    pub(super) taken: Instant,
    /// Why it is no bundle, though it says so.
    problem: Option<String>,
    /// What it came in, perhaps with others.
    pub(super) parcel: Arc<Parcel>,
    _ticket: Ticket,
    /// The handling that is under way, when there are traces.
    pub(super) span: Option<RecordSpan>,
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

impl Delivery {
    pub(super) fn new(
        parcel: &Arc<Parcel>,
        envelope: Envelope,
        body: Bytes,
        problem: Option<String>,
        in_flight: &InFlight,
    ) -> Self {
        Self {
            _ticket: in_flight.ticket(&envelope),
            span: None,
            envelope,
            body,
            taken: Instant::now(),
            problem,
            parcel: Arc::clone(parcel),
        }
    }

    /// How often the broker took it back from a consumer that died. Whoever was in a bundle then has been returned once
    /// more than the broker knows, and after another death stands alone.
    pub(super) fn returns(&self) -> i64 {
        match (self.envelope.suspect, self.parcel.returns()) {
            (false, returns) => returns,
            (true, 0) => 1,
            (true, returns) => returns.saturating_add(ALONE_AT.into()),
        }
    }

    /// The message may be the one that kills consumers.
    pub(super) fn is_suspect(&self) -> bool {
        self.returns() >= SUSPECT_RETURNS
    }

    /// Nothing but a place that a draining consumer has filled; settled unseen.
    pub(super) fn is_filler(&self) -> bool {
        self.envelope.kind == FILLER
    }

    /// Trace context for what this handling causes.
    pub(super) fn traceparent(&self) -> Option<String> {
        let span = self.span.as_ref().map(RecordSpan::traceparent);
        span.or_else(|| self.envelope.traceparent.clone())
    }

    /// The broker delivered it before.
    pub(super) fn is_redelivered(&self) -> bool {
        self.parcel.is_redelivered()
    }

    /// The same record for the queue that it came from, alone.
    pub(super) fn copy(&self, home: String) -> Outgoing {
        let mut envelope = self.envelope.clone();
        envelope.suspect |= self.parcel.must_be_divided();
        Outgoing::raw(home, envelope, self.body.clone())
    }

    /// Attempt number of this handling, 1-based.
    pub(super) fn attempt(&self) -> u32 {
        self.envelope.attempt.max(1)
    }

    pub(super) fn decode<M: Message + Default + Subject>(&self) -> Decoded<M> {
        let kind = self.envelope.kind.as_str();
        if kind == bundle::TYPE {
            let why = self
                .problem
                .as_deref()
                .unwrap_or(words::text!("a bundle in a bundle"));
            return Decoded::Damaged(Failure::new("undecodable", words::tr!("no {kind}: {why}")));
        }
        if !kind.is_empty() && kind != M::TYPE {
            return if major(kind) > major(M::TYPE) {
                Decoded::Newer
            } else {
                Decoded::Damaged(Failure::new(
                    "wrong-type",
                    words::tr!("expected {}, found {kind}", M::TYPE),
                ))
            };
        }
        match M::decode(self.body.clone()) {
            Ok(mut message) if !message.company_id().is_empty() => {
                let meta = self.meta(message.lane());
                message.set_lane(meta.lane);
                Decoded::Job(Job { message, meta })
            }
            Ok(_) => Decoded::Damaged(Failure::new(
                "undecodable",
                words::tr!("no {}: no company id", M::TYPE),
            )),
            Err(error) => {
                Decoded::Damaged(Failure::new("undecodable", words::tr!("no {}: {error}", M::TYPE)))
            }
        }
    }

    fn meta(&self, lane: Lane) -> Meta {
        Meta {
            attempt: self.attempt(),
            first_seen_ms: self.envelope.first_seen_ms,
            traceparent: self.envelope.traceparent.clone(),
            redelivered: self.is_redelivered(),
            replay: self.envelope.replay.clone(),
            lane: match self.envelope.lane.as_deref() {
                Some("live") => Lane::Live,
                Some("backfill") => Lane::Backfill,
                Some("replay") => Lane::Replay,
                _ => lane,
            },
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
