//! Events as messages of the stream: one for a batch, more only when a broker would not take that.

use crate::message::{Envelope, Outgoing};
use bytes::Bytes;
use prost::Message;
use proto::v1::{Event, Events};

/// Property `type` of the messages of the stream.
pub(super) const TYPE: &str = "okki.pipeline.v1.Events";
/// Beginning of the message id of a marker, which says nothing and which no reader hands out.
pub(super) const MARKER: &str = "end-";
/// Bytes of one message; a batch is far smaller unless many died in it.
const LARGEST: usize = 1 << 20;
/// Of the tag and the length before an event.
const FRAME: usize = 6;

/// The events under what they have in common.
pub(super) fn messages(stream: &str, common: &Events, events: Vec<Event>) -> Vec<Outgoing> {
    within(stream, common, events, LARGEST)
}

/// A message that the broker has called too large, as smaller ones. An event alone loses its failure record, and one that
/// is too large even so is left out: `usize` says how many were.
pub(super) fn smaller(stream: &str, message: &Outgoing, limit: usize) -> (Vec<Outgoing>, usize) {
    let Ok(mut common) = Events::decode(message.body().clone()) else {
        return (Vec::new(), 0);
    };
    let mut events = std::mem::take(&mut common.events);
    let room = limit.saturating_sub(common.encoded_len());
    let fits = |event: &Event| event.encoded_len() + FRAME <= room;
    for event in events.iter_mut().filter(|event| !fits(event)) {
        event.failure.clear();
    }
    let all = events.len();
    events.retain(fits);
    let left_out = all - events.len();
    (within(stream, &common, events, limit), left_out)
}

fn within(stream: &str, common: &Events, events: Vec<Event>, limit: usize) -> Vec<Outgoing> {
    let head = common.encoded_len();
    let mut messages = Vec::with_capacity(1);
    let (mut next, mut size) = (Vec::with_capacity(events.len()), head);
    for event in events {
        let more = event.encoded_len() + FRAME;
        if !next.is_empty() && size + more > limit {
            messages.push(message(stream, common, std::mem::take(&mut next)));
            size = head;
        }
        size += more;
        next.push(event);
    }
    if !next.is_empty() {
        messages.push(message(stream, common, next));
    }
    messages
}

/// A marker of this name.
pub(super) fn marker(stream: String, message_id: String) -> Outgoing {
    let envelope = Envelope {
        message_id,
        kind: TYPE.to_owned(),
        ..Envelope::default()
    };
    Outgoing::raw(stream, envelope, Bytes::new())
}

/// One message.
pub(super) fn message(stream: &str, common: &Events, events: Vec<Event>) -> Outgoing {
    let events = Events {
        events,
        ..common.clone()
    };
    let envelope = Envelope {
        kind: TYPE.to_owned(),
        ..Envelope::default()
    };
    Outgoing::raw(stream.to_owned(), envelope, events.encode_to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u64, failure: usize) -> Event {
        Event {
            id,
            failure: "f".repeat(failure),
            ..Event::default()
        }
    }

    fn ids(messages: &[Outgoing]) -> Vec<Vec<u64>> {
        let decoded = messages
            .iter()
            .map(|one| Events::decode(one.body().clone()).unwrap());
        decoded
            .map(|events| {
                assert_eq!(events.instance, "host-1");
                events.events.iter().map(|event| event.id).collect()
            })
            .collect()
    }

    fn common() -> Events {
        Events {
            instance: "host-1".into(),
            ..Events::default()
        }
    }

    #[test]
    fn a_batch_is_one_message_unless_many_died_in_it() {
        let batch = (0..100).map(|id| event(id, 0)).collect();
        assert_eq!(ids(&messages("t.events", &common(), batch)).len(), 1);
        let died = (0..100).map(|id| event(id, 30_000)).collect();
        let parts = messages("t.events", &common(), died);
        assert_eq!(ids(&parts).concat(), (0..100).collect::<Vec<_>>());
        assert!(parts.len() > 1 && parts.iter().all(|part| part.size() <= LARGEST));
    }

    #[test]
    fn a_broker_that_takes_little_gets_little() {
        let batch = vec![event(1, 10), event(2, 5_000), event(3, 10)];
        let [whole] = &messages("t.events", &common(), batch)[..] else {
            panic!("one message")
        };
        let (parts, left_out) = smaller("t.events", whole, 100);
        assert!(parts.iter().all(|part| part.size() <= 100));
        assert_eq!((ids(&parts).concat(), left_out), (vec![1, 2, 3], 0));
        assert_eq!(smaller("t.events", whole, 5).1, 3);
    }
}
