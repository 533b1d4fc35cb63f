//! One customer's events out of everybody's.

use super::step::Step;
use crate::error::Result;
use pipeline::{
    broker::Broker,
    events::{Events, Reader, Start, Stored},
};
use serde::Serialize;
use std::collections::{HashSet, VecDeque};

/// Steps of one customer that are kept; the newest say most.
const MOST: usize = 5_000;

/// What the account of events says of one customer.
#[derive(Debug, Default, Serialize)]
pub struct Story {
    /// The customer.
    #[serde(skip)]
    pub company_id: String,
    /// What happened, in the order of time.
    pub steps: Vec<Step>,
    /// Earlier steps that were left out, because there are too many.
    pub left_out: u64,
    /// Time of the oldest message that was read, unix milliseconds: nothing is known of before.
    pub since: Option<i64>,
    /// Messages that were read.
    pub read: u64,
    /// Events of whomever that were lost, because the broker took none; some may have been this customer's.
    pub lost: u64,
    /// Messages of a newer version of the contract.
    pub unreadable: u64,
}

/// Reads the account of events, from its beginning or from a time on (unix milliseconds), up to its end as of now. `None` when there
/// is none. `view` sees how many messages were read, and the time of the last one.
///
/// # Errors
/// When the broker goes away or takes no messages.
pub async fn read(
    broker: &Broker,
    company_id: &str,
    since: Option<i64>,
    mut view: impl FnMut(u64, i64),
) -> Result<Option<Story>> {
    let Some(mut reader) = begin(broker, since).await? else {
        return Ok(None);
    };
    let mut gathered = Gathered::new(company_id, since);
    while let Some(Stored { events, .. }) = reader.next_to_end().await? {
        let at = events.at;
        gathered.add(events);
        view(gathered.story.read, at);
    }
    let unreadable = reader.unreadable();
    reader.close().await?;
    Ok(Some(Story {
        unreadable,
        ..gathered.end()
    }))
}

/// A reader from a time on (unix milliseconds), or from the beginning; `None`: there is no account of events.
pub(super) async fn begin(broker: &Broker, since: Option<i64>) -> Result<Option<Reader>> {
    let start = since.map_or(Start::First, |ms| {
        Start::Since(u64::try_from(ms / 1_000).unwrap_or(0))
    });
    Ok(Reader::open(broker, start).await?)
}

/// The stream has the order of the confirms, in which a later stage may overtake an earlier one.
pub(super) fn in_order(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(|step| (step.at, step.stage.map(|stage| stage as u8)));
    steps
}

impl Story {
    /// What these messages say of a customer.
    #[must_use]
    pub fn of(company_id: &str, messages: impl IntoIterator<Item = Events>) -> Self {
        let mut gathered = Gathered::new(company_id, None);
        messages.into_iter().for_each(|events| gathered.add(events));
        gathered.end()
    }
}

/// What was found so far.
struct Gathered {
    story: Story,
    /// Earlier messages may come before the time that was asked for.
    from: i64,
    known: HashSet<u64>,
    steps: VecDeque<(u64, Step)>,
}

impl Gathered {
    fn new(company_id: &str, since: Option<i64>) -> Self {
        Self {
            story: Story {
                company_id: company_id.to_owned(),
                ..Story::default()
            },
            from: since.unwrap_or(i64::MIN),
            known: HashSet::new(),
            steps: VecDeque::new(),
        }
    }

    fn add(&mut self, mut events: Events) {
        let story = &mut self.story;
        story.read += 1;
        story.lost += events.lost;
        story.since = Some(story.since.unwrap_or(i64::MAX).min(events.at));
        if events.at < self.from {
            return;
        }
        let all = std::mem::take(&mut events.events);
        for event in all
            .into_iter()
            .filter(|event| event.company_id == story.company_id)
        {
            // Of a repeat the first one counts.
            if !self.known.insert(event.id) {
                continue;
            }
            self.steps.push_back((event.id, Step::new(&events, event)));
            if self.steps.len() > MOST
                && let Some((id, _)) = self.steps.pop_front()
            {
                self.known.remove(&id);
                story.left_out += 1;
            }
        }
    }

    fn end(self) -> Story {
        let steps = in_order(self.steps.into_iter().map(|(_, step)| step).collect());
        Story { steps, ..self.story }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::sample::{event, message},
        *,
    };
    use pipeline::events::{EventStage, What};

    #[test]
    fn one_customer_is_told_in_order_and_each_thing_once() {
        let mut gathered = Gathered::new("7", None);
        gathered.add(message(20, EventStage::Load, vec![event(4, "7", What::Created)]));
        gathered.add(message(
            10,
            EventStage::Transform,
            vec![event(3, "7", What::Mapped), event(9, "8", What::Mapped)],
        ));
        gathered.add(message(
            10,
            EventStage::Extract,
            vec![event(2, "7", What::Fetched)],
        ));
        gathered.add(message(30, EventStage::Load, vec![event(4, "7", What::Written)]));
        gathered.add(Events {
            lost: 3,
            ..message(40, EventStage::Load, Vec::new())
        });
        let story = gathered.end();
        let words: Vec<_> = story.steps.iter().map(Step::word).collect();
        assert_eq!(words, ["fetched", "mapped", "created"]);
        assert_eq!((story.read, story.lost, story.since), (5, 3, Some(10)));
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_newest() {
        let mut gathered = Gathered::new("7", Some(100));
        gathered.add(message(99, EventStage::Load, vec![event(1, "7", What::Parked)]));
        let more = MOST as u64 + 10;
        for id in 0..more {
            let at = 100 + i64::try_from(id).unwrap();
            gathered.add(message(
                at,
                EventStage::Load,
                vec![event(100 + id, "7", What::Parked)],
            ));
        }
        assert!(gathered.known.len() <= MOST);
        let story = gathered.end();
        assert_eq!((story.steps.len(), story.left_out), (MOST, 10));
        assert_eq!(story.steps[0].at, 110);
    }
}
