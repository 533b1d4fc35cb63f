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

impl Error {
    /// The queue or stream that was asked for does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        let Self::Broker(error) = self else { return false };
        matches!(error.kind(), lapin::ErrorKind::ProtocolError(problem) if problem.get_id() == NOT_FOUND)
    }

    /// The largest body that the broker takes, when it closed the channel because of a larger one. Its words are
    /// "message size 2100 is larger than configured max size 2000" since 3.8, and the number stands last.
    pub(super) fn size_limit(&self) -> Option<usize> {
        let Self::Broker(error) = self else { return None };
        let lapin::ErrorKind::ProtocolError(problem) = error.kind() else {
            return None;
        };
        size_limit(problem.get_id(), &problem.get_message().to_string())
    }
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
