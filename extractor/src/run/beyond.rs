//! Customers whose update times lie ahead of every window: a clock was wrong when they were changed, or somebody has typed the
//! time. No window lists them before that time has come, which may be never, so they are asked for by themselves, with one call
//! while there is nobody: by each run that lists everything up to the present, by comparisons, and now and then after a live run.
//! They are published with the times that are listed, and once for each; their details say how they are now.

use super::{Runner, Span, Stop, lane};
use crate::{
    clocks::APART_S,
    okki::{Error, ListItem, Page, PageRequest},
    pause::lock,
    state::{Beyond, Phase, Run, RunKind},
    walk::{Pages, Step, Walk},
    window::Window,
};
use pipeline::{lease::Lease, quota::Lane};
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    time::{Duration, Instant},
};

/// How long an answer is good for, at first and at most.
const GOOD_FOR: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(3_600));
/// How far ahead is asked where spans without an end are refused.
const A_DAY_S: i64 = 86_400;
/// No time that anybody types is later: the last second of the year 9998 in Beijing.
const LATEST: i64 = 253_370_735_999;

/// How far a look for them has come.
pub(crate) struct LookBeyond {
    start: i64,
    part: usize,
    walk: Option<Walk>,
    /// Hashes of those who were given: somebody may be in two groups.
    seen: HashSet<u64>,
    found: Beyond,
}

impl LookBeyond {
    /// Those of a step whom no other one has shown.
    fn take(&mut self, mut items: Vec<ListItem>) -> Vec<ListItem> {
        let hash =
            |item: &ListItem| BuildHasherDefault::<DefaultHasher>::default().hash_one(&item.company_id);
        items.retain(|item| item.update_time >= self.start && self.seen.insert(hash(item)));
        self.found.add(&items);
        items
    }

    fn next_part(&mut self) {
        (self.part, self.walk) = (self.part + 1, None);
    }
}

/// One part of the listing as a walk ahead of every window sees it: with the times that are shown.
struct Ahead<'a> {
    runner: &'a Runner,
    lane: Lane,
    part: usize,
}

impl Pages for Ahead<'_> {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        Ok(as_shown(
            self.runner.client.page_of(self.lane, &request, self.part).await?,
        ))
    }

    async fn page_once(&self, request: PageRequest) -> Result<Page, Error> {
        let page = self
            .runner
            .client
            .page_of_once(self.lane, &request, self.part)
            .await?;
        Ok(as_shown(page))
    }
}

fn as_shown(mut page: Page) -> Page {
    let ahead: HashMap<String, i64> = std::mem::take(&mut page.ahead).into_iter().collect();
    for item in &mut page.items {
        item.update_time = ahead.get(&item.company_id).copied().unwrap_or(item.update_time);
    }
    page
}

fn tell_unknown(error: &Error) {
    tracing::warn!(
        error = crate::okki::chain(error),
        "not known who lies ahead of every window"
    );
}

impl Runner {
    /// At the end of a run: publishes who lies ahead of it.
    pub(super) async fn list_beyond(
        &self,
        (kind, span): (RunKind, Span),
        run: &mut Run,
        lease: &Lease,
    ) -> Result<(), Stop> {
        let is_due = match kind {
            RunKind::Live => self.is_look_beyond_due(),
            _ => !span.is_past(),
        };
        if !is_due {
            return Ok(());
        }
        let mut look = self.look_beyond().await?;
        // They count as customers of the run, but of no window.
        let mut beyond = Run {
            phase: Phase::Changed,
            part: 0,
            once: false,
            again: 0,
            look: None,
            ..run.clone()
        };
        while let Some(items) = self.next_beyond(kind, &mut look).await? {
            let step = Step {
                items,
                ..Step::default()
            };
            self.publish(kind, &mut beyond, step, lease).await?;
        }
        self.end_beyond(look).await?;
        (run.listed, run.seen) = (beyond.listed, beyond.seen);
        Ok(())
    }

    /// The next of those who are listed with a time that neither OKKI's clock nor ours has come near to, with that time; nobody
    /// when all were given. The span is walked by time as any other, however many it holds.
    pub(crate) async fn next_beyond(
        &self,
        kind: RunKind,
        look: &mut LookBeyond,
    ) -> Result<Option<Vec<ListItem>>, Stop> {
        while look.part < self.client.source().parts() {
            let pages = Ahead {
                runner: self,
                lane: lane(kind),
                part: look.part,
            };
            if look.walk.is_none() {
                look.walk = self.begin_beyond(kind, look).await?;
            }
            let next = match &mut look.walk {
                Some(walk) => walk.next(&pages).await,
                None => Ok(None),
            };
            let step = match next {
                Ok(Some(step)) => step,
                Ok(None) => {
                    look.next_part();
                    continue;
                }
                // A listing that ignores its bounds shows others.
                Err(Error::Unbounded) => {
                    look.next_part();
                    continue;
                }
                Err(error) if error.may_be_of_one_page() => {
                    tell_unknown(&error);
                    look.found.unread += 1;
                    look.next_part();
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            look.found.unread += u64::from(step.unread.is_some()) + step.damaged.len() as u64;
            let items = look.take(step.items);
            if !items.is_empty() {
                return Ok(Some(items));
            }
        }
        Ok(None)
    }

    /// Begins to look for them.
    pub(crate) async fn look_beyond(&self) -> Result<LookBeyond, Stop> {
        let start = self.state.clocks().await?.latest().saturating_add(APART_S + 1);
        Ok(LookBeyond {
            start,
            part: 0,
            walk: None,
            seen: HashSet::new(),
            found: Beyond::default(),
        })
    }

    /// Keeps who was found, and what could not be read.
    pub(crate) async fn end_beyond(&self, look: LookBeyond) -> Result<(), Stop> {
        let found = look.found;
        if found.count > 0 || found.unread > 0 {
            tracing::warn!(
                customers = found.count,
                unread = found.unread,
                examples = ?found.examples,
                "update times lie in the future"
            );
        }
        Ok(self.state.keep_beyond(&found).await?)
    }

    /// A walk over those of a part, if there are any.
    async fn begin_beyond(&self, kind: RunKind, look: &LookBeyond) -> Result<Option<Walk>, Stop> {
        let (part, start) = (look.part, look.start);
        let mut one = PageRequest {
            start: Some(start),
            end: None,
            page: 1,
            count: 1,
            removed: false,
        };
        let mut end = LATEST;
        let mut first = self.shown_beyond(kind, part, &one).await?;
        if first.is_none() {
            // Spans without an end may be refused.
            end = start.saturating_add(A_DAY_S);
            one.end = Some(end);
            first = self.shown_beyond(kind, part, &one).await?;
        }
        let window = Window {
            start: Some(start),
            end,
        };
        let is_anybody = first.is_some_and(|first| first.rows() > 0);
        Ok(is_anybody.then(|| Walk::new(window, None, self.settings.count, false)))
    }

    /// What is the matter with this span alone must keep no run from ending.
    async fn shown_beyond(
        &self,
        kind: RunKind,
        part: usize,
        request: &PageRequest,
    ) -> Result<Option<Page>, Stop> {
        match self.client.page_of(lane(kind), request, part).await {
            Ok(page) => Ok(Some(page)),
            Err(error) if error.may_be_of_one_page() => {
                tell_unknown(&error);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Each answer is good for twice as long as the one before.
    fn is_look_beyond_due(&self) -> bool {
        let mut last = lock(&self.looked_beyond);
        let is_due = last.is_none_or(|(at, good_for)| at.elapsed() >= good_for);
        if is_due {
            let good_for = last.map_or(GOOD_FOR.0, |(_, good_for)| (good_for * 2).min(GOOD_FOR.1));
            *last = Some((Instant::now(), good_for));
        }
        is_due
    }
}
