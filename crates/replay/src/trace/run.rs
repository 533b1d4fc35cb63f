//! What became of the customers of a run, out of everybody's events.
//!
//! Most customers of a run are done soon; of those nothing is kept but that they are. So memory grows with the customers
//! of the run by a number each, and by their steps only while they are open.

use super::{
    Place, Standing, Step, standing,
    story::{begin, in_order},
};
use crate::error::Result;
use pipeline::{
    broker::Broker,
    events::{Event, Events, Stored, What},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

/// Open customers whose steps are kept; more of them are counted.
const MOST_OPEN: usize = 20_000;
/// Steps of one customer that are kept, the newest.
const MOST_STEPS: usize = 100;
/// Runs that are named when the one that was asked for is not there.
const NEWEST: usize = 5;

/// What became of a customer of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It has an open dead letter.
    Failed,
    /// It is under way: in a queue, or on a retry ladder.
    Waiting,
    /// A rule dropped it.
    Filtered,
    /// A comparison found it in no listing.
    Unlisted,
    /// OKKI listed it and does not show it.
    Missing,
    /// Its letter was discarded.
    Discarded,
    /// Its row is what it should be.
    Done,
    /// It is known to be in the run, and no more.
    Unknown,
}

/// A customer of the run that is not done.
#[derive(Debug, Clone, Serialize)]
pub struct Open {
    /// The customer.
    pub company_id: String,
    /// What became of it.
    pub fate: Fate,
    /// Where it is, and what can be done.
    #[serde(flatten)]
    pub standing: Standing,
}

/// What the account of events says of a run.
#[derive(Debug, Default, Serialize)]
pub struct RunStory {
    /// The run.
    pub run_id: String,
    /// Its customers, by what became of them.
    pub counts: BTreeMap<Fate, u64>,
    /// Those that are not done, by what became of them, then by id.
    pub open: Vec<Open>,
    /// Customers that are not done beyond those that are kept apart; nothing is known of them here.
    pub not_kept: u64,
    /// Time of the oldest message that was read, unix milliseconds: nothing is known of before.
    pub since: Option<i64>,
    /// Events of whomever that were lost, because the broker took none.
    pub lost: u64,
    /// Messages of a newer version of the contract.
    pub unreadable: u64,
    /// Newest runs that were seen, for who has asked for one that is not there.
    #[serde(skip)]
    pub newest: Vec<String>,
}

impl RunStory {
    /// Its customers.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.counts.values().sum::<u64>() + self.not_kept
    }
}

/// Reads the account of events, as [`super::read`]; `None` when there is none.
///
/// # Errors
/// When the broker goes away or takes no messages.
pub async fn read_run(
    broker: &Broker,
    run_id: &str,
    since: Option<i64>,
    mut view: impl FnMut(u64, i64),
) -> Result<Option<RunStory>> {
    let Some(mut reader) = begin(broker, since).await? else {
        return Ok(None);
    };
    let mut gathered = Gathered::new(run_id, since);
    let mut read = 0;
    while let Some(Stored { events, .. }) = reader.next_to_end().await? {
        let at = events.at;
        gathered.add(events);
        read += 1;
        view(read, at);
    }
    let unreadable = reader.unreadable();
    reader.close().await?;
    Ok(Some(RunStory {
        unreadable,
        ..gathered.end()
    }))
}

struct Gathered {
    story: RunStory,
    from: i64,
    /// Those that are done, as numbers, and those of which no more is kept.
    done: HashSet<u64>,
    beyond: HashSet<u64>,
    open: HashMap<String, Steps>,
    newest: VecDeque<String>,
}

#[derive(Default)]
struct Steps {
    ids: HashSet<u64>,
    steps: VecDeque<Step>,
}

impl Gathered {
    fn new(run_id: &str, since: Option<i64>) -> Self {
        Self {
            story: RunStory {
                run_id: run_id.to_owned(),
                ..RunStory::default()
            },
            from: since.unwrap_or(i64::MIN),
            done: HashSet::new(),
            beyond: HashSet::new(),
            open: HashMap::new(),
            newest: VecDeque::new(),
        }
    }

    fn add(&mut self, mut events: Events) {
        self.story.lost += events.lost;
        self.story.since = Some(self.story.since.unwrap_or(i64::MAX).min(events.at));
        if events.at < self.from {
            return;
        }
        for event in std::mem::take(&mut events.events) {
            if event.run_id == self.story.run_id {
                self.take(&events, event);
            } else if event.what() == What::Listed && !self.newest.contains(&event.run_id) {
                self.newest.push_front(event.run_id);
                self.newest.truncate(NEWEST);
            }
        }
    }

    fn take(&mut self, events: &Events, event: Event) {
        let number = number(&event.company_id);
        let what = event.what();
        if self.done.contains(&number) {
            // What an earlier stage says late is no news; a letter is.
            if !opens_again(what) {
                return;
            }
            self.done.remove(&number);
        }
        if !self.open.contains_key(&event.company_id) && self.open.len() >= MOST_OPEN {
            match ends(what) {
                true => {
                    self.beyond.remove(&number);
                    self.done.insert(number);
                }
                false => {
                    self.beyond.insert(number);
                }
            }
            return;
        }
        let company = event.company_id.clone();
        let steps = self.open.entry(company.clone()).or_default();
        if !steps.ids.insert(event.id) {
            return;
        }
        steps.steps.push_back(Step::new(events, event));
        if steps.steps.len() > MOST_STEPS {
            steps.steps.pop_front();
        }
        if ends(what) {
            let standing = standing(steps.steps.make_contiguous());
            if fate(&standing) == Fate::Done {
                self.open.remove(&company);
                self.done.insert(number);
            }
        }
    }

    fn end(mut self) -> RunStory {
        let mut story = self.story;
        for (company_id, steps) in self.open.drain() {
            let steps = in_order(steps.steps.into());
            let standing = standing(&steps);
            let fate = fate(&standing);
            *story.counts.entry(fate).or_default() += 1;
            if fate != Fate::Done {
                story.open.push(Open {
                    company_id,
                    fate,
                    standing,
                });
            }
        }
        if !self.done.is_empty() {
            *story.counts.entry(Fate::Done).or_default() += self.done.len() as u64;
        }
        story.not_kept = self.beyond.len() as u64;
        story
            .open
            .sort_by(|a, b| (a.fate, &a.company_id).cmp(&(b.fate, &b.company_id)));
        story.newest = self.newest.into();
        story
    }
}

fn fate(standing: &Standing) -> Fate {
    match standing.place {
        Place::Queue | Place::Ladder => Fate::Waiting,
        _ if !standing.letters.is_empty() => Fate::Failed,
        Place::Dead => Fate::Failed,
        Place::Filtered => Fate::Filtered,
        Place::Unlisted => Fate::Unlisted,
        Place::Missing => Fate::Missing,
        Place::Archive => Fate::Discarded,
        Place::Form | Place::Removed => Fate::Done,
        Place::Unknown => Fate::Unknown,
    }
}

/// After this a customer is done, unless it has a letter.
const fn ends(what: What) -> bool {
    use What::{Adopted, Created, Duplicate, Removed, Skipped, Superseded, Unchanged, Updated, Written};
    matches!(
        what,
        Created | Updated | Unchanged | Written | Removed | Adopted | Superseded | Duplicate | Skipped
    )
}

/// This is about a message that nobody had heard of when the customer was done.
const fn opens_again(what: What) -> bool {
    use What::{Died, Discarded, Edited, Imported, PutBack, Restored, Retried};
    matches!(
        what,
        Died | Discarded | Edited | Imported | PutBack | Restored | Retried
    )
}

fn number(company_id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    company_id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{
        super::sample::{self, message},
        *,
    };
    use pipeline::events::EventStage;

    /// One of the run.
    fn event(id: u64, company_id: &str, what: What) -> Event {
        let letter_id = match what {
            What::Died => format!("l:{company_id}~0"),
            _ => String::new(),
        };
        Event {
            run_id: "r1".into(),
            attempt: 1,
            reason: "why".into(),
            letter_id,
            ..sample::event(id, company_id, what)
        }
    }

    #[test]
    fn each_customer_of_a_run_is_counted_once_and_the_open_ones_are_named() {
        let mut gathered = Gathered::new("r1", None);
        let extract =
            |id, company_id, what| message(1, EventStage::Extract, vec![event(id, company_id, what)]);
        let load =
            |at, id, company_id, what| message(at, EventStage::Load, vec![event(id, company_id, what)]);
        for (id, company_id) in ["1", "2", "3", "4"].into_iter().enumerate() {
            gathered.add(extract(id as u64, company_id, What::Listed));
        }
        gathered.add(load(5, 10, "1", What::Created));
        gathered.add(extract(11, "1", What::Fetched));
        gathered.add(extract(12, "2", What::Died));
        gathered.add(extract(12, "2", What::Died));
        gathered.add(extract(13, "3", What::Filtered));
        let other = Event {
            run_id: "r2".into(),
            ..event(14, "9", What::Listed)
        };
        gathered.add(message(6, EventStage::Extract, vec![other]));
        let story = gathered.end();
        let counts: Vec<_> = story.counts.iter().map(|(fate, count)| (*fate, *count)).collect();
        let one = |fate| (fate, 1);
        let wanted = [Fate::Failed, Fate::Waiting, Fate::Filtered, Fate::Done].map(one);
        assert_eq!(counts, wanted);
        let open: Vec<_> = story.open.iter().map(|open| open.company_id.as_str()).collect();
        assert_eq!(open, ["2", "4", "3"]);
        assert!(
            story.open[0].standing.next.contains("dead replay"),
            "{:?}",
            story.open[0]
        );
        assert_eq!((story.customers(), story.newest), (4, vec!["r2".to_owned()]));
    }

    #[test]
    fn memory_is_bounded_and_what_is_not_kept_is_counted() {
        let mut gathered = Gathered::new("r1", None);
        let all: Vec<_> = (0..MOST_OPEN as u64 + 3)
            .map(|id| event(id, &id.to_string(), What::Listed))
            .collect();
        gathered.add(message(1, EventStage::Extract, all));
        let last = (MOST_OPEN + 2).to_string();
        gathered.add(message(
            2,
            EventStage::Load,
            vec![event(99_999, &last, What::Created)],
        ));
        let story = gathered.end();
        assert_eq!((story.open.len(), story.not_kept), (MOST_OPEN, 2));
        assert_eq!(story.counts.get(&Fate::Done), Some(&1));
    }
}
