//! One question, repeated for as long as somebody waits for its answer; and what to do when there is none.

use std::time::Duration;

use pipeline::retry::Backoff;
use tokio::time::{Instant, sleep, timeout_at};

use crate::jdy::codes;
use crate::jdy::types::{Refusal, Reply, Unsent};

/// Nobody waits longer for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// First and longest wait between two tries.
const WAIT: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(3));

/// Why Jiandaoyun shows nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It refuses to.
    #[error("{}", words::tr!("Jiandaoyun answers {}; {}", .0.describe(), codes::remedy(.0)))]
    Refused(Refusal),
    /// It does not answer.
    #[error("{}", words::tr!("Jiandaoyun does not answer: {0}; check JDY_BASE_URL, and whether its host is reached from here"))]
    Away(String),
    /// The quota is not to be had.
    #[error("{}", words::tr!("ask Redis: {0}; check REDIS_URL, and whether Redis is up"))]
    Quota(String),
    /// The form has no such widget, or several.
    #[error(transparent)]
    Widget(#[from] super::names::Unnamed),
}

/// Asks until the answer is definite, or nobody waits any more.
pub(super) async fn insist<T, F, Fut>(call: F) -> Result<T, Error>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Reply<T>>,
{
    let until = Instant::now() + PATIENCE;
    let mut backoff = Backoff::new(WAIT.0, WAIT.1);
    let mut last = None;
    loop {
        let Ok(reply) = timeout_at(until, call()).await else {
            return Err(last.unwrap_or_else(|| Error::Away(words::tr!("no answer within {PATIENCE:?}"))));
        };
        let error = match reply {
            Reply::Ok(answer) => return Ok(answer),
            Reply::Refused(refusal) if refusal.asks_to_wait() => Error::Refused(refusal),
            Reply::Refused(refusal) => return Err(Error::Refused(refusal)),
            Reply::Unknown(reason) | Reply::Unsent(Unsent::Connect(reason)) => Error::Away(reason),
            Reply::Unsent(Unsent::Quota(reason)) => Error::Quota(reason),
            Reply::Unsent(Unsent::Lease) => Error::Away(words::tr!("no usable answer")),
        };
        let wait = backoff.next_delay();
        if Instant::now() + wait >= until {
            return Err(error);
        }
        last = Some(error);
        sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::jdy::codes::{Class, classify};

    fn refusal(code: u32) -> Refusal {
        Refusal {
            code,
            status: 400,
            message: "x".to_owned(),
            class: classify(code),
            times: 1,
        }
    }

    #[tokio::test]
    async fn what_may_be_over_in_a_moment_is_asked_again() {
        let calls = AtomicUsize::new(0);
        let answer = insist(|| async {
            match calls.fetch_add(1, Ordering::Relaxed) {
                0 => Reply::Refused(refusal(codes::RATE_ENDPOINT)),
                1 => Reply::Unknown("http 502".to_owned()),
                _ => Reply::Ok(7),
            }
        });
        assert_eq!(answer.await.unwrap(), 7);
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_definite_refusal_is_told_at_once() {
        let error = insist(|| async { Reply::<()>::Refused(refusal(17018)) }).await;
        let said = error.unwrap_err().to_string();
        assert!(
            said.contains("17018") && said.contains("check JDY_API_KEY"),
            "{said}"
        );
    }

    #[test]
    fn every_code_comes_with_something_to_do() {
        for (code, class, _) in codes::TABLE {
            let said = codes::remedy(&refusal(*code));
            assert!(!said.is_empty());
            if *class == Class::Retry {
                assert_eq!(said, "try again in a minute", "{code}");
            }
        }
    }
}
