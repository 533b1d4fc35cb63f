//! The broker: whether it answers, is new enough, and lets us have our queues as they must be.

use super::finding::Finding;
use crate::{
    broker::{Broker, Error, ServerVersion, policies::Policies, stream::Declared},
    cause::chain,
    stage::Stage,
};

/// Quorum queues with at-least-once dead-lettering exist since then.
const OLDEST: ServerVersion = ServerVersion { major: 3, minor: 10 };

pub(super) async fn examine(broker: &Broker, stage: Stage) -> Vec<Finding> {
    let version = match broker.server_version().await {
        Ok(version) if version >= OLDEST => Finding::good("broker", format!("RabbitMQ {version}")),
        Ok(version) => Finding::bad(
            "broker",
            format!("RabbitMQ {version}"),
            words::tr!("upgrade to {OLDEST} or later"),
        ),
        Err(error) => {
            let remedy = words::text!("check host and port of AMQP_URL, and the certificates for amqps://");
            return vec![Finding::bad("broker", chain(&error), remedy)];
        }
    };
    let mut findings = vec![version];
    // Declares them as `run` would: nothing changes when they are there.
    match broker.declare(stage).await {
        Ok(()) => {
            findings.push(Finding::good(
                "queues",
                words::tr!(
                    "{} and its neighbours are as they must be",
                    broker.namespace().queue(stage)
                ),
            ));
            findings.push(events(broker).await);
            findings.push(policies(broker, stage).await);
            findings.push(waiting(broker, stage).await);
        }
        Err(error) => findings.push(refused(broker, &error)),
    }
    findings
}

fn refused(broker: &Broker, error: &Error) -> Finding {
    let text = chain(error);
    let namespace = broker.namespace();
    match error {
        Error::Broker(_) if text.contains("access to queue") || text.contains("access to exchange") => {
            let remedy = format!(
                "grant the user configure, write and read on ^({namespace}\\..*|amq\\.default)$, or less as deploy/k8s shows"
            );
            Finding::bad("permissions", text, remedy)
        }
        Error::Topology { queue, .. } => Finding::bad(
            "queues",
            text.clone(),
            words::tr!("stop the stages, let {queue} run empty, delete it, start again"),
        ),
        _ if text.contains("ACCESS_REFUSED") || text.contains("403") => Finding::bad(
            "permissions",
            text,
            words::tr!("check user and password of AMQP_URL, and that the user may use the vhost"),
        ),
        _ => Finding::bad(
            "queues",
            text,
            words::tr!("check that the vhost of AMQP_URL exists and the broker has no alarm"),
        ),
    }
}

/// Whether the account of events can be kept.
async fn events(broker: &Broker) -> Finding {
    if !broker.stream().on {
        return Finding::good("events", words::tr!("switched off (EVENTS)"));
    }
    let stream = broker.namespace().event_stream();
    match broker.declare_stream().await {
        Ok(Declared::Ready) => Finding::good("events", words::tr!("{stream} takes them")),
        Ok(Declared::Differs(said)) => Finding::risk(
            "events",
            said,
            words::tr!(
                "it keeps more or less than EVENTS_MAX_AGE and EVENTS_MAX_BYTES say; for more, delete the stream, and it is made anew"
            ),
        ),
        Ok(Declared::Impossible(said)) => Finding::bad(
            "events",
            said,
            words::tr!("enable the broker's feature flag stream_queue, or set EVENTS=off"),
        ),
        Err(error) => refused(broker, &error),
    }
}

async fn policies(broker: &Broker, stage: Stage) -> Finding {
    match broker.policies(stage).await {
        Ok(Policies::Unseen) => Finding::risk(
            "policies",
            words::tr!("not seen, for AMQP does not show them"),
            words::tr!(
                "set AMQP_MANAGEMENT_URL, or see to it that no policy with message-ttl, max-length, overflow, expires or delivery-limit matches these queues"
            ),
        ),
        Ok(Policies::Dangers(dangers)) if dangers.is_empty() => {
            Finding::good("policies", words::tr!("none that could drop messages"))
        }
        Ok(Policies::Dangers(dangers)) => Finding::bad(
            "policies",
            words::sentences(&dangers),
            words::tr!(
                "change the pattern of the policy so that it does not match ^{}\\.",
                broker.namespace()
            ),
        ),
        Err(error) => Finding::risk(
            "policies",
            chain(&error),
            words::tr!("check AMQP_MANAGEMENT_URL and its user"),
        ),
    }
}

async fn waiting(broker: &Broker, stage: Stage) -> Finding {
    let queues = broker.queues(&[stage]);
    match broker.counts(&queues).await {
        Ok(counts) => {
            let depths = counts.ready;
            let dead = depths
                .get(&broker.namespace().dead_queue(stage))
                .copied()
                .unwrap_or(0);
            let ready: u32 = depths.values().sum::<u32>() - dead;
            let seen = words::tr!("{ready} messages wait, {dead} are dead");
            if dead == 0 {
                Finding::good("backlog", seen)
            } else {
                Finding::risk(
                    "backlog",
                    seen,
                    words::tr!("browse the dead letters with `dead groups`"),
                )
            }
        }
        Err(error) => Finding::bad("backlog", chain(&error), words::tr!("check the broker's log")),
    }
}
