//! Events for the tests of this room.

use pipeline::events::{Event, EventStage, Events, What};

pub(super) fn message(at: i64, stage: EventStage, events: Vec<Event>) -> Events {
    Events {
        at,
        stage: stage.into(),
        events,
        ..Events::default()
    }
}

pub(super) fn event(id: u64, company_id: &str, what: What) -> Event {
    Event {
        id,
        company_id: company_id.into(),
        what: what.into(),
        ..Event::default()
    }
}
