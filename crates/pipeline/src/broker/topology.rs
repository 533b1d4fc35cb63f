//! The queues of a stage, declared at every start; a queue with other arguments stops the start.
//!
//! Work and retry queues dead-letter at least once and refuse instead of dropping (`overflow: reject-publish`), which
//! only works with all of these arguments together (docs/delivery.md §3.1-9).

use super::{call::answered, error::Error, version::ServerVersion};
use crate::{names::Namespace, retry::RetryPolicy, stage::Stage};
use lapin::{
    Channel,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
};

/// Deliveries of one message that may end with the death of its consumer before the broker dead-letters it.
pub const DELIVERY_LIMIT: i64 = 20;

/// The user lacks a permission.
const ACCESS_REFUSED: u16 = 403;

/// A queue and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueueSpec {
    pub(crate) name: String,
    pub(crate) arguments: FieldTable,
}

/// The queues of one stage: dead letters first, so that nothing is ever routed into the void.
pub(crate) fn stage_queues(
    ns: &Namespace,
    stage: Stage,
    retry: &RetryPolicy,
    server: ServerVersion,
) -> Vec<QueueSpec> {
    let mut queues = vec![QueueSpec {
        name: ns.dead_queue(stage),
        arguments: browsed(server),
    }];

    let mut work = dead_lettering_to(&ns.dead_queue(stage));
    work.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
    queues.push(QueueSpec {
        name: ns.queue(stage),
        arguments: work,
    });

    for delay in retry.ladder() {
        let mut waiting = dead_lettering_to(&ns.queue(stage));
        let ttl = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        waiting.insert("x-message-ttl".into(), AMQPValue::LongLongInt(ttl));
        queues.push(QueueSpec {
            name: ns.retry_queue(stage, *delay),
            arguments: waiting,
        });
    }
    queues
}

/// Where discarded letters rest. Retention travels with each letter, so that it can be changed without a new queue.
pub(crate) fn archive(ns: &Namespace, stage: Stage, server: ServerVersion) -> QueueSpec {
    QueueSpec {
        name: ns.archive_queue(stage),
        arguments: browsed(server),
    }
}

/// Arguments of a queue whose letters are browsed any number of times.
fn browsed(server: ServerVersion) -> FieldTable {
    let mut table = arguments(&[]);
    if server.major >= 4 {
        // From 4.0 on a quorum queue has a limit of 20 by default, and browsing a dead letter counts. Below 4.0 the
        // default is none, and -1 removes a message when it is first browsed. Measured, see docs/broker.md.
        table.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(-1));
    }
    table
}

fn arguments(texts: &[(&str, &str)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in [("x-queue-type", "quorum")].iter().chain(texts) {
        table.insert((*name).into(), AMQPValue::LongString((*value).into()));
    }
    table
}

fn dead_lettering_to(queue: &str) -> FieldTable {
    arguments(&[
        ("x-dead-letter-exchange", ""),
        ("x-dead-letter-routing-key", queue),
        ("x-dead-letter-strategy", "at-least-once"),
        ("x-overflow", "reject-publish"),
    ])
}

fn is_refused(error: &lapin::Error) -> bool {
    matches!(error.kind(), lapin::ErrorKind::ProtocolError(problem) if problem.get_id() == ACCESS_REFUSED)
}

/// Declares the queues; does nothing to those that are there with the same arguments.
///
/// # Errors
/// [`Error::Topology`] when a queue exists with other arguments, with the broker's words, which name the argument.
pub(crate) async fn declare(channel: &Channel, queues: Vec<QueueSpec>) -> Result<(), Error> {
    for QueueSpec { name, arguments } in queues {
        let declared = channel.queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), arguments);
        match answered(channel, declared)
            .await
            .map_err(|error| error.of_queue(&name))
        {
            // A missing permission is granted while we wait; other arguments need a new queue.
            Err(Error::Broker(source)) if source.is_amqp_soft_error() && !is_refused(&source) => {
                return Err(Error::Topology { queue: name, source });
            }
            other => drop(other?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn queues(major: u32) -> Vec<QueueSpec> {
        let retry = RetryPolicy::try_new(vec![Duration::from_secs(5)]).unwrap();
        stage_queues(
            &"t".parse().unwrap(),
            Stage::Load,
            &retry,
            ServerVersion { major, minor: 0 },
        )
    }

    #[test]
    fn the_dead_letter_queue_comes_first_and_follows_the_server() {
        let limit = |major| {
            queues(major)[0]
                .arguments
                .inner()
                .get("x-delivery-limit")
                .cloned()
        };
        assert_eq!(queues(3)[0].name, "t.load.dead");
        assert_eq!(limit(3), None);
        assert_eq!(limit(4), Some(AMQPValue::LongLongInt(-1)));
    }

    #[test]
    fn nothing_can_be_dropped_on_the_way_to_a_dead_letter_queue() {
        for queue in &queues(3)[1..] {
            let has = |name: &str| queue.arguments.inner().contains_key(name);
            assert!(has("x-dead-letter-routing-key") && has("x-dead-letter-strategy") && has("x-overflow"));
        }
        assert_eq!(queues(3)[2].name, "t.load.retry.5s");
    }
}
