//! A wish that this replica has taken: it says how far it is, and what it came to.

use super::{
    error::Error,
    record::{State, Wish},
    served::{Outcome, Served},
    wishes::{HOLD, TAKE, Wishes},
};
use crate::store;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A wish that so many replicas have died over is given up.
const MOST_TAKES: u32 = 5;
/// How often it is said how far a wish is.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A wish under way in this process, under a term.
pub struct Taken {
    /// What is wished.
    pub wish: Wish,
    wishes: Wishes,
    term: Duration,
    progress: Mutex<String>,
}

impl Wishes {
    /// Takes the oldest wish of these lanes that waits, or that a replica has died over, unless another one of its lane is
    /// under way.
    pub(super) async fn take(
        &self,
        lanes: &[&str],
        instance: &str,
        term: Duration,
    ) -> Result<Option<Taken>, Error> {
        let given_up = words::kept!("it was taken {MOST_TAKES} times, and nobody has come to its end");
        let mut args = vec![
            instance.to_owned(),
            term.as_millis().to_string(),
            MOST_TAKES.to_string(),
            given_up,
        ];
        args.extend(lanes.iter().map(|lane| (*lane).to_owned()));
        let taken: Option<(String, String)> = self.invoke(&TAKE, &args).await?;
        let Some((id, _)) = taken else { return Ok(None) };
        let wish = self.whole(&id).await?;
        Ok(Some(Taken {
            progress: Mutex::new(wish.progress.clone()),
            wish,
            wishes: self.clone(),
            term,
        }))
    }
}

impl Taken {
    /// Says how far it is, in an English sentence (`words::kept!`); it is written down within a second.
    pub fn tell(&self, progress: impl Into<String>) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress.into();
    }

    /// Renews the term, and completes when the wish is somebody else's.
    pub(super) async fn lost(&self) {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(TELL_EVERY.min(self.term / 3)).await;
            let asked = Instant::now();
            let progress = self
                .progress
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let term = self.term.as_millis().to_string();
            match self.hold(&["renew", &term, &progress]).await {
                Ok(true) => renewed = asked,
                Ok(false) => return,
                Err(_) if renewed.elapsed() < self.term => {}
                Err(_) => return,
            }
        }
    }

    /// Writes down what it came to. While Redis is away that is tried again, up to a term; after it another replica does
    /// the wish once more.
    pub(super) async fn end(&self, served: Served) {
        let (state, outcome) = match served {
            Served::Done(outcome) => (State::Done, outcome),
            Served::Failed(outcome) => (State::Failed, outcome),
            Served::PutBack => (State::Waiting, Outcome::default()),
        };
        let counts = serde_json::to_string(&outcome.counts).unwrap_or_default();
        let begun = Instant::now();
        loop {
            let answer = outcome.answer.as_deref().unwrap_or_default();
            match self.hold(&[state.name(), &outcome.text, &counts, answer]).await {
                Ok(_) => return,
                Err(error) if begun.elapsed() > self.term => {
                    tracing::warn!(wish = self.wish.id, %error, "what a wish came to is not written down");
                    return;
                }
                Err(_) => tokio::time::sleep(TELL_EVERY).await,
            }
        }
    }

    async fn hold(&self, what: &[&str]) -> Result<bool, store::Error> {
        let mut args = vec![self.wish.id.clone(), self.wish.takes.to_string()];
        args.extend(what.iter().map(|text| (*text).to_owned()));
        self.wishes.invoke(&HOLD, &args).await
    }
}
