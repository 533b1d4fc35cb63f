//! How long to wait before trying again: the broker's ladder between attempts, and short waits inside a process.
//!
//! The two never mix. [`RetryPolicy`] is data: the consumer finds the delay of an attempt and publishes to the
//! retry queue of that delay. [`Backoff`] is for problems that stop the whole process for a moment (reconnecting,
//! probing) and is the only place that knows the `backoff` crate, which is no longer maintained.

use std::str::FromStr;
use std::time::Duration;

use backoff::SystemClock;
use backoff::backoff::Backoff as _;
use backoff::exponential::ExponentialBackoff;

use crate::setting::parse_duration;

mod spread;

pub(crate) use spread::Spread;

/// The longest rung: a record that waits longer than this belongs in the dead-letter queue, where people see it.
const LONGEST_RUNG: Duration = Duration::from_secs(24 * 3600);

/// The delays between the attempts of one message; when they are used up, the message is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    ladder: Vec<Duration>,
}

/// Why a ladder is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidLadder {
    /// Nothing between the commas.
    #[error("{}", words::tr!("expected delays separated by commas, such as 5s,1m,10m"))]
    Empty,
    /// One of the delays cannot be read.
    #[error("{0}")]
    Delay(String),
    /// A retry queue cannot hold messages for no time, and should not for days.
    #[error("{}", words::tr!("each delay must be between 1ms and 24h"))]
    OutOfRange,
    /// The queues are named after their delay.
    #[error("{}", words::tr!("the delays must grow from left to right"))]
    NotGrowing,
}

impl RetryPolicy {
    /// Checks the ladder; an empty one would make every failure final and is refused.
    pub(crate) fn try_new(ladder: Vec<Duration>) -> Result<Self, InvalidLadder> {
        if ladder.is_empty() {
            return Err(InvalidLadder::Empty);
        }
        if ladder
            .iter()
            .any(|delay| delay.as_millis() == 0 || *delay > LONGEST_RUNG)
        {
            return Err(InvalidLadder::OutOfRange);
        }
        if ladder.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(InvalidLadder::NotGrowing);
        }
        Ok(Self { ladder })
    }

    /// The wait after a failed `attempt` (counted from 1), or `None` when there are no attempts left.
    pub(crate) fn delay_after(&self, attempt: u32) -> Option<Duration> {
        let rung = usize::try_from(attempt.max(1) - 1).ok()?;
        self.ladder.get(rung).copied()
    }

    /// Every delay, for the declaration of the retry queues.
    pub fn ladder(&self) -> &[Duration] {
        &self.ladder
    }

    /// The first delay; there is always one.
    pub(crate) fn shortest(&self) -> Duration {
        self.ladder.first().copied().unwrap_or_default()
    }

    /// The last delay; there is always one.
    pub(crate) fn longest(&self) -> Duration {
        self.ladder.last().copied().unwrap_or_default()
    }

    /// How often a message is tried in all.
    pub fn attempts(&self) -> usize {
        self.ladder.len() + 1
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let ladder = vec![
            Duration::from_secs(5),
            Duration::from_secs(60),
            Duration::from_secs(600),
        ];
        Self { ladder }
    }
}

impl FromStr for RetryPolicy {
    type Err = InvalidLadder;

    fn from_str(text: &str) -> Result<Self, InvalidLadder> {
        let rungs = text.split(',').map(str::trim).filter(|rung| !rung.is_empty());
        let ladder = rungs.map(|rung| parse_duration(rung).map_err(InvalidLadder::Delay));
        Self::try_new(ladder.collect::<Result<_, _>>()?)
    }
}

/// Growing waits with jitter, for ever: doubling from `min` to `max`, each up to 20 % off, never above `max`.
#[derive(Debug)]
pub struct Backoff {
    inner: ExponentialBackoff<SystemClock>,
    max: Duration,
}

impl Backoff {
    /// Starts at `min`; `max` is raised to `min` when it is smaller.
    pub fn new(min: Duration, max: Duration) -> Self {
        let min = min.max(Duration::from_millis(1));
        let max = max.max(min);
        let mut inner = ExponentialBackoff::<SystemClock> {
            initial_interval: min,
            randomization_factor: 0.2,
            multiplier: 2.0,
            max_interval: max,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        inner.reset();
        Self { inner, max }
    }

    /// The next wait; each call moves one step up.
    pub fn next_delay(&mut self) -> Duration {
        self.inner.next_backoff().unwrap_or(self.max).min(self.max)
    }

    /// Starts over after a success.
    pub fn reset(&mut self) {
        self.inner.reset();
    }

    /// Sleeps for the next wait.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next_delay()).await;
    }
}

impl Default for Backoff {
    /// One second to thirty: gentle enough for a broker that restarts, short enough to notice that it is back.
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(30))
    }
}

#[cfg(test)]
#[path = "retry/tests.rs"]
mod tests;
