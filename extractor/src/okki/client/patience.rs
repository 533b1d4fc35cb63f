//! How often a call is sent again within itself, before its caller decides: a listing a little longer than a detail, which
//! others can be compared with.

use crate::okki::{chain, error::Error};
use pipeline::retry::Backoff;
use std::time::Duration;

/// Sent again this often when nothing answers.
const REPEATS: u32 = 2;
/// A server that says 429 this often in a row is away for us.
const MOST_REFUSED: u32 = 20;
/// A call does not wait longer within itself: its delivery is held meanwhile.
pub(in crate::okki) const LONGEST: Duration = Duration::from_secs(60);

/// What is left of a call's patience.
pub(super) struct Patience {
    backoff: Backoff,
    repeats: u32,
    refused: u32,
    /// Nobody has to wait twice for one that hangs.
    through_timeouts: bool,
    /// It is about one customer, who may be limited alone.
    alone: bool,
    /// What may still be waited for because the rate is limited.
    waits: Duration,
    /// An error of these words is an answer, and nothing to repeat.
    answer: Option<String>,
}

impl Patience {
    /// For what concerns everybody: there is nothing else to do.
    pub(super) fn of_all() -> Self {
        Self {
            backoff: Backoff::new(Duration::from_millis(300), Duration::from_secs(5)),
            repeats: REPEATS,
            refused: MOST_REFUSED,
            through_timeouts: true,
            alone: false,
            waits: LONGEST,
            answer: None,
        }
    }

    /// For one customer, whose call may hang alone.
    pub(super) fn of_one() -> Self {
        Self {
            through_timeouts: false,
            ..Self::of_all()
        }
    }

    /// For one customer, who may be limited alone: whether the rate is limited for everybody, its caller finds out.
    pub(super) fn to_judge() -> Self {
        Self {
            refused: 0,
            alone: true,
            ..Self::of_one()
        }
    }

    /// For a caller that asks again anyway.
    pub(super) fn none() -> Self {
        Self {
            repeats: 0,
            refused: 0,
            through_timeouts: false,
            ..Self::of_all()
        }
    }

    /// For a comparison of one customer with another.
    pub(super) fn to_compare() -> Self {
        Self {
            alone: true,
            ..Self::none()
        }
    }

    /// The same, where an error of these words is an answer.
    pub(super) fn taking(self, answer: Option<String>) -> Self {
        Self { answer, ..self }
    }

    /// It may be refused alone: then nobody keeps away because of that.
    pub(super) const fn is_alone(&self) -> bool {
        self.alone
    }

    /// The vendor limits the rate, and the pace has been told; an error when the call is over.
    pub(super) fn after_limit(&mut self, retry_after: Option<Duration>) -> Result<(), Error> {
        let wait = retry_after.unwrap_or_default();
        if wait > LONGEST {
            return Err(Error::Closed { left: wait });
        }
        if self.refused == 0 || wait > self.waits {
            return Err(Error::RateLimited { retry_after });
        }
        (self.refused, self.waits) = (self.refused - 1, self.waits - wait);
        Ok(())
    }

    /// Nothing has answered: waits, or gives the error back.
    pub(super) async fn after_silence(&mut self, error: Error) -> Result<(), Error> {
        let asked = error.retry_after().unwrap_or_default();
        let is_answer = self.answer.as_ref().is_some_and(|words| *words == chain(&error));
        if is_answer || self.repeats == 0 || asked > LONGEST || (error.is_timeout() && !self.through_timeouts)
        {
            return Err(error);
        }
        self.repeats -= 1;
        tokio::time::sleep(self.backoff.next_delay().max(asked)).await;
        Ok(())
    }
}
