//! What can go wrong between a stage and the broker.

use std::io;

/// What can go wrong between a stage and the broker.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client library's error; its text already holds its cause.
    #[error("{0}")]
    Broker(lapin::Error),
    /// The broker's greeting could not be read.
    #[error("{}", words::tr!("read the broker's greeting: {0}"))]
    Greeting(io::Error),
    /// Certificates were there when the service started, and are not any more.
    #[error("{}", words::tr!("read the broker's certificates: {0}"))]
    Certificates(io::Error),
    /// Nothing answered in time.
    #[error("{}", words::tr!("the broker did not answer in time"))]
    Timeout,
    /// A queue exists with other arguments than this version needs.
    #[error("{}", words::tr!("queue `{queue}` exists with other arguments ({source}); drain it and delete it, so that it is declared anew"))]
    Topology {
        /// The queue.
        queue: String,
        /// The broker's words; they name the argument.
        source: lapin::Error,
    },
    /// The broker knows the queue and cannot serve it.
    #[error("{}", words::tr!("the broker has lost queue `{queue}` ({source}): start every node of the broker that is down; if it stays so, delete the queue (rabbitmqctl delete_queue), so that it is declared anew, and list again what was in it with `extractor sync --full`"))]
    LostQueue {
        /// The queue.
        queue: String,
        /// The broker's words.
        source: lapin::Error,
    },
    /// The connection was lost in the middle of a call.
    #[error("{}", words::tr!("the connection was lost"))]
    Lost,
    /// The broker ended the consumer.
    #[error("{}", words::tr!("the broker ended the consumer"))]
    Ended,
    /// A part of the consumer died, which is a fault of the program.
    #[error("{}", words::tr!("a batch died: {0}"))]
    Fault(String),
    /// What a batch caused could not be published.
    #[error("{}", words::tr!("publish the results of a batch"))]
    Publish(#[source] Box<PublishError>),
    /// The broker cannot be connected to.
    #[error("{}", words::tr!("cannot connect to the broker at {place} (AMQP_URL)"))]
    Unconnected {
        /// Where that is, without user and password.
        place: String,
        /// Why.
        source: Box<Error>,
    },
    /// None of several addresses leads to the broker; what each of them said.
    #[error("{}", words::tr!("no address of the broker answers (AMQP_URL): {0}"))]
    Unreached(String),
    /// The address is not one of a broker.
    #[error("{}", words::tr!("AMQP_URL: {0}"))]
    Address(String),
}

impl Error {
    /// Trying again cannot help; a person has to act first.
    #[must_use]
    pub(crate) const fn is_permanent(&self) -> bool {
        matches!(self, Self::Topology { .. } | Self::Address(_))
    }
}

impl From<lapin::Error> for Error {
    fn from(error: lapin::Error) -> Self {
        Self::Broker(error)
    }
}

/// A message that the broker has not taken.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No confirm: the connection was lost, the message may or may not be there.
    #[error("{}", words::tr!("the broker did not confirm"))]
    Unconfirmed(#[source] Error),
    /// The broker refused the message.
    #[error("{}", words::tr!("the broker refused a message for queue `{0}`"))]
    Refused(String),
    /// The broker closed the channel because of this message's size.
    #[error("{}", words::tr!("the broker refuses a message of {size} bytes for queue `{queue}` (406, it takes {limit}); raise its max_message_size"))]
    TooLarge {
        /// Where it should go.
        queue: String,
        /// Its body.
        size: usize,
        /// The largest body that the broker takes.
        limit: usize,
    },
    /// No such queue: the receiving stage has never been started.
    #[error("{}", words::tr!("no queue `{0}`"))]
    Unroutable(String),
}

/// The broker does not accept what a channel asked for.
const PRECONDITION_FAILED: u16 = 406;
const NOT_FOUND: u16 = 404;
const INTERNAL_ERROR: u16 = 541;

impl Error {
    /// The queue or stream that was asked for does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        let told = self.told();
        told.is_some_and(|(code, words)| code == NOT_FOUND && !is_away(&words))
    }

    /// Names the queue, when the broker knows it and cannot serve it: its data is on a node that is down, or is gone. Right
    /// after a start of the broker that may pass.
    pub(crate) fn of_queue(self, queue: &str) -> Self {
        let told = self.told();
        let lost = told
            .is_some_and(|(code, words)| code == INTERNAL_ERROR || (code == NOT_FOUND && is_away(&words)));
        match self {
            Self::Broker(source) if lost => Self::LostQueue {
                queue: queue.to_owned(),
                source,
            },
            other => other,
        }
    }

    /// Code and words with which the broker closed a channel or the connection.
    fn told(&self) -> Option<(u16, String)> {
        let error = match self {
            Self::Broker(error) => error,
            Self::Unconnected { source, .. } => return source.told(),
            _ => return None,
        };
        let lapin::ErrorKind::ProtocolError(problem) = error.kind() else {
            return None;
        };
        Some((problem.get_id(), problem.get_message().to_string()))
    }

    /// The largest body that the broker takes, when it closed the channel because of a larger one. Its words are
    /// "message size 2100 is larger than configured max size 2000" since 3.8, and the number stands last.
    pub(super) fn size_limit(&self) -> Option<usize> {
        let (code, words) = self.told()?;
        size_limit(code, &words)
    }
}

/// "NOT_FOUND - home node 'rabbit@b' of durable queue 'okki.load' in vhost '/' is down or inaccessible", and the like since
/// 3.8; "no queue 'okki.load' in vhost '/'" is about one that is not there.
fn is_away(words: &str) -> bool {
    words.contains("down or inaccessible") || words.contains("home node")
}

fn size_limit(code: u16, words: &str) -> Option<usize> {
    if code != PRECONDITION_FAILED || !words.contains("message size") {
        return None;
    }
    let numbers = words.split(|letter: char| !letter.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).next_back()
}

#[cfg(test)]
mod tests {
    use super::{Error, PublishError, size_limit};
    use crate::cause::chain;

    #[test]
    fn no_cause_is_cut_off() {
        let error = Error::Publish(Box::new(PublishError::Unconfirmed(Error::Lost)));
        assert_eq!(
            chain(&error),
            "publish the results of a batch: the broker did not confirm: the connection was lost"
        );
    }

    #[test]
    fn a_lost_queue_is_told_from_a_missing_one() {
        let told = |code: u16, words: &str| {
            let problem = lapin::protocol::AMQPError::from_id(code, words.into()).unwrap();
            let error = Error::Broker(lapin::ErrorKind::ProtocolError(problem).into());
            (
                error.is_missing(),
                matches!(error.of_queue("q"), Error::LostQueue { .. }),
            )
        };
        let away =
            "NOT_FOUND - home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible";
        assert_eq!(told(404, away), (false, true));
        assert_eq!(told(404, "NOT_FOUND - no queue 'q' in vhost '/'"), (true, false));
        assert_eq!(told(541, "INTERNAL_ERROR"), (false, true));
        assert_eq!(told(406, "PRECONDITION_FAILED"), (false, false));
    }

    #[test]
    fn the_broker_says_what_is_too_large() {
        let words = "PRECONDITION_FAILED - message size 2100 is larger than configured max size 2000";
        assert_eq!(size_limit(406, words), Some(2_000));
        assert_eq!(
            size_limit(406, "PRECONDITION_FAILED - inequivalent arg 'x-max-length'"),
            None
        );
        assert_eq!(size_limit(404, words), None);
    }
}
