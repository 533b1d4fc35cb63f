//! Events that the broker did not take yet: so many as fit, in their order, and how many were lost beyond that.

use crate::message::Outgoing;
use std::collections::VecDeque;

/// Bytes that may wait in one process.
const MOST_BYTES: usize = 16 << 20;
/// What an entry takes beside its body.
const ENTRY: usize = 512;
/// Messages that are written together.
const GROUP: usize = 64;

struct Waiting {
    number: u64,
    message: Outgoing,
    events: usize,
}

/// What waits.
#[derive(Default)]
pub(super) struct Late {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    next: u64,
    events: usize,
    lost: u64,
}

/// What is written together: messages up to this number, after so many that were lost.
pub(super) struct Group {
    pub(super) messages: Vec<Outgoing>,
    pub(super) lost: u64,
    up_to: u64,
}

impl Late {
    /// Adds messages of `events` events together behind the others; the oldest ones go when there is no room. Says how many
    /// events were lost by it.
    pub(super) fn keep(&mut self, messages: &[Outgoing], events: usize) -> u64 {
        let lost = self.lost;
        for (place, message) in messages.iter().enumerate() {
            self.bytes += message.size() + ENTRY;
            let events = if place == 0 { events } else { 0 };
            self.events += events;
            self.waiting.push_back(Waiting {
                number: self.next,
                message: message.clone(),
                events,
            });
            self.next += 1;
        }
        while self.bytes > MOST_BYTES {
            self.lost += self.pop() as u64;
        }
        self.lost - lost
    }

    /// The oldest ones, without taking them away; `None` when nothing is left to say.
    pub(super) fn group(&self) -> Option<Group> {
        let messages: Vec<_> = self.waiting.iter().take(GROUP).collect();
        let up_to = messages.last().map_or(self.next, |last| last.number + 1);
        (!messages.is_empty() || self.lost > 0).then(|| Group {
            messages: messages.iter().map(|one| one.message.clone()).collect(),
            lost: self.lost,
            up_to,
        })
    }

    /// The broker has these.
    pub(super) fn written(&mut self, group: &Group) {
        while self
            .waiting
            .front()
            .is_some_and(|first| first.number < group.up_to)
        {
            self.pop();
        }
        self.lost -= group.lost.min(self.lost);
    }

    /// Nothing waits, and no gap is to be told of.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.lost == 0
    }

    /// Events that wait.
    pub(super) fn events(&self) -> usize {
        self.events
    }

    fn pop(&mut self) -> usize {
        let Some(first) = self.waiting.pop_front() else {
            return 0;
        };
        self.bytes -= first.message.size() + ENTRY;
        self.events -= first.events;
        first.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Envelope;

    fn message(size: usize) -> Outgoing {
        Outgoing::raw("t.events".into(), Envelope::default(), vec![0; size].into())
    }

    #[test]
    fn what_waits_is_written_in_order_and_once() {
        let mut late = Late::default();
        for size in 1..=100 {
            assert_eq!(late.keep(&[message(size)], 2), 0);
        }
        let sizes = |group: &Group| group.messages.iter().map(Outgoing::size).collect::<Vec<_>>();
        let first = late.group().unwrap();
        assert_eq!(sizes(&first), (1..=GROUP).collect::<Vec<_>>());
        assert_eq!(late.events(), 200);
        late.keep(&[message(7)], 1);
        late.written(&first);
        let second = late.group().unwrap();
        assert_eq!(sizes(&second).first(), Some(&(GROUP + 1)));
        assert_eq!(sizes(&second).last(), Some(&7));
        late.written(&second);
        assert!(late.is_empty() && late.events() == 0 && late.group().is_none());
    }

    #[test]
    fn beyond_its_room_the_oldest_are_lost_and_counted() {
        let mut late = Late::default();
        let lost: u64 = (0..40).map(|_| late.keep(&[message(1 << 20)], 10)).sum();
        assert!(lost >= 240 && late.bytes <= MOST_BYTES, "{lost}");
        assert_eq!(lost + late.events() as u64, 400);
        let group = late.group().unwrap();
        assert_eq!(group.lost, lost);
        late.keep(&[message(1 << 20)], 10);
        late.written(&group);
        assert_eq!(late.group().unwrap().lost, 10, "lost since");
    }
}
