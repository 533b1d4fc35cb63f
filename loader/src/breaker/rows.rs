//! Rows that were refused standing alone: which of them are at fault, and when the others are sent again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Breaker, HANDFUL, Kinds as _, REMEMBERED, State, Suspect, TRIES, Verdict, wait_after};
use crate::ledger::Kind;

/// What an answer is about, at first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    /// The row.
    Row,
    /// Anything else: a page, no answer, a code that says stop.
    Unclear,
    /// The volume of the subscription: only a success shows that it is not.
    Plan,
    /// Asked to wait, as it happens to anybody while others use up the limits of the account.
    Busy,
}

impl Guess {
    /// How often a row is refused alone before it is at fault, while others land. A page or a lost answer may be bad
    /// luck, however much the row is suspected.
    fn needed(self) -> u32 {
        match self {
            Self::Row => 1,
            Self::Unclear | Self::Plan | Self::Busy => 3,
        }
    }
}

impl Breaker {
    /// The row of a customer was refused standing alone, with this answer. `first`, `last` and `times`: when it was refused
    /// first, then perhaps in company, when last, and how often since the try before.
    pub(crate) fn refused(
        &self,
        kind: Kind,
        company: &str,
        answer: &str,
        guess: Guess,
        (first, last, times): (Instant, Instant, u32),
    ) -> Verdict {
        let now = Instant::now();
        let mut kinds = self.lock();
        let state = kinds.of(kind);
        state.make_room();
        let suspect = state
            .suspects
            .entry(company.to_owned())
            .or_insert_with(|| Suspect {
                first,
                tries: 0,
                times: 0,
                needed: guess.needed(),
                due: now,
                convicted: None,
            });
        suspect.note(answer, guess, first, times);
        let first = suspect.first;
        let meanwhile = |times: &VecDeque<Instant>| {
            let times = times.iter();
            times.filter(|time| **time > first && **time <= last).count()
        };
        let landed = meanwhile(&state.succeeded);
        if suspect.convicted.is_some() || landed > 0 {
            let enough = match guess {
                Guess::Busy => {
                    let others = meanwhile(&state.put_off).saturating_sub(suspect.times as usize);
                    is_no_chance(suspect.tries, landed, others)
                }
                _ => suspect.tries >= suspect.needed,
            };
            if suspect.convicted.is_none() && !enough {
                return Verdict::Wait;
            }
            suspect.convicted = Some(answer.to_owned());
            suspect.due = now;
            return Verdict::Row;
        }
        let tries = suspect.tries;
        if state.in_a_row.len() < REMEMBERED {
            state.in_a_row.insert(company.to_owned());
        }
        let at_once = guess == Guess::Plan || guess == Guess::Busy && tries > 1;
        if state.in_a_row.len() >= HANDFUL || at_once {
            return Verdict::Everybody;
        }
        if tries >= TRIES {
            state.suspects.remove(company);
            return Verdict::Row;
        }
        Verdict::Wait
    }

    /// The row of a customer was written.
    pub(crate) fn forget(&self, company: &str) {
        for state in &mut *self.lock() {
            state.suspects.remove(company);
            state.in_a_row.remove(company);
        }
    }

    /// The rows of these customers were refused together.
    pub(crate) fn refused_together<'a>(&self, kind: Kind, companies: impl Iterator<Item = &'a str>) {
        let mut kinds = self.lock();
        let refused = &mut kinds.of(kind).in_company;
        for company in companies {
            if refused.len() < REMEMBERED && !refused.contains(company) {
                refused.insert(company.to_owned());
            }
        }
    }

    /// Whether no row of this kind and customer was refused, alone or in company, since something succeeded: the best to try out
    /// whether it is about everybody.
    pub(crate) fn is_stranger(&self, kind: Kind, company: &str) -> bool {
        let mut kinds = self.lock();
        let state = kinds.of(kind);
        !state.suspects.contains_key(company) && !state.in_company.contains(company)
    }

    /// Whether a row of this kind was refused before: one more refusal is enough to look at it alone.
    pub(crate) fn is_suspect(&self, kind: Kind, company: &str) -> bool {
        self.lock().of(kind).suspects.contains_key(company)
    }

    /// How long the row of a customer is not sent yet; zero when it is due.
    pub(crate) fn wait_of(&self, company: &str) -> Duration {
        let now = Instant::now();
        let mut kinds = self.lock();
        let waits = kinds.iter_mut().filter_map(|state| {
            let suspect = state.suspects.get(company)?;
            let others_land = state.succeeded.iter().any(|sent| *sent > suspect.first);
            let decided = others_land && suspect.needed == 1;
            (!decided).then(|| suspect.due.saturating_duration_since(now))
        });
        waits.max().unwrap_or_default()
    }
}

/// Whether a row that was put off each time, alone and at least twice a try, cannot have met that by chance, while so
/// many writes of others landed and so many were put off.
fn is_no_chance(tries: u32, landed: usize, put_off: usize) -> bool {
    const ONE_IN_A_MILLION: f64 = 1e-6;
    // One of each more: a few writes prove little.
    let share = (put_off as f64 + 1.0) / ((landed + put_off) as f64 + 2.0);
    tries > 1 && share.powi(tries.saturating_mul(2).cast_signed()) < ONE_IN_A_MILLION
}

impl Suspect {
    /// It was refused with this answer, so often.
    fn note(&mut self, answer: &str, guess: Guess, first: Instant, times: u32) {
        if self.convicted.as_deref().is_some_and(|before| before != answer) {
            // Another answer is another matter.
            (self.first, self.tries, self.times) = (first, 0, 0);
            self.convicted = None;
        }
        self.tries += 1;
        self.times += times;
        self.needed = self.needed.max(guess.needed());
        self.due = Instant::now() + wait_after(self.tries, guess);
    }
}

impl State {
    fn make_room(&mut self) {
        if self.suspects.len() < REMEMBERED {
            return;
        }
        let oldest = self.suspects.iter().min_by_key(|(_, suspect)| suspect.first);
        if let Some(company) = oldest.map(|(company, _)| company.clone()) {
            self.suspects.remove(&company);
        }
    }
}
