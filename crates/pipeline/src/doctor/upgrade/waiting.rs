//! Messages that wait for a consumer of a newer version, and queues that policies change.
//!
//! Work queues are not looked into: on a quorum queue a look counts against the delivery limit of what was looked at. What an
//! older consumer has met and could not read waits in the last retry queue of its stage.

use super::super::finding::Finding;
use crate::{
    broker::{Browser, Error, policies::Policies},
    cause::chain,
    message::bundle,
    service::Runtime,
    stage::Stage,
};

const WHAT: &str = words::mark!("messages");

/// A longer queue is not looked at: the look would hold all of it.
const MOST: u32 = 20_000;

/// Major version of the bodies that this version reads.
const READ: u32 = 1;

pub(super) async fn examine(rt: &Runtime, stage: Stage) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut newer, mut missed) = (0, Vec::new());
    for each in Stage::ALL {
        let Some(last) = rt.broker.retry().ladder().last() else {
            continue;
        };
        let queue = rt.namespace.retry_queue(each, *last);
        match look(rt, &queue).await {
            Ok(Some(found)) => newer += found,
            Ok(None) => missed.push(queue),
            Err(error) if error.is_missing() => {}
            Err(error) => findings.push(Finding::risk(
                WHAT,
                format!("{queue}: {}", chain(&error)),
                words::tr!("check the broker's log"),
            )),
        }
        // Of this program's own stage doctor has spoken already.
        if each != stage {
            findings.extend(policies(rt, each).await);
        }
    }
    findings.insert(0, found(newer, &missed));
    findings
}

/// How many of the queue's messages are newer than this version; `None`: there are too many to look at.
async fn look(rt: &Runtime, queue: &str) -> Result<Option<usize>, Error> {
    let depth = rt.broker.depth(queue).await?;
    if depth == 0 || depth > MOST {
        return Ok((depth == 0).then_some(0));
    }
    let mut browser = Browser::open(&rt.broker, queue.to_owned()).await?;
    let mut newer = 0;
    while let Some(received) = browser.next().await? {
        newer += usize::from(is_newer(&received.envelope.kind));
    }
    browser.close().await?;
    Ok(Some(newer))
}

/// A kind of ours that only a later version knows.
fn is_newer(kind: &str) -> bool {
    let major = kind
        .strip_prefix("okki.pipeline.v")
        .and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    kind != bundle::TYPE && major.is_some_and(|major| major > READ)
}

fn found(newer: usize, missed: &[String]) -> Finding {
    if newer > 0 {
        return Finding::bad(
            WHAT,
            words::tr!(
                "{newer} messages are of a newer version than this program and wait until it can read them"
            ),
            words::tr!(
                "bring every consumer to the version that has published them, the loader first; before going back to this version, let them be consumed"
            ),
        );
    }
    match missed {
        [] => Finding::good(WHAT, words::tr!("none waits for a newer consumer")),
        _ => Finding::risk(
            WHAT,
            words::tr!(
                "more than {MOST} wait in {}, which were not looked at",
                missed.join(", ")
            ),
            words::tr!("ask again when there are fewer"),
        ),
    }
}

async fn policies(rt: &Runtime, stage: Stage) -> Option<Finding> {
    match rt.broker.policies(stage).await {
        Ok(Policies::Dangers(dangers)) if !dangers.is_empty() => Some(Finding::bad(
            "policies",
            words::sentences(&dangers),
            words::tr!(
                "change the pattern of the policy so that it does not match ^{}\\.",
                rt.namespace
            ),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_are_read_and_later_versions_are_not() {
        for read in [
            bundle::TYPE,
            "okki.pipeline.v1.FormRecord",
            "okki.pipeline.Filler",
            "",
            "other.v9.X",
        ] {
            assert!(!is_newer(read), "{read}");
        }
        assert!(is_newer("okki.pipeline.v2.FormRecord") && is_newer("okki.pipeline.v3.Bundle"));
    }
}
