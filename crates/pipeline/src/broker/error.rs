//! What can go wrong between a stage and the broker.

use std::io;

/// What can go wrong between a stage and the broker.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client library's error; its text already holds its cause.
    #[error("{0}")]
    Broker(lapin::Error),
    /// The broker's greeting could not be read.
    #[error("read the broker's greeting: {0}")]
    Greeting(io::Error),
    /// Certificates were there when the service started, and are not any more.
    #[error("read the broker's certificates: {0}")]
    Certificates(io::Error),
    /// Nothing answered in time.
    #[error("the broker did not answer in time")]
    Timeout,
    /// A queue exists with other arguments than this version needs.
    #[error(
        "queue `{queue}` exists with other arguments ({source}); drain it and delete it, so that it is declared anew"
    )]
    Topology {
        /// The queue.
        queue: String,
        /// The broker's words; they name the argument.
        source: lapin::Error,
    },
    /// The connection was lost in the middle of a call.
    #[error("the connection was lost")]
    Lost,
    /// The broker ended the consumer.
    #[error("the broker ended the consumer")]
    Ended,
    /// A part of the consumer died, which is a fault of the program.
    #[error("a batch died: {0}")]
    Fault(String),
    /// What a batch caused could not be published.
    #[error("publish the results of a batch: {0}")]
    Publish(Box<PublishError>),
    /// The address is not one of a broker.
    #[error("AMQP_URL: {0}")]
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
    #[error("the broker did not confirm")]
    Unconfirmed(#[source] Error),
    /// The broker refused the message.
    #[error("the broker refused a message for queue `{0}`")]
    Refused(String),
    /// The broker closed the channel because of this message's size.
    #[error(
        "the broker refuses a message of {size} bytes for queue `{queue}` ({answer}); raise max_message_size of the broker"
    )]
    TooLarge {
        /// Where it should go.
        queue: String,
        /// Its body.
        size: usize,
        /// The broker's words.
        answer: String,
    },
    /// No such queue: the receiving stage has never been started.
    #[error("no queue `{0}`")]
    Unroutable(String),
}
