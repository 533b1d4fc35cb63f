//! Calls to the broker that always come to an end, and a count of messages that can be believed.
//!
//! The client library may leave a call unanswered for ever when its connection breaks at the very moment of the call,
//! so every call watches the state of its channel while it waits.

use super::error::Error;
use lapin::{Channel, Queue, options::QueueDeclareOptions, types::FieldTable};
use std::{
    pin::pin,
    time::{Duration, Instant},
};

/// How often a waiting call polls its channel.
const POLL: Duration = Duration::from_millis(500);
/// Opening or closing a connection or channel takes no longer with a broker that is well.
const ANSWER: Duration = Duration::from_secs(10);
/// A quorum queue that does not answer the broker's own question within 250 ms is reported as empty; an answer that
/// came faster is a count.
const BELIEVABLE: Duration = Duration::from_millis(200);

/// Awaits a call on a channel for as long as the channel lives; a broker under alarm may take its time.
pub(crate) async fn answered<T>(
    channel: &Channel,
    call: impl Future<Output = lapin::Result<T>>,
) -> Result<T, Error> {
    let mut call = pin!(call);
    loop {
        tokio::select! {
            answer = &mut call => return Ok(answer?),
            () = tokio::time::sleep(POLL) => {
                if !channel.status().connected() {
                    return Err(Error::Lost);
                }
            }
        }
    }
}

/// Awaits a call that opens or closes something.
pub(crate) async fn within<T>(call: impl Future<Output = lapin::Result<T>>) -> Result<T, Error> {
    Ok(tokio::time::timeout(ANSWER, call)
        .await
        .map_err(|_| Error::Timeout)??)
}

/// Messages ready in a queue. The answer comes after everything sent on the channel before has been processed.
pub(crate) async fn depth(channel: &Channel, queue: &str) -> Result<u32, Error> {
    Ok(declared(channel, queue).await?.message_count())
}

/// The queue's counts, as they can be believed.
pub(crate) async fn declared(channel: &Channel, queue: &str) -> Result<Queue, Error> {
    loop {
        let asked = Instant::now();
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let declare = channel.queue_declare(queue.into(), options, FieldTable::default());
        let declared = answered(channel, declare).await?;
        if declared.message_count() > 0 || asked.elapsed() < BELIEVABLE {
            return Ok(declared);
        }
    }
}
