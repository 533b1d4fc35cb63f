//! The stream of events in the broker: declared when the first event is to be written, not at the start, because no
//! stage may wait for it.
//!
//! A stream's arguments are fixed when it is declared. One that is there with other ones is used as it is: a policy can
//! keep less of it at once, more needs a new stream (docs/events.md §3).

use super::{call::within, config::StreamConfig, connection::Broker, error::Error};
use lapin::{
    options::{BasicGetOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};

/// The user lacks a permission.
const ACCESS_REFUSED: u16 = 403;
/// The broker does not know what was asked for.
const NOT_IMPLEMENTED: u16 = 540;

/// What a broker makes of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Declared {
    /// It is there.
    Ready,
    /// It is there with another retention, as the broker says.
    Differs(String),
    /// This broker cannot have it.
    Impossible(String),
}

fn arguments(config: &StreamConfig) -> FieldTable {
    let number = |number: u64| AMQPValue::LongLongInt(i64::try_from(number).unwrap_or(i64::MAX));
    let mut table = FieldTable::default();
    table.insert("x-queue-type".into(), AMQPValue::LongString("stream".into()));
    table.insert(
        "x-max-age".into(),
        AMQPValue::LongString(config.max_age.as_str().into()),
    );
    table.insert("x-max-length-bytes".into(), number(config.max_bytes));
    table.insert(
        "x-stream-max-segment-size-bytes".into(),
        number(config.segment_bytes()),
    );
    table
}

impl Broker {
    /// Declares the stream unless it is there.
    ///
    /// # Errors
    /// When the broker is away, does not answer or gives no permission; waiting can help.
    pub(crate) async fn declare_stream(&self) -> Result<Declared, Error> {
        let connection = self.connect("declare").await?;
        let channel = within(connection.create_channel()).await?;
        let (name, options) = (self.namespace().event_stream(), QueueDeclareOptions::durable());
        let declare = channel.queue_declare(name.as_str().into(), options, arguments(self.stream()));
        let declared = match within(declare).await {
            Ok(_) => Ok(Declared::Ready),
            Err(error) => refusal(error),
        };
        // A refusal has closed the channel, and a hard one the connection.
        drop(within(connection.close(200, "declared".into())).await);
        let declared = declared?;
        // Of a queue of another kind the broker complains of the same arguments, whichever it looks at first.
        if matches!(declared, Declared::Differs(_)) && !self.is_stream(&name).await? {
            return Ok(Declared::Impossible(words::tr!("queue `{name}` is no stream")));
        }
        Ok(declared)
    }

    /// Whether a queue that is there is a stream: those alone refuse to give a single message. What another one gives goes
    /// back.
    async fn is_stream(&self, name: &str) -> Result<bool, Error> {
        let connection = self.connect("declare").await?;
        let channel = within(connection.create_channel()).await?;
        let got = within(channel.basic_get(name.into(), BasicGetOptions::default())).await;
        drop(within(connection.close(200, "seen".into())).await);
        match got {
            Ok(_) => Ok(false),
            Err(Error::Broker(error)) if code(&error) == Some(NOT_IMPLEMENTED) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

fn code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(problem) => Some(problem.get_id()),
        _ => None,
    }
}

/// What a refused declaration means; the error when it is none, or one that may pass.
fn refusal(error: Error) -> Result<Declared, Error> {
    let Error::Broker(cause) = &error else {
        return Err(error);
    };
    let lapin::ErrorKind::ProtocolError(problem) = cause.kind() else {
        return Err(error);
    };
    let (code, words) = (problem.get_id(), problem.get_message().to_string());
    match read(code, &words) {
        Some(declared) => Ok(declared),
        None => Err(error),
    }
}

fn read(code: u16, words: &str) -> Option<Declared> {
    if code == ACCESS_REFUSED {
        return None;
    }
    let is_soft = (311..500).contains(&code);
    let retention = [
        "x-max-age",
        "x-max-length-bytes",
        "x-stream-max-segment-size-bytes",
    ];
    if is_soft && words.contains("inequivalent") && retention.iter().any(|name| words.contains(name)) {
        return Some(Declared::Differs(words.to_owned()));
    }
    (is_soft && code == 406 || code == NOT_IMPLEMENTED).then(|| Declared::Impossible(words.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of RabbitMQ 3.10.
    #[test]
    fn another_retention_is_told_from_what_cannot_be() {
        let age = "PRECONDITION_FAILED - inequivalent arg 'x-max-age' for queue 't.events' in vhost '/': received '8D' but \
                   current is '7D'";
        assert_eq!(read(406, age), Some(Declared::Differs(age.to_owned())));
        let queue = "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 't.events' in vhost '/': received \
                     'stream' but current is 'quorum'";
        assert_eq!(read(406, queue), Some(Declared::Impossible(queue.to_owned())));
        let unknown = "PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 't.events' in vhost '/'";
        assert_eq!(read(406, unknown), Some(Declared::Impossible(unknown.to_owned())));
        assert_eq!(read(403, "ACCESS_REFUSED - access to queue refused"), None);
        assert_eq!(read(404, "NOT_FOUND - no queue"), None);
    }

    #[test]
    fn the_stream_has_many_segments() {
        let bytes = |max_bytes| StreamConfig {
            max_bytes,
            ..StreamConfig::default()
        };
        assert_eq!(StreamConfig::default().segment_bytes(), 100_000_000);
        assert_eq!(bytes(100).segment_bytes(), 1_000_000);
        assert_eq!(arguments(&bytes(1)).inner().len(), 4);
    }
}
