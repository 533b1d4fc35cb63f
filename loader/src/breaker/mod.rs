//! Whose fault a refusal is: the row's, or everybody's. The class of a code is a first guess; what else succeeds and
//! fails decides.
//!
//! A row that is refused standing alone is given up only when another write of its kind has succeeded between its
//! first refusal and its last one (what succeeds after that may do so because the cause is gone), or when it has been
//! refused again and again with growing waits. Being put off happens to anybody: a row that always is, while others land,
//! is given up when chance cannot explain it. When several customers in a row are refused and nothing succeeds in
//! between, it is not about them: the breaker trips. Nothing is given up then, and now and then a few requests are let
//! through to see whether one of them succeeds. While writes of another kind succeed only this kind waits, its records
//! aside (`narrow`); else the stage pauses.

mod narrow;
mod rows;
mod trial;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pipeline::gate::Pause;
use tokio::sync::watch;

use crate::jdy::types::Refusal;
use crate::ledger::Kind;

pub(crate) use narrow::Narrowed;
pub(crate) use rows::Guess;
pub(crate) use trial::{Admission, Trial};

/// Different customers in a row before it is not about them.
const HANDFUL: usize = 5;
/// A row that stands alone is sent so often before it is given up without anything to compare it with.
const TRIES: u32 = 5;
/// A write of another kind that succeeded so lately shows that the vendor works for us.
const LATELY: Duration = Duration::from_secs(60);
/// Remembered rows and requests, at most.
const REMEMBERED: usize = 1000;
/// Remembered times of a kind: minutes of them, longer than a refusal waits to be judged.
const REMEMBERED_TIMES: usize = 4096;

/// What has been refused and what has succeeded, by kind of write. Clones are the same breaker.
#[derive(Clone)]
pub(crate) struct Breaker {
    inner: Arc<Inner>,
}

struct Inner {
    kinds: Mutex<[State; 3]>,
    /// Requests without an answer that are not sent again: when they were sent the last time.
    doubted: Mutex<HashMap<String, (Instant, Refusal)>>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    /// When the latest requests that succeeded were sent.
    succeeded: VecDeque<Instant>,
    /// When the latest requests were put off.
    put_off: VecDeque<Instant>,
    suspects: HashMap<String, Suspect>,
    /// Customers refused, each standing alone, since something succeeded.
    in_a_row: HashSet<String>,
    /// Customers refused in company since something succeeded: one of them is at fault, or the vendor.
    in_company: HashSet<String>,
    tripped: Option<Tripped>,
}

/// A row that was refused standing alone.
struct Suspect {
    first: Instant,
    tries: u32,
    /// How often it was refused in these tries and in company before.
    times: u32,
    /// Of these, before it is at fault while others land.
    needed: u32,
    due: Instant,
    /// Given up with this answer while others succeeded.
    convicted: Option<String>,
}

struct Tripped {
    pause: Pause,
    detail: String,
    /// Writes of another kind succeed, so that only this one waits and the stage goes on.
    narrow: bool,
    /// Requests that may still be sent to try out whether it is over.
    permits: u32,
    /// Those whose end is not known yet.
    at_work: u32,
}

/// What a refusal of a row that stands alone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is about the row.
    Row,
    /// Not known yet: send it again when it is due.
    Wait,
    /// It is about everybody.
    Everybody,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            inner: Arc::new(Inner {
                kinds: Mutex::default(),
                doubted: Mutex::default(),
                changed: watch::Sender::new(()),
            }),
        }
    }
}

impl Breaker {
    /// A request of this kind that was sent at this time has written something. The pause that this ends, if any.
    pub(crate) fn succeeded(&self, kind: Kind, sent: Instant) -> Option<Pause> {
        let mut kinds = self.lock();
        let state = kinds.of(kind);
        note(&mut state.succeeded, sent);
        state.in_a_row.clear();
        state.in_company.clear();
        let ended = state.tripped.take().map(|tripped| tripped.pause);
        let other = ended.filter(|pause| !kinds.iter().any(|state| state.is_paused_for(*pause)));
        drop(kinds);
        self.inner.changed.send_replace(());
        other
    }

    /// The vendor asks to wait with a request of this kind.
    pub(crate) fn put_off(&self, kind: Kind) {
        note(&mut self.lock().of(kind).put_off, Instant::now());
    }

    /// Whether a request of this kind that was sent after this time has succeeded.
    pub(crate) fn succeeded_since(&self, kind: Kind, time: Instant) -> bool {
        self.lock().of(kind).has_succeeded_since(time)
    }

    /// Something was reported that may end a wait.
    pub(crate) async fn changed(&self, seen: &mut watch::Receiver<()>) {
        // The sender lives in `self`.
        drop(seen.changed().await);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.inner.changed.subscribe()
    }

    /// A request has gone without an answer so often that it is looked up instead of being sent again.
    pub(crate) fn doubt(&self, request: &str, refusal: &Refusal) {
        let mut doubted = self.doubted();
        if doubted.len() >= REMEMBERED {
            doubted.clear();
        }
        doubted.insert(request.to_owned(), (Instant::now(), refusal.clone()));
    }

    /// Since when it has not been sent, and what it ended in.
    pub(crate) fn doubted_since(&self, request: &str) -> Option<(Instant, Refusal)> {
        self.doubted().get(request).cloned()
    }

    /// What became of it is known.
    pub(crate) fn believe(&self, request: &str) -> Option<Instant> {
        self.doubted().remove(request).map(|(since, _)| since)
    }

    fn doubted(&self) -> MutexGuard<'_, HashMap<String, (Instant, Refusal)>> {
        self.inner.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, [State; 3]> {
        self.inner.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_succeeded_since(&self, time: Instant) -> bool {
        self.succeeded.iter().any(|sent| *sent > time)
    }

    fn is_paused_for(&self, pause: Pause) -> bool {
        self.tripped
            .as_ref()
            .is_some_and(|tripped| tripped.pause == pause && !tripped.narrow)
    }
}

fn note(times: &mut VecDeque<Instant>, time: Instant) {
    if times.len() >= REMEMBERED_TIMES {
        times.pop_front();
    }
    times.push_back(time);
}

/// The state of one kind of write.
trait Kinds {
    fn of(&mut self, kind: Kind) -> &mut State;
}

impl Kinds for [State; 3] {
    fn of(&mut self, kind: Kind) -> &mut State {
        let [create, update, remove] = self;
        match kind {
            Kind::Create => create,
            Kind::Update => update,
            Kind::Remove => remove,
        }
    }
}

/// The wait after this many refusals of a row that stands alone.
fn wait_after(tries: u32, guess: Guess) -> Duration {
    let first = match guess {
        Guess::Row => Duration::from_secs(1),
        Guess::Unclear | Guess::Plan | Guess::Busy => Duration::from_secs(2),
    };
    first * 2_u32.pow(tries.clamp(1, 8) - 1)
}

#[cfg(test)]
mod tests;
